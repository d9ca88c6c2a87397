// Where a lock sits: from the path that somebody names to the resource without symbolic links and its sidecar.
#pragma once

#include <conveyor/file_lock/file_lock.hpp>
#include <string>

namespace conveyor::locking {

struct Place {
  /// Absolute and normalised.
  std::string resource;
  /// The file that is locked, in the directory of the resource.
  std::string sidecar;
  /// Whether all symbolic links are resolved. Where they are not, nobody has looked at the directories on the way, and
  /// the sidecar must be opened without following any.
  bool is_resolved = false;
};

/// The name of a sidecar, for the last part of a path. No file and no directory of other names share one: `foo` is
/// `foo.lock` as a file and `foo.dir.lock` as a directory, and the file `foo.dir` is `foo.dir.file.lock`.
std::string sidecar_name(const std::string& name, bool is_directory);

/// Looks at the resource only, and leaves it open whether the directories on the way are symbolic links: to be used
/// with an open that follows none. Returns 0, or -EAGAIN where `resolve` has to be asked.
int guess(const std::string& path, ResourceKind kind, Place* place);

/// Resolves all symbolic links; a resource that does not exist yet is found through its directory. Returns 0, or
/// -errno.
int resolve(const std::string& path, ResourceKind kind, Place* place);

}  // namespace conveyor::locking

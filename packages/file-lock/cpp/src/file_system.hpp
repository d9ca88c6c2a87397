// Which file systems have locks that exclude.
#pragma once

#include <cstdint>

namespace conveyor::locking {

/// The type of the file system that a descriptor is on (statfs(2), f_type), or -errno.
using FileSystemProbe = int64_t (*)(int fd);

/// Asks the kernel.
int64_t probe_file_system(int fd);

/// Who is asked; tests put their own in its place.
FileSystemProbe replace_file_system_probe(FileSystemProbe probe);

/// Returns 0; -ENOTSUP where flock(2) does not exclude, or leaves it to a server that may not be asked.
int check_flock_excludes(int fd);

}  // namespace conveyor::locking

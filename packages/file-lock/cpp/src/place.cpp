#include "place.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdlib>
#include <memory>
#include <string_view>

namespace conveyor::locking {

namespace {

/// Links that do not exist yet may point to links; the kernel's own limit.
constexpr int kLinksMax = 40;

bool ends_with(std::string_view text, std::string_view ending) {
  return text.size() >= ending.size() && text.substr(text.size() - ending.size()) == ending;
}

/// `foo.dir`, `foo.dir.file`, `foo.dir.file.file` ...: as files they would meet the directory `foo`, or each other.
bool needs_mark(std::string_view name) {
  while (ends_with(name, ".file")) name.remove_suffix(5);
  return ends_with(name, ".dir");
}

/// What a sidecar's name has behind the resource's; a path does as well as its last part.
std::string_view ending_of(std::string_view name, bool is_directory) {
  if (is_directory) return ".dir.lock";
  return needs_mark(name) ? ".file.lock" : ".lock";
}

struct Parts {
  std::string directory;
  std::string name;
};

/// Splits at the last slash; slashes at the end count for nothing.
Parts split(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return {".", path};
  return {slash == 0 ? "/" : path.substr(0, slash), path.substr(slash + 1)};
}

std::string join(const std::string& directory, const std::string& name) {
  return directory == "/" ? directory + name : directory + "/" + name;
}

/// The same path in every process: absolute, without `.`, `..` and doubled slashes.
bool is_plain(const std::string& path) {
  if (path.find('\0') != std::string::npos) return false;
  if (path.size() < 2 || path.front() != '/' || path.back() == '/') return false;
  for (size_t at = 0; at < path.size(); ++at) {
    if (path[at] != '/') continue;
    if (path[at + 1] == '/') return false;
    const size_t end = path.find('/', at + 1);
    const std::string_view part = std::string_view(path).substr(at + 1, end - at - 1);
    if (part == "." || part == "..") return false;
  }
  return true;
}

int check_kind(bool exists, bool is_directory, ResourceKind kind) {
  if (!exists) return 0;
  if (kind == ResourceKind::kDirectory && !is_directory) return -ENOTDIR;
  if (kind == ResourceKind::kFile && is_directory) return -EISDIR;
  return 0;
}

int settle(const std::string& directory, const std::string& name, bool exists, bool is_directory, ResourceKind kind,
           Place* place) {
  if (const int error = check_kind(exists, is_directory, kind); error != 0) return error;
  const bool as_directory = exists ? is_directory : kind == ResourceKind::kDirectory;
  place->resource = join(directory, name);
  place->sidecar = join(directory, sidecar_name(name, as_directory));
  return 0;
}

int real_path(const std::string& path, std::string* out) {
  const std::unique_ptr<char, decltype(&std::free)> real(::realpath(path.c_str(), nullptr), &std::free);
  if (real == nullptr) return -errno;
  *out = real.get();
  return 0;
}

int read_link(const std::string& path, std::string* out) {
  char target[PATH_MAX];
  const ssize_t length = ::readlink(path.c_str(), target, sizeof target);
  if (length < 0) return -errno;
  out->assign(target, static_cast<size_t>(length));
  return 0;
}

}  // namespace

std::string sidecar_name(const std::string& name, bool is_directory) {
  return name + std::string(ending_of(name, is_directory));
}

int guess(const std::string& path, ResourceKind kind, Place* place) {
  if (!is_plain(path)) return -EAGAIN;
  struct stat status;
  const bool exists = ::lstat(path.c_str(), &status) == 0;
  if (!exists && errno != ENOENT) return -EAGAIN;
  if (exists && S_ISLNK(status.st_mode)) return -EAGAIN;
  const bool is_directory = exists && S_ISDIR(status.st_mode);
  if (check_kind(exists, is_directory, kind) != 0) return -EAGAIN;
  place->is_resolved = false;
  place->resource = path;
  place->sidecar.reserve(path.size() + sizeof ".file.lock");
  place->sidecar = path;
  place->sidecar += ending_of(path, exists ? is_directory : kind == ResourceKind::kDirectory);
  return 0;
}

int resolve(const std::string& path, ResourceKind kind, Place* place) {
  if (path.empty()) return -ENOENT;
  if (path.find('\0') != std::string::npos) return -EINVAL;
  place->is_resolved = true;
  std::string at = path;
  for (int links = 0; links <= kLinksMax; ++links) {
    struct stat status;
    std::string real;
    int error = real_path(at, &real);
    if (error == 0 && ::lstat(real.c_str(), &status) == 0) {
      if (real == "/") return -EBUSY;  // there is no place beside it
      const Parts parts = split(real);
      return settle(parts.directory, parts.name, true, S_ISDIR(status.st_mode), kind, place);
    }
    if (error != 0 && error != -ENOENT) return error;
    // Not there yet: its directory must be, and the name itself may be a link that leads nowhere yet.
    const Parts parts = split(at);
    if (parts.name == "." || parts.name == "..") return -ENOENT;
    if (at.back() == '/' && kind == ResourceKind::kFile) return -EISDIR;
    const ResourceKind named = at.back() == '/' ? ResourceKind::kDirectory : kind;
    std::string directory;
    error = real_path(parts.directory, &directory);
    if (error != 0) return error;
    std::string target;
    const int link = read_link(join(directory, parts.name), &target);
    if (link == -ENOENT) return settle(directory, parts.name, false, false, named, place);
    if (link == -EINVAL) continue;  // it has come into being meanwhile
    if (link != 0) return link;
    at = !target.empty() && target.front() == '/' ? target : join(directory, target);
  }
  return -ELOOP;
}

}  // namespace conveyor::locking

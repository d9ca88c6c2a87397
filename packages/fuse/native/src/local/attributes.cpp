// Attributes of files, extended ones too, and of the file system.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "local_file_system.hpp"

namespace conveyor::mount {

namespace {

int set_mode(int path_descriptor, const fuse_file_info* file, mode_t mode) {
  if (file != nullptr) return error_of(fchmod(static_cast<int>(file->fh), mode));
  return error_of(chmod(ProcPath(path_descriptor), mode));
}

int set_owner(int path_descriptor, const struct stat& wanted, int fields) {
  const uid_t user = (fields & FUSE_SET_ATTR_UID) != 0 ? wanted.st_uid : static_cast<uid_t>(-1);
  const gid_t group = (fields & FUSE_SET_ATTR_GID) != 0 ? wanted.st_gid : static_cast<gid_t>(-1);
  return error_of(fchownat(path_descriptor, "", user, group, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW));
}

int set_size(int path_descriptor, const fuse_file_info* file, off_t size) {
  if (file != nullptr) return error_of(ftruncate(static_cast<int>(file->fh), size));
  return error_of(truncate(ProcPath(path_descriptor), size));
}

timespec time_of(int fields, int is_set, int is_now, const timespec& wanted) {
  if ((fields & is_now) != 0) return {0, UTIME_NOW};
  return (fields & is_set) != 0 ? wanted : timespec{0, UTIME_OMIT};
}

int set_times(int path_descriptor, const struct stat& wanted, int fields) {
  const timespec times[2] = {
      time_of(fields, FUSE_SET_ATTR_ATIME, FUSE_SET_ATTR_ATIME_NOW, wanted.st_atim),
      time_of(fields, FUSE_SET_ATTR_MTIME, FUSE_SET_ATTR_MTIME_NOW, wanted.st_mtim),
  };
  return error_of(utimensat(AT_FDCWD, ProcPath(path_descriptor), times, 0));
}

constexpr int kOwner = FUSE_SET_ATTR_UID | FUSE_SET_ATTR_GID;
constexpr int kTimes = FUSE_SET_ATTR_ATIME | FUSE_SET_ATTR_MTIME | FUSE_SET_ATTR_ATIME_NOW | FUSE_SET_ATTR_MTIME_NOW;

}  // namespace

void LocalFileSystem::getattr(fuse_req_t request, fuse_ino_t node, fuse_file_info*) {
  struct stat found {};
  if (fstatat(descriptor_of(node), "", &found, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW) != 0) {
    fuse_reply_err(request, errno);
    return;
  }
  presentation().apply(found);
  fuse_reply_attr(request, &found, presentation().attribute_timeout_s);
}

void LocalFileSystem::setattr(fuse_req_t request, fuse_ino_t node, struct stat* wanted, int fields,
                              fuse_file_info* file) {
  const int descriptor = descriptor_of(node);
  int error = 0;
  // A change of the owner takes set-id bits away, so the mode that is asked for beside it comes after it.
  if ((fields & kOwner) != 0) error = presentation().maps_owners() ? EPERM : set_owner(descriptor, *wanted, fields);
  if (error == 0 && (fields & FUSE_SET_ATTR_MODE) != 0) error = set_mode(descriptor, file, wanted->st_mode & 07777);
  if (error == 0 && (fields & FUSE_SET_ATTR_SIZE) != 0) error = set_size(descriptor, file, wanted->st_size);
  if (error == 0 && (fields & kTimes) != 0) error = set_times(descriptor, *wanted, fields);
  if (error != 0) {
    fuse_reply_err(request, error);
  } else {
    getattr(request, node, file);
  }
}

void LocalFileSystem::statfs(fuse_req_t request, fuse_ino_t node) {
  struct statvfs found {};
  if (fstatvfs(descriptor_of(node), &found) != 0) {
    fuse_reply_err(request, errno);
  } else {
    fuse_reply_statfs(request, &found);
  }
}

void LocalFileSystem::setxattr(fuse_req_t request, fuse_ino_t node, const char* name, const char* value, size_t size,
                               int flags) {
  fuse_reply_err(request, error_of(::setxattr(ProcPath(descriptor_of(node)), name, value, size, flags)));
}

void LocalFileSystem::getxattr(fuse_req_t request, fuse_ino_t node, const char* name, size_t size) {
  std::vector<char> value(size);
  const ssize_t length = ::getxattr(ProcPath(descriptor_of(node)), name, value.data(), size);
  if (length < 0) {
    fuse_reply_err(request, errno);
  } else if (size == 0) {
    fuse_reply_xattr(request, static_cast<size_t>(length));
  } else {
    fuse_reply_buf(request, value.data(), static_cast<size_t>(length));
  }
}

void LocalFileSystem::listxattr(fuse_req_t request, fuse_ino_t node, size_t size) {
  std::vector<char> names(size);
  const ssize_t length = ::listxattr(ProcPath(descriptor_of(node)), names.data(), size);
  if (length < 0) {
    fuse_reply_err(request, errno);
  } else if (size == 0) {
    fuse_reply_xattr(request, static_cast<size_t>(length));
  } else {
    fuse_reply_buf(request, names.data(), static_cast<size_t>(length));
  }
}

void LocalFileSystem::removexattr(fuse_req_t request, fuse_ino_t node, const char* name) {
  fuse_reply_err(request, error_of(::removexattr(ProcPath(descriptor_of(node)), name)));
}

}  // namespace conveyor::mount

// Names: finding, making, moving and removing them.
#include <fcntl.h>
#include <linux/limits.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "caller.hpp"
#include "local_file_system.hpp"

namespace conveyor::mount {

ProcPath::ProcPath(int descriptor) { std::snprintf(text_, sizeof text_, "/proc/self/fd/%d", descriptor); }

int error_of(int result) { return result < 0 ? errno : 0; }

void LocalFileSystem::fill(fuse_entry_param& entry, Inode& inode, const struct stat& found) const {
  entry.ino = inodes_.node_of(inode);
  entry.attr = found;
  presentation().apply(entry.attr);
  entry.attr_timeout = presentation().attribute_timeout_s;
  entry.entry_timeout = presentation().entry_timeout_s;
}

int LocalFileSystem::find(fuse_ino_t parent, const char* name, fuse_entry_param& entry) {
  entry = {};
  const int directory = descriptor_of(parent);
  struct stat found {};
  if (fstatat(directory, name, &found, AT_SYMLINK_NOFOLLOW) != 0) return errno;
  if (Inode* known = inodes_.remember_known({found.st_dev, found.st_ino})) {
    fill(entry, *known, found);
    return 0;
  }
  const int descriptor = openat(directory, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
  if (descriptor < 0) return errno;
  // The name may lead to another file by now.
  if (fstatat(descriptor, "", &found, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW) != 0) {
    const int error = errno;
    close(descriptor);
    return error;
  }
  fill(entry, inodes_.remember({found.st_dev, found.st_ino}, descriptor), found);
  return 0;
}

int LocalFileSystem::find_open(int descriptor, fuse_entry_param& entry) {
  entry = {};
  struct stat found {};
  if (fstat(descriptor, &found) != 0) return errno;
  const FileId id{found.st_dev, found.st_ino};
  Inode* inode = inodes_.remember_known(id);
  if (inode == nullptr) {
    const int path_descriptor = ::open(ProcPath(descriptor), O_PATH | O_CLOEXEC);
    if (path_descriptor < 0) return errno;
    inode = &inodes_.remember(id, path_descriptor);
  }
  fill(entry, *inode, found);
  return 0;
}

void LocalFileSystem::answer_made(fuse_req_t request, int error, fuse_ino_t parent, const char* name) {
  fuse_entry_param entry{};
  if (error == 0) error = find(parent, name, entry);
  if (error != 0) {
    fuse_reply_err(request, error);
  } else if (fuse_reply_entry(request, &entry) != 0) {
    inodes_.forget(entry.ino, 1);  // The caller was interrupted: the kernel does not know of this lookup.
  }
}

void LocalFileSystem::lookup(fuse_req_t request, fuse_ino_t parent, const char* name) {
  answer_made(request, 0, parent, name);
}

void LocalFileSystem::forget(fuse_req_t request, fuse_ino_t node, uint64_t lookups) {
  inodes_.forget(node, lookups);
  fuse_reply_none(request);
}

void LocalFileSystem::forget_many(fuse_req_t request, size_t count, const fuse_forget_data* nodes) {
  for (size_t index = 0; index < count; ++index) inodes_.forget(nodes[index].ino, nodes[index].nlookup);
  fuse_reply_none(request);
}

void LocalFileSystem::mknod(fuse_req_t request, fuse_ino_t parent, const char* name, mode_t mode, dev_t device) {
  use_umask(umask_for(request));
  int error = 0;
  {
    const AsCaller caller(request, !presentation().maps_owners());
    error = caller.error();
    if (error == 0) error = error_of(mknodat(descriptor_of(parent), name, mode, device));
  }
  answer_made(request, error, parent, name);
}

void LocalFileSystem::mkdir(fuse_req_t request, fuse_ino_t parent, const char* name, mode_t mode) {
  use_umask(umask_for(request));
  int error = 0;
  {
    const AsCaller caller(request, !presentation().maps_owners());
    error = caller.error();
    if (error == 0) error = error_of(mkdirat(descriptor_of(parent), name, mode));
  }
  answer_made(request, error, parent, name);
}

void LocalFileSystem::symlink_at(fuse_req_t request, fuse_ino_t parent, const char* content, const char* name) {
  int error = 0;
  {
    const AsCaller caller(request, !presentation().maps_owners());
    error = caller.error();
    if (error == 0) error = error_of(symlinkat(content, descriptor_of(parent), name));
  }
  answer_made(request, error, parent, name);
}

void LocalFileSystem::link(fuse_req_t request, fuse_ino_t node, fuse_ino_t parent, const char* name) {
  // By way of /proc: AT_EMPTY_PATH would need a capability. The last component there is no link to be followed twice,
  // so a symbolic link gets a second name itself.
  const ProcPath path(descriptor_of(node));
  const int error = error_of(linkat(AT_FDCWD, path, descriptor_of(parent), name, AT_SYMLINK_FOLLOW));
  answer_made(request, error, parent, name);
}

void LocalFileSystem::unlink(fuse_req_t request, fuse_ino_t parent, const char* name) {
  fuse_reply_err(request, error_of(unlinkat(descriptor_of(parent), name, 0)));
}

void LocalFileSystem::rmdir(fuse_req_t request, fuse_ino_t parent, const char* name) {
  fuse_reply_err(request, error_of(unlinkat(descriptor_of(parent), name, AT_REMOVEDIR)));
}

void LocalFileSystem::rename(fuse_req_t request, fuse_ino_t parent, const char* name, fuse_ino_t new_parent,
                             const char* new_name, unsigned flags) {
  const int source = descriptor_of(parent);
  const int target = descriptor_of(new_parent);
  const long result = flags == 0 ? renameat(source, name, target, new_name)
                                 : syscall(SYS_renameat2, source, name, target, new_name, flags);
  fuse_reply_err(request, error_of(static_cast<int>(result)));
}

void LocalFileSystem::readlink(fuse_req_t request, fuse_ino_t node) {
  char content[PATH_MAX + 1];
  const ssize_t length = readlinkat(descriptor_of(node), "", content, sizeof content - 1);
  if (length < 0) {
    fuse_reply_err(request, errno);
    return;
  }
  content[length] = '\0';
  fuse_reply_readlink(request, content);
}

}  // namespace conveyor::mount

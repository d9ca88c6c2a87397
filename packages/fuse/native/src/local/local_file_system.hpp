// A directory of this machine as a mount: names, attributes and bytes stay in this process's C++ threads.
#pragma once

#include <memory>
#include <string>

#include "../file_system.hpp"
#include "inode_table.hpp"

namespace conveyor::mount {

/// How a local directory is served.
struct LocalSettings {
  Presentation presentation;
  bool has_acl = false;  // POSIX access lists are the kernel's business, at the price of a request more per file
};

/// Every inode that the kernel knows of is held by an O_PATH descriptor, so nothing here depends on names. What is
/// made, is made as the caller; what else the caller may do, the kernel has decided before it asks (mount option
/// `default_permissions`).
///
/// Bytes go straight between the kernel and the descriptor: the file system underneath has a page cache of its own,
/// so a ring in between could only add a copy, and errors come from the very call that caused them.
///
/// Clauses: M1, M2, M3.
class LocalFileSystem final : public FileSystem {
 public:
  /// Takes the O_PATH descriptor of the directory over.
  LocalFileSystem(int root_descriptor, const LocalSettings& settings);

  const fuse_lowlevel_ops& operations() const override;
  /// Nothing is kept back, so there is nothing to land.
  Unlanded drain(int) override { return {}; }

  void initialize(fuse_conn_info& connection) const;

  void lookup(fuse_req_t request, fuse_ino_t parent, const char* name);
  void forget(fuse_req_t request, fuse_ino_t node, uint64_t lookups);
  void forget_many(fuse_req_t request, size_t count, const fuse_forget_data* nodes);
  void mknod(fuse_req_t request, fuse_ino_t parent, const char* name, mode_t mode, dev_t device);
  void mkdir(fuse_req_t request, fuse_ino_t parent, const char* name, mode_t mode);
  void symlink_at(fuse_req_t request, fuse_ino_t parent, const char* content, const char* name);
  void link(fuse_req_t request, fuse_ino_t node, fuse_ino_t parent, const char* name);
  void unlink(fuse_req_t request, fuse_ino_t parent, const char* name);
  void rmdir(fuse_req_t request, fuse_ino_t parent, const char* name);
  void rename(fuse_req_t request, fuse_ino_t parent, const char* name, fuse_ino_t new_parent, const char* new_name,
              unsigned flags);
  void readlink(fuse_req_t request, fuse_ino_t node);

  void getattr(fuse_req_t request, fuse_ino_t node, fuse_file_info* file);
  void setattr(fuse_req_t request, fuse_ino_t node, struct stat* wanted, int fields, fuse_file_info* file);
  void statfs(fuse_req_t request, fuse_ino_t node);
  void setxattr(fuse_req_t request, fuse_ino_t node, const char* name, const char* value, size_t size, int flags);
  void getxattr(fuse_req_t request, fuse_ino_t node, const char* name, size_t size);
  void listxattr(fuse_req_t request, fuse_ino_t node, size_t size);
  void removexattr(fuse_req_t request, fuse_ino_t node, const char* name);

  void opendir(fuse_req_t request, fuse_ino_t node, fuse_file_info* file);
  void readdir(fuse_req_t request, fuse_ino_t node, size_t size, off_t offset, fuse_file_info* file);
  void readdirplus(fuse_req_t request, fuse_ino_t node, size_t size, off_t offset, fuse_file_info* file);
  void releasedir(fuse_req_t request, fuse_ino_t node, fuse_file_info* file);
  void fsyncdir(fuse_req_t request, fuse_ino_t node, int data_only, fuse_file_info* file);

  void create(fuse_req_t request, fuse_ino_t parent, const char* name, mode_t mode, fuse_file_info* file);
  void open(fuse_req_t request, fuse_ino_t node, fuse_file_info* file);
  void read(fuse_req_t request, fuse_ino_t node, size_t size, off_t offset, fuse_file_info* file);
  void write(fuse_req_t request, fuse_ino_t node, fuse_bufvec* bytes, off_t offset, fuse_file_info* file);
  void flush(fuse_req_t request, fuse_ino_t node, fuse_file_info* file);
  void release(fuse_req_t request, fuse_ino_t node, fuse_file_info* file);
  void fsync(fuse_req_t request, fuse_ino_t node, int data_only, fuse_file_info* file);
  void fallocate(fuse_req_t request, fuse_ino_t node, int mode, off_t offset, off_t length, fuse_file_info* file);
  void lseek(fuse_req_t request, fuse_ino_t node, off_t offset, int whence, fuse_file_info* file);
  void copy_file_range(fuse_req_t request, fuse_ino_t node, off_t offset, fuse_file_info* file, fuse_ino_t target,
                       off_t target_offset, fuse_file_info* target_file, size_t length, int flags);

 private:
  /// With access lists, those of a directory take the umask's place; so it is left to the file system underneath.
  mode_t umask_for(fuse_req_t request) const { return settings_.has_acl ? fuse_req_ctx(request)->umask : 0; }
  int descriptor_of(fuse_ino_t node) { return inodes_.at(node).descriptor; }
  /// Fills `entry` for the file under a name and counts a lookup. 0, or an errno.
  int find(fuse_ino_t parent, const char* name, fuse_entry_param& entry);
  /// The same for a file that is open.
  int find_open(int descriptor, fuse_entry_param& entry);
  void fill(fuse_entry_param& entry, Inode& inode, const struct stat& found) const;
  /// Answers a request that has made a name: with the file under it, or with an errno.
  void answer_made(fuse_req_t request, int error, fuse_ino_t parent, const char* name);
  void list(fuse_req_t request, fuse_ino_t node, size_t size, off_t offset, fuse_file_info* file, bool with_entries);
  void remember_version(Inode& inode, int descriptor, fuse_file_info& file) const;

  const LocalSettings settings_;
  InodeTable inodes_;
};

/// The name under /proc of what a descriptor leads to, for calls that take no O_PATH descriptor.
class ProcPath {
 public:
  explicit ProcPath(int descriptor);
  operator const char*() const { return text_; }  // NOLINT: it is a path wherever one is wanted

 private:
  char text_[32];
};

/// 0, or the errno of a call that has just returned `result`.
int error_of(int result);

}  // namespace conveyor::mount

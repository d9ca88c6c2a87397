#include "storage_operations.hpp"

#include <fcntl.h>
#include <sys/statvfs.h>

#include <cerrno>
#include <limits>

#include "storage_file_system.hpp"

namespace conveyor::mount {

namespace {

StorageFileSystem& system_of(fuse_req_t request) {
  return *static_cast<StorageFileSystem*>(static_cast<FileSystem*>(fuse_req_userdata(request)));
}

/// Whether the mount is ending and the request would change it; it is answered then.
bool is_refused(fuse_req_t request, Operation operation) {
  if (!system_of(request).refuses(operation)) return false;
  fuse_reply_err(request, EROFS);
  return true;
}

/// Asks JavaScript, unless the mount is ending.
void ask(fuse_req_t request, Operation operation, fuse_ino_t node, const char* name, const char* other,
         std::vector<double> arguments, const fuse_file_info* file = nullptr) {
  if (is_refused(request, operation)) return;
  const fuse_ctx* caller = fuse_req_ctx(request);
  arguments.insert(arguments.begin(), {static_cast<double>(caller->uid), static_cast<double>(caller->gid)});
  system_of(request).ask(request, operation, node, name, other, std::move(arguments), file);
}

/// What `fh` says of a file that was opened for writing; which flags it was opened with, `flush` is not told.
constexpr uint64_t kWrites = 1;

double ms_of(const timespec& time) {
  return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_nsec) / 1e6;
}

void lookup(fuse_req_t request, fuse_ino_t parent, const char* name) {
  ask(request, Operation::kLookup, parent, name, nullptr, {});
}

void forget(fuse_req_t request, fuse_ino_t node, uint64_t lookups) {
  ask(request, Operation::kForget, node, nullptr, nullptr, {static_cast<double>(lookups)});
}

void getattr(fuse_req_t request, fuse_ino_t node, fuse_file_info*) {
  ask(request, Operation::kGetattr, node, nullptr, nullptr, {});
}

void setattr(fuse_req_t request, fuse_ino_t node, struct stat* wanted, int fields, fuse_file_info*) {
  ask(request, Operation::kSetattr, node, nullptr, nullptr,
      {static_cast<double>(fields), static_cast<double>(wanted->st_mode & 07777), static_cast<double>(wanted->st_uid),
       static_cast<double>(wanted->st_gid), static_cast<double>(wanted->st_size), ms_of(wanted->st_atim),
       ms_of(wanted->st_mtim)});
}

void readlink(fuse_req_t request, fuse_ino_t node) { ask(request, Operation::kReadlink, node, nullptr, nullptr, {}); }

void mknod(fuse_req_t request, fuse_ino_t parent, const char* name, mode_t mode, dev_t) {
  ask(request, Operation::kMknod, parent, name, nullptr, {static_cast<double>(mode)});
}

void mkdir(fuse_req_t request, fuse_ino_t parent, const char* name, mode_t mode) {
  ask(request, Operation::kMkdir, parent, name, nullptr, {static_cast<double>(mode)});
}

void unlink(fuse_req_t request, fuse_ino_t parent, const char* name) {
  ask(request, Operation::kUnlink, parent, name, nullptr, {});
}

void rmdir(fuse_req_t request, fuse_ino_t parent, const char* name) {
  ask(request, Operation::kRmdir, parent, name, nullptr, {});
}

void symlink(fuse_req_t request, const char* content, fuse_ino_t parent, const char* name) {
  ask(request, Operation::kSymlink, parent, name, content, {});
}

void rename(fuse_req_t request, fuse_ino_t parent, const char* name, fuse_ino_t new_parent, const char* new_name,
            unsigned flags) {
  ask(request, Operation::kRename, parent, name, new_name,
      {static_cast<double>(new_parent), static_cast<double>(flags)});
}

/// No storage has them.
void link(fuse_req_t request, fuse_ino_t, fuse_ino_t, const char*) { fuse_reply_err(request, EPERM); }

void create(fuse_req_t request, fuse_ino_t parent, const char* name, mode_t mode, fuse_file_info* file) {
  file->fh = kWrites;
  ask(request, Operation::kCreate, parent, name, nullptr, {static_cast<double>(mode), static_cast<double>(file->flags)},
      file);
}

void open(fuse_req_t request, fuse_ino_t node, fuse_file_info* file) {
  file->fh = (file->flags & O_ACCMODE) == O_RDONLY ? 0 : kWrites;
  file->noflush = file->fh == kWrites ? 0 : 1;
  ask(request, Operation::kOpen, node, nullptr, nullptr, {static_cast<double>(file->flags)}, file);
}

void release(fuse_req_t request, fuse_ino_t node, fuse_file_info*) {
  ask(request, Operation::kRelease, node, nullptr, nullptr, {});
}

void opendir(fuse_req_t request, fuse_ino_t node, fuse_file_info* file) {
  ask(request, Operation::kOpendir, node, nullptr, nullptr, {}, file);
}

void readdir(fuse_req_t request, fuse_ino_t, size_t size, off_t offset, fuse_file_info* file) {
  system_of(request).list(request, size, offset, file);
}

void releasedir(fuse_req_t request, fuse_ino_t, fuse_file_info* file) {
  system_of(request).close_directory(request, file);
}

void fallocate(fuse_req_t request, fuse_ino_t node, int mode, off_t offset, off_t length, fuse_file_info*) {
  ask(request, Operation::kFallocate, node, nullptr, nullptr,
      {static_cast<double>(mode), static_cast<double>(offset), static_cast<double>(length)});
}

void read(fuse_req_t request, fuse_ino_t node, size_t size, off_t offset, fuse_file_info*) {
  system_of(request).read(request, node, size, offset);
}

void write(fuse_req_t request, fuse_ino_t node, const char* bytes, size_t size, off_t offset, fuse_file_info*) {
  if (!is_refused(request, Operation::kWrite)) system_of(request).write(request, node, bytes, size, offset);
}

void flush(fuse_req_t request, fuse_ino_t node, fuse_file_info* file) {
  if (file->fh == kWrites) {
    system_of(request).sync(request, Operation::kFlush, node, false);
  } else {
    fuse_reply_err(request, 0);
  }
}

void fsync(fuse_req_t request, fuse_ino_t node, int data_only, fuse_file_info*) {
  system_of(request).sync(request, Operation::kFsync, node, data_only != 0);
}

/// What a storage is made of it does not say: there is always room, until a write is told otherwise.
void statfs(fuse_req_t request, fuse_ino_t) {
  struct statvfs all {};
  all.f_bsize = all.f_frsize = 4096;
  all.f_blocks = all.f_bfree = all.f_bavail = fsblkcnt_t{1} << 38;
  all.f_files = all.f_ffree = all.f_favail = fsfilcnt_t{1} << 40;
  all.f_namemax = 255;
  fuse_reply_statfs(request, &all);
}

void initialize(void*, fuse_conn_info* connection) {
  ask_for_large_requests(*connection);
  connection->want &= ~static_cast<unsigned>(FUSE_CAP_SPLICE_READ);
}

}  // namespace

const fuse_lowlevel_ops& storage_operations() {
  static const fuse_lowlevel_ops table = [] {
    fuse_lowlevel_ops operations{};
    operations.init = initialize;
    operations.lookup = lookup;
    operations.forget = forget;
    operations.getattr = getattr;
    operations.setattr = setattr;
    operations.readlink = readlink;
    operations.mknod = mknod;
    operations.mkdir = mkdir;
    operations.unlink = unlink;
    operations.rmdir = rmdir;
    operations.symlink = symlink;
    operations.rename = rename;
    operations.link = link;
    operations.create = create;
    operations.open = open;
    operations.release = release;
    operations.opendir = opendir;
    operations.readdir = readdir;
    operations.releasedir = releasedir;
    operations.fallocate = fallocate;
    operations.read = read;
    operations.write = write;
    operations.flush = flush;
    operations.fsync = fsync;
    operations.statfs = statfs;
    return operations;
  }();
  return table;
}

}  // namespace conveyor::mount

#include "local_file_system.hpp"

namespace conveyor::mount {

namespace {

using System = LocalFileSystem;

void forget(fuse_req_t request, fuse_ino_t node, uint64_t lookups) {
  static_cast<System*>(static_cast<FileSystem*>(fuse_req_userdata(request)))->forget(request, node, lookups);
}

void forget_many(fuse_req_t request, size_t count, fuse_forget_data* nodes) {
  static_cast<System*>(static_cast<FileSystem*>(fuse_req_userdata(request)))->forget_many(request, count, nodes);
}

/// Its first argument is no node, but what the link leads to.
void symlink(fuse_req_t request, const char* content, fuse_ino_t parent, const char* name) {
  auto* system = static_cast<System*>(static_cast<FileSystem*>(fuse_req_userdata(request)));
  if (system->refuses(Operation::kSymlink)) {
    fuse_reply_err(request, EROFS);
    return;
  }
  const InFlight::Scope scope(system->in_flight(), Operation::kSymlink, parent,
                              static_cast<uint32_t>(fuse_req_ctx(request)->pid));
  system->symlink_at(request, parent, content, name);
}

void initialize(void* user_data, fuse_conn_info* connection) {
  static_cast<System*>(static_cast<FileSystem*>(user_data))->initialize(*connection);
}

void set_names(fuse_lowlevel_ops& table) {
  table.lookup = Handler<Operation::kLookup, &System::lookup>::run;
  table.forget = forget;
  table.forget_multi = forget_many;
  table.mknod = Handler<Operation::kMknod, &System::mknod>::run;
  table.mkdir = Handler<Operation::kMkdir, &System::mkdir>::run;
  table.symlink = symlink;
  table.link = Handler<Operation::kLink, &System::link>::run;
  table.unlink = Handler<Operation::kUnlink, &System::unlink>::run;
  table.rmdir = Handler<Operation::kRmdir, &System::rmdir>::run;
  table.rename = Handler<Operation::kRename, &System::rename>::run;
  table.readlink = Handler<Operation::kReadlink, &System::readlink>::run;
}

void set_attributes(fuse_lowlevel_ops& table) {
  table.getattr = Handler<Operation::kGetattr, &System::getattr>::run;
  table.setattr = Handler<Operation::kSetattr, &System::setattr>::run;
  table.statfs = Handler<Operation::kStatfs, &System::statfs>::run;
  table.setxattr = Handler<Operation::kSetxattr, &System::setxattr>::run;
  table.getxattr = Handler<Operation::kGetxattr, &System::getxattr>::run;
  table.listxattr = Handler<Operation::kListxattr, &System::listxattr>::run;
  table.removexattr = Handler<Operation::kRemovexattr, &System::removexattr>::run;
}

void set_files(fuse_lowlevel_ops& table) {
  table.opendir = Handler<Operation::kOpendir, &System::opendir>::run;
  table.readdir = Handler<Operation::kReaddir, &System::readdir>::run;
  table.readdirplus = Handler<Operation::kReaddir, &System::readdirplus>::run;
  table.releasedir = Handler<Operation::kReleasedir, &System::releasedir>::run;
  table.fsyncdir = Handler<Operation::kFsyncdir, &System::fsyncdir>::run;
  table.create = Handler<Operation::kCreate, &System::create>::run;
  table.open = Handler<Operation::kOpen, &System::open>::run;
  table.read = Handler<Operation::kRead, &System::read>::run;
  table.write_buf = Handler<Operation::kWrite, &System::write>::run;
  table.flush = Handler<Operation::kFlush, &System::flush>::run;
  table.release = Handler<Operation::kRelease, &System::release>::run;
  table.fsync = Handler<Operation::kFsync, &System::fsync>::run;
  table.fallocate = Handler<Operation::kFallocate, &System::fallocate>::run;
  table.lseek = Handler<Operation::kLseek, &System::lseek>::run;
  table.copy_file_range = Handler<Operation::kCopyFileRange, &System::copy_file_range>::run;
  // No getlk, setlk, flock: the kernel then keeps the locks of a mount itself, all kinds of them.
}

}  // namespace

LocalFileSystem::LocalFileSystem(int root_descriptor, const LocalSettings& settings)
    : FileSystem(settings.presentation), settings_(settings), inodes_(root_descriptor) {}

void LocalFileSystem::initialize(fuse_conn_info& connection) const {
  ask_for_large_requests(connection);
  if ((connection.capable & FUSE_CAP_EXPORT_SUPPORT) != 0) connection.want |= FUSE_CAP_EXPORT_SUPPORT;
  connection.want &= ~static_cast<unsigned>(FUSE_CAP_SPLICE_READ);
  if (settings_.has_acl) connection.want |= connection.capable & (FUSE_CAP_POSIX_ACL | FUSE_CAP_DONT_MASK);
}

const fuse_lowlevel_ops& LocalFileSystem::operations() const {
  static const fuse_lowlevel_ops table = [] {
    fuse_lowlevel_ops operations{};
    operations.init = mount::initialize;
    set_names(operations);
    set_attributes(operations);
    set_files(operations);
    return operations;
  }();
  return table;
}

}  // namespace conveyor::mount

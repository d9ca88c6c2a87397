#include "backend/fd_backend.hpp"

#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>

#ifndef RWF_APPEND
#define RWF_APPEND 0x00000010  // Linux 4.16
#endif
#ifndef RWF_NOWAIT
#define RWF_NOWAIT 0x00000008  // Linux 4.14
#endif

namespace conveyor {
namespace {

BackendTraits fd_traits() {
  BackendTraits traits;
  traits.append = traits.truncate = traits.sync = true;
  traits.short_read_is_eof = true;  // of a regular file, read(2)
  traits.serial_writes = true;
  return traits;
}

ssize_t result_of(ssize_t rc) { return rc < 0 ? -errno : rc; }

off_t size_of(int fd) {
  struct stat status;
  if (fstat(fd, &status) != 0) return -errno;
  if (!S_ISBLK(status.st_mode)) return status.st_size;
  return result_of(lseek(fd, 0, SEEK_END));
}

}  // namespace

FdBackend::FdBackend(int fd, bool owned) : Backend(fd_traits()), fd_(fd), owned_(owned), glance_(glance_of(fd)) {}

FdBackend::Glance FdBackend::glance_of(int fd) {
  // Files in memory know no RWF_NOWAIT, and need none.
  struct statfs system;
  if (fstatfs(fd, &system) == 0 && (system.f_type == TMPFS_MAGIC || system.f_type == RAMFS_MAGIC))
    return Glance::kMemory;
  // Behind every end, so that nothing is fetched for it.
  char byte;
  iovec piece{&byte, 1};
  if (preadv2(fd, &piece, 1, INT64_MAX - 1, RWF_NOWAIT) >= 0 || errno == EAGAIN) return Glance::kPageCache;
  return Glance::kNone;
}

ssize_t FdBackend::run(BackendOp& op) {
  const auto offset = static_cast<off_t>(op.offset);
  const auto pieces = static_cast<int>(std::min<size_t>(op.pieces.size(), 1024));  // IOV_MAX; the rest is a short count
  switch (op.kind) {
    case IoKind::kRead:
      if (pieces == 1) return result_of(pread(fd_, op.pieces.front().iov_base, op.count, offset));
      return result_of(preadv(fd_, op.pieces.data(), pieces, offset));
    case IoKind::kWrite:
      if (pieces == 1) return result_of(pwrite(fd_, op.pieces.front().iov_base, op.count, offset));
      return result_of(pwritev(fd_, op.pieces.data(), pieces, offset));
    case IoKind::kAppend: return result_of(pwritev2(fd_, op.pieces.data(), pieces, -1, RWF_APPEND));
    case IoKind::kSize: return size_of(fd_);
    case IoKind::kTruncate: return result_of(ftruncate(fd_, offset));
    case IoKind::kSync: return result_of(op.data_only ? fdatasync(fd_) : fsync(fd_));
    // Linux has closed it even when it says EINTR: a retry would close whatever has the number by then.
    case IoKind::kClose: return owned_ && close(fd_) != 0 && errno != EINTR ? -errno : 0;
  }
  return -EINVAL;
}

ssize_t FdBackend::glance(BackendOp& op) {
  return glance(op.pieces.data(), std::min<size_t>(op.pieces.size(), 1024), op.count, op.offset);
}

ssize_t FdBackend::glance(void* target, size_t count, uint64_t offset) {
  iovec piece{target, count};
  return glance(&piece, 1, count, offset);
}

ssize_t FdBackend::glance(const iovec* pieces, size_t pieces_count, size_t count, uint64_t offset) {
  const int flags = glance_ == Glance::kPageCache ? RWF_NOWAIT : 0;
  ssize_t got = preadv2(fd_, pieces, static_cast<int>(pieces_count), static_cast<off_t>(offset), flags);
  if (got < 0) return -EAGAIN;  // a real error meets whoever waits for the device, too
  // A short count is the end of the file, or where the page cache ends; only the former is an answer.
  if (flags == 0 || static_cast<size_t>(got) == count || got == 0) return got;
  char byte;
  iovec next{&byte, 1};
  return preadv2(fd_, &next, 1, static_cast<off_t>(offset) + got, flags) == 0 ? got : -EAGAIN;
}

ssize_t FdBackend::read(void* target, size_t count, uint64_t offset) {
  return result_of(pread(fd_, target, count, static_cast<off_t>(offset)));
}

}  // namespace conveyor

#include "backend/fd_backend.hpp"

#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>

#ifndef RWF_APPEND
#define RWF_APPEND 0x00000010  // Linux 4.16
#endif

namespace conveyor {
namespace {

BackendTraits fd_traits() {
  BackendTraits traits;
  traits.append = traits.truncate = traits.sync = true;
  traits.short_read_is_eof = true;  // of a regular file, read(2)
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

FdBackend::FdBackend(int fd, bool owned) : Backend(fd_traits()), fd_(fd), owned_(owned) {}

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

ssize_t FdBackend::read(void* target, size_t count, uint64_t offset) {
  return result_of(pread(fd_, target, count, static_cast<off_t>(offset)));
}

}  // namespace conveyor

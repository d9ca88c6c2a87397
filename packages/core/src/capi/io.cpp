// Operations: each tries the lane first, under the lock alone, and makes a request of it only when that does not serve.
#include "capi/access.hpp"

#include <climits>

namespace conveyor {
namespace {

// Arguments of one read or write with one buffer. Returns what is wrong with them, 0 if nothing.
int misuse(const void* buf, size_t count) {
  if (count > SSIZE_MAX) return EINVAL;
  return !buf && count > 0 ? EFAULT : 0;
}

Request make_request(RequestKind kind, const iovec* iov, int iovcnt, size_t count, off_t offset, bool at_cursor) {
  Request request;
  request.kind = kind;
  request.at_cursor = at_cursor;
  request.offset = offset;
  request.iov = iov;
  request.iov_count = iovcnt;
  request.count = count;
  return request;
}

ssize_t transfer(Handle::Access& access, RequestKind kind, void* buf, size_t count, off_t offset, bool at_cursor) {
  iovec one{buf, count};
  return answer(access->run(access, make_request(kind, &one, 1, count, offset, at_cursor)));
}

ssize_t transferv(conveyor_t* handle, RequestKind kind, const iovec* iov, int iovcnt, off_t offset, bool at_cursor) {
  Handle::Access access(token_of(handle));
  if (!access) return fail(EBADF);
  std::optional<size_t> count = total_length(iov, iovcnt);
  if (!count) return -1;
  return answer(access->run(access, make_request(kind, iov, iovcnt, *count, offset, at_cursor)));
}

ssize_t control(conveyor_t* handle, RequestKind kind, int64_t offset, int whence, bool data_only) {
  Handle::Access access(token_of(handle));
  if (!access) return fail(EBADF);
  Request request;
  request.kind = kind;
  request.offset = offset;
  request.whence = whence;
  request.data_only = data_only;
  return answer(access->run(access, request));
}

}  // namespace
}  // namespace conveyor

using namespace conveyor;

extern "C" {

ssize_t conveyor_read(conveyor_t* handle, void* buf, size_t count) {
  Handle::Access access(token_of(handle));
  if (!access) return fail(EBADF);
  if (int error = misuse(buf, count)) return fail(error);
  if (access->engine().read_fast(buf, count)) return static_cast<ssize_t>(count);
  return transfer(access, RequestKind::kRead, buf, count, 0, true);
}

ssize_t conveyor_write(conveyor_t* handle, const void* buf, size_t count) {
  Handle::Access access(token_of(handle));
  if (!access) return fail(EBADF);
  if (int error = misuse(buf, count)) return fail(error);
  if (access->engine().write_fast(buf, count)) return static_cast<ssize_t>(count);
  return transfer(access, RequestKind::kWrite, const_cast<void*>(buf), count, 0, true);
}

ssize_t conveyor_pread(conveyor_t* handle, void* buf, size_t count, off_t offset) {
  Handle::Access access(token_of(handle));
  if (!access) return fail(EBADF);
  if (int error = misuse(buf, count)) return fail(error);
  if (access->engine().pread_fast(buf, count, static_cast<uint64_t>(offset))) return static_cast<ssize_t>(count);
  if (offset > 0 && count > 0 && count <= static_cast<size_t>(INT64_MAX - offset)) {
    auto passed = access->pass(access, buf, count, static_cast<uint64_t>(offset));
    if (passed == Handle::Passed::kWhole) return static_cast<ssize_t>(count);
    if (passed == Handle::Passed::kShort) access = Handle::Access(token_of(handle));
    if (!access) return fail(EBADF);
  }
  return transfer(access, RequestKind::kRead, buf, count, offset, false);
}

ssize_t conveyor_pwrite(conveyor_t* handle, const void* buf, size_t count, off_t offset) {
  Handle::Access access(token_of(handle));
  if (!access) return fail(EBADF);
  if (int error = misuse(buf, count)) return fail(error);
  if (access->engine().pwrite_fast(buf, count, static_cast<uint64_t>(offset))) return static_cast<ssize_t>(count);
  return transfer(access, RequestKind::kWrite, const_cast<void*>(buf), count, offset, false);
}

ssize_t conveyor_readv(conveyor_t* handle, const struct iovec* iov, int iovcnt) {
  return transferv(handle, RequestKind::kRead, iov, iovcnt, 0, true);
}
ssize_t conveyor_writev(conveyor_t* handle, const struct iovec* iov, int iovcnt) {
  return transferv(handle, RequestKind::kWrite, iov, iovcnt, 0, true);
}
ssize_t conveyor_preadv(conveyor_t* handle, const struct iovec* iov, int iovcnt, off_t offset) {
  return transferv(handle, RequestKind::kRead, iov, iovcnt, offset, false);
}
ssize_t conveyor_pwritev(conveyor_t* handle, const struct iovec* iov, int iovcnt, off_t offset) {
  return transferv(handle, RequestKind::kWrite, iov, iovcnt, offset, false);
}

off_t conveyor_lseek(conveyor_t* handle, off_t offset, int whence) {
  return control(handle, RequestKind::kSeek, offset, whence, false);
}
off_t conveyor_size(conveyor_t* handle) { return control(handle, RequestKind::kSize, 0, 0, false); }
int conveyor_truncate(conveyor_t* handle, off_t size) {
  return static_cast<int>(control(handle, RequestKind::kTruncate, size, 0, false));
}
int conveyor_flush(conveyor_t* handle) { return static_cast<int>(control(handle, RequestKind::kFlush, 0, 0, false)); }
int conveyor_sync(conveyor_t* handle, int data_only) {
  return static_cast<int>(control(handle, RequestKind::kSync, 0, 0, data_only != 0));
}

int conveyor_prefetch(conveyor_t* handle, off_t offset, size_t count) {
  Handle::Access access(token_of(handle));
  if (!access || !access->engine().readable()) return fail(EBADF);
  if (offset < 0 || count > SSIZE_MAX) return fail(EINVAL);
  auto begin = static_cast<uint64_t>(offset);
  uint64_t end = begin + std::min<uint64_t>(count, static_cast<uint64_t>(INT64_MAX) - begin);
  access->engine().prefetch({begin, end}, coarse_now());
  access->leave(access);
  return 0;
}

int conveyor_invalidate(conveyor_t* handle) {
  Handle::Access access(token_of(handle));
  if (!access) return fail(EBADF);
  access->engine().invalidate(coarse_now());
  access->leave(access);
  return 0;
}

int conveyor_clear_error(conveyor_t* handle) {
  Handle::Access access(token_of(handle));
  if (!access) return fail(EBADF);
  access->engine().clear_error(coarse_now());
  access->leave(access);
  return 0;
}
}

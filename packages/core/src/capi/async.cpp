// The asynchronous operations.
#include <climits>

#include "capi/access.hpp"

namespace conveyor {
namespace {

// Starts the call, which is the engine's until `done`, or freed here. ENOMEM is the only error of its own.
template <class FillIn>
ssize_t start(Handle::Access& access, conveyor_done_t done, void* argument, FillIn fill_in) {
  auto* call = new (std::nothrow) Call;
  if (!call) return fail(ENOMEM);
  call->done = done;
  call->argument = argument;
  fill_in(*call);
  if (!access->start_async(access, call)) return CONVEYOR_PENDING;
  std::unique_ptr<Call> owned(call);
  return answer(call->request.result);
}

ssize_t control(conveyor_t* handle, RequestKind kind, int64_t offset, int whence, bool data_only, conveyor_done_t done,
                void* argument) {
  Handle::Access access(token_of(handle));
  if (!access) return fail(EBADF);
  if (!done) return fail(EINVAL);
  return start(access, done, argument, [&](Call& call) {
    call.request.kind = kind;
    call.request.offset = offset;
    call.request.whence = whence;
    call.request.data_only = data_only;
  });
}

ssize_t transfer(Handle::Access& access, RequestKind kind, void* buf, size_t count, off_t offset, conveyor_done_t done,
                 void* argument) {
  return start(access, done, argument, [&](Call& call) {
    call.one = {buf, count};
    call.request.kind = kind;
    call.request.at_cursor = offset == CONVEYOR_AT_CURSOR;
    call.request.offset = offset;
    call.request.iov = &call.one;
    call.request.iov_count = 1;
    call.request.count = count;
  });
}

ssize_t transferv(conveyor_t* handle, RequestKind kind, const iovec* iov, int iovcnt, off_t offset,
                  conveyor_done_t done, void* argument) {
  Handle::Access access(token_of(handle));
  if (!access) return fail(EBADF);
  std::optional<size_t> count = total_length(iov, iovcnt);
  if (!count) return -1;
  if (!done) return fail(EINVAL);
  std::unique_ptr<iovec[]> copy(new (std::nothrow) iovec[static_cast<size_t>(iovcnt) + 1]);
  if (!copy) return fail(ENOMEM);
  std::copy_n(iov, iovcnt, copy.get());
  return start(access, done, argument, [&](Call& call) {
    call.request.kind = kind;
    call.request.at_cursor = offset == CONVEYOR_AT_CURSOR;
    call.request.offset = offset;
    call.request.iov = copy.get();
    call.request.iov_count = iovcnt;
    call.request.count = *count;
    call.own_iov = std::move(copy);
  });
}

int misuse(const void* buf, size_t count, conveyor_done_t done) {
  if (count > SSIZE_MAX || !done) return EINVAL;
  return !buf && count > 0 ? EFAULT : 0;
}

}  // namespace
}  // namespace conveyor

using namespace conveyor;

extern "C" {

ssize_t conveyor_read_async(conveyor_t* handle, void* buf, size_t count, off_t offset, conveyor_done_t done,
                            void* arg) {
  Handle::Access access(token_of(handle));
  if (!access) return fail(EBADF);
  if (int error = misuse(buf, count, done)) return fail(error);
  Engine& engine = access->engine();
  bool fast = offset == CONVEYOR_AT_CURSOR ? engine.read_fast(buf, count)
                                           : engine.pread_fast(buf, count, static_cast<uint64_t>(offset));
  if (fast) return static_cast<ssize_t>(count);
  if (offset > 0 && count > 0 && count <= static_cast<size_t>(INT64_MAX - offset)) {
    auto passed = access->glance(access, buf, count, static_cast<uint64_t>(offset));
    if (passed == Handle::Passed::kWhole) return static_cast<ssize_t>(count);
    if (passed == Handle::Passed::kShort) access = Handle::Access(token_of(handle));
    if (!access) return fail(EBADF);
  }
  return transfer(access, RequestKind::kRead, buf, count, offset, done, arg);
}

ssize_t conveyor_write_async(conveyor_t* handle, const void* buf, size_t count, off_t offset, conveyor_done_t done,
                             void* arg) {
  Handle::Access access(token_of(handle));
  if (!access) return fail(EBADF);
  if (int error = misuse(buf, count, done)) return fail(error);
  Engine& engine = access->engine();
  bool fast = offset == CONVEYOR_AT_CURSOR ? engine.write_fast(buf, count)
                                           : engine.pwrite_fast(buf, count, static_cast<uint64_t>(offset));
  if (fast) return static_cast<ssize_t>(count);
  return transfer(access, RequestKind::kWrite, const_cast<void*>(buf), count, offset, done, arg);
}

ssize_t conveyor_readv_async(conveyor_t* handle, const struct iovec* iov, int iovcnt, off_t offset,
                             conveyor_done_t done, void* arg) {
  return transferv(handle, RequestKind::kRead, iov, iovcnt, offset, done, arg);
}
ssize_t conveyor_writev_async(conveyor_t* handle, const struct iovec* iov, int iovcnt, off_t offset,
                              conveyor_done_t done, void* arg) {
  return transferv(handle, RequestKind::kWrite, iov, iovcnt, offset, done, arg);
}
ssize_t conveyor_lseek_async(conveyor_t* handle, off_t offset, int whence, conveyor_done_t done, void* arg) {
  return control(handle, RequestKind::kSeek, offset, whence, false, done, arg);
}
ssize_t conveyor_size_async(conveyor_t* handle, conveyor_done_t done, void* arg) {
  return control(handle, RequestKind::kSize, 0, 0, false, done, arg);
}
ssize_t conveyor_truncate_async(conveyor_t* handle, off_t size, conveyor_done_t done, void* arg) {
  return control(handle, RequestKind::kTruncate, size, 0, false, done, arg);
}
ssize_t conveyor_flush_async(conveyor_t* handle, conveyor_done_t done, void* arg) {
  return control(handle, RequestKind::kFlush, 0, 0, false, done, arg);
}
ssize_t conveyor_sync_async(conveyor_t* handle, int data_only, conveyor_done_t done, void* arg) {
  return control(handle, RequestKind::kSync, 0, 0, data_only != 0, done, arg);
}
ssize_t conveyor_close_async(conveyor_t* handle, conveyor_done_t done, void* arg) {
  return control(handle, RequestKind::kClose, 0, 0, false, done, arg);
}

int conveyor_cancel(conveyor_t* handle, const void* arg) {
  Handle::Access access(token_of(handle));
  if (!access) return fail(EBADF);
  return access->cancel(access, arg);
}

int conveyor_complete(conveyor_t* handle, uint64_t id, ssize_t result) {
  Handle::Access access(token_of(handle));
  if (!access) return fail(EBADF);
  return access->complete_async(access, id, result) ? 0 : fail(EINVAL);
}
}

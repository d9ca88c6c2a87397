#include "backend/callback_backend.hpp"

#include <cerrno>
#include <vector>

#include "engine/scatter.hpp"

namespace conveyor {
namespace {

BackendTraits traits_of(const conveyor_backend_t& callbacks) {
  BackendTraits traits;
  traits.append = callbacks.append != nullptr;
  traits.truncate = callbacks.truncate != nullptr;
  traits.sync = callbacks.sync != nullptr;
  return traits;
}

// The pieces of a coalesced write in one, for callbacks that take one buffer. Valid until the thread's next call.
const void* contiguous(const BackendOp& op) {
  if (op.pieces.size() == 1) return op.pieces.front().iov_base;
  thread_local std::vector<std::byte> buffer;
  if (buffer.size() < op.count) buffer.resize(op.count);
  gather(buffer.data(), op.pieces.data(), static_cast<int>(op.pieces.size()), 0, op.count);
  return buffer.data();
}

}  // namespace

CallbackBackend::CallbackBackend(const conveyor_backend_t& callbacks)
    : Backend(traits_of(callbacks)), callbacks_(callbacks) {}

ssize_t CallbackBackend::run(BackendOp& op) {
  const auto offset = static_cast<off_t>(op.offset);
  switch (op.kind) {
    case IoKind::kRead:
      return callbacks_.pread(callbacks_.ctx, op.pieces.front().iov_base, op.pieces.front().iov_len, offset);
    case IoKind::kWrite: return callbacks_.pwrite(callbacks_.ctx, contiguous(op), op.count, offset);
    case IoKind::kAppend: return callbacks_.append(callbacks_.ctx, contiguous(op), op.count);
    case IoKind::kSize: return callbacks_.size(callbacks_.ctx);
    case IoKind::kTruncate: return callbacks_.truncate(callbacks_.ctx, offset);
    case IoKind::kSync: return callbacks_.sync(callbacks_.ctx, op.data_only ? 1 : 0);
    case IoKind::kClose: return callbacks_.close ? callbacks_.close(callbacks_.ctx) : 0;
  }
  return -EINVAL;
}

}  // namespace conveyor

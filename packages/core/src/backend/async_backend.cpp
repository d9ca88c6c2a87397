#include "backend/async_backend.hpp"

#include <cerrno>

#include "engine/scatter.hpp"

namespace conveyor {
namespace {

BackendTraits traits_of(const conveyor_async_backend_t& callbacks) {
  BackendTraits traits;
  traits.append = (callbacks.capabilities & CONVEYOR_CAN_APPEND) != 0;
  traits.truncate = (callbacks.capabilities & CONVEYOR_CAN_TRUNCATE) != 0;
  traits.sync = (callbacks.capabilities & CONVEYOR_CAN_SYNC) != 0;
  traits.short_read_is_eof = true;  // so says conveyor_async.h
  return traits;
}

}  // namespace

AsyncBackend::AsyncBackend(const conveyor_async_backend_t& callbacks, Memory& memory)
    : Backend(traits_of(callbacks)), callbacks_(callbacks), memory_(memory) {}

ssize_t AsyncBackend::run(BackendOp&) { return -ENOTSUP; }

void AsyncBackend::submit(BackendOp& op) {
  conveyor_io_t io{};
  io.id = op.id;
  io.kind = static_cast<uint32_t>(op.kind);
  io.data_only = op.data_only ? 1 : 0;
  io.offset = static_cast<off_t>(op.offset);
  io.count = op.count;
  if (!op.pieces.empty()) {
    io.buffer = op.pieces.front().iov_base;
    io.count = op.pieces.front().iov_len;
  }
  if (op.pieces.size() > 1) {
    // One buffer for the backend; without memory for it the first piece goes alone, as a short write.
    op.block = acquire_block(memory_, op.count);
    if (op.block) {
      gather(op.block.data(), op.pieces.data(), static_cast<int>(op.pieces.size()), 0, op.count);
      io.buffer = op.block.data();
      io.count = op.count;
    }
  }
  callbacks_.submit(callbacks_.ctx, &io);
}

}  // namespace conveyor

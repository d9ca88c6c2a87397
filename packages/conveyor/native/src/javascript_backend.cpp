#include "javascript_backend.hpp"

#include <cerrno>
#include <vector>

#include "mailbox.hpp"

namespace conveyor_node {

conveyor_async_backend_t JavaScriptBackend::callbacks(uint32_t capabilities) {
  conveyor_async_backend_t backend{};
  backend.struct_size = sizeof backend;
  backend.capabilities = capabilities;
  backend.ctx = this;
  backend.submit = &JavaScriptBackend::submit;
  backend.retryable = &JavaScriptBackend::is_retryable;
  return backend;
}

void JavaScriptBackend::submit(void* self, const conveyor_io_t* io) {
  auto* backend = static_cast<JavaScriptBackend*>(self);
  if (!backend->mailbox_->post(BackendRequest{backend->id_, *io})) backend->refuse(*io);
}

int JavaScriptBackend::is_retryable(void* self, int error) {
  auto* backend = static_cast<JavaScriptBackend*>(self);
  return error > 0 && error < kErrnoEnd && backend->retryable_[error].load(std::memory_order_acquire) ? 1 : 0;
}

const conveyor_io_t* JavaScriptBackend::find(uint64_t io_id) const {
  const auto found = in_flight_.find(io_id);
  return found == in_flight_.end() ? nullptr : &found->second;
}

int JavaScriptBackend::answer(uint64_t io_id, ssize_t result, bool retryable) {
  if (in_flight_.erase(io_id) == 0) return -EINVAL;
  if (result < 0 && result > -kErrnoEnd) retryable_[-result].store(retryable, std::memory_order_release);
  // The handle may be gone, and this object with it, when conveyor_complete returns: it is the last thing done here.
  return conveyor_complete(engine_, io_id, result) == 0 ? 0 : -errno;
}

void JavaScriptBackend::abandon() {
  std::vector<conveyor_io_t> abandoned;
  abandoned.reserve(in_flight_.size());
  for (const auto& [id, io] : in_flight_) abandoned.push_back(io);
  in_flight_.clear();
  for (const conveyor_io_t& io : abandoned) refuse(io);
}

void JavaScriptBackend::refuse(const conveyor_io_t& io) {
  // Nothing can be done for it any more, and trying again would not help; only its close has nothing to lose.
  retryable_[EIO].store(false, std::memory_order_release);
  conveyor_complete(engine_, io.id, io.kind == CONVEYOR_IO_CLOSE ? 0 : -EIO);
}

}  // namespace conveyor_node

#include "engine.hpp"

#include <cerrno>

namespace conveyor::mount {

int Engine::open(int flags, uint32_t capabilities, const conveyor_options_t& options) {
  conveyor_async_backend_t backend{};
  backend.struct_size = sizeof backend;
  backend.capabilities = capabilities;
  backend.ctx = this;
  backend.submit = &Engine::submit;
  backend.retryable = &Engine::retryable;
  return conveyor_create_async(&handle_, &backend, flags, &options) == 0 ? 0 : errno;
}

int Engine::open_descriptor(int descriptor, const conveyor_options_t& options) {
  conveyor_options_t owning = options;
  owning.owns_fd = 1;
  return conveyor_open_fd(&handle_, descriptor, O_RDWR, &owning) == 0 ? 0 : errno;
}

void Engine::submit(void* self, const conveyor_io_t* io) {
  auto* engine = static_cast<Engine*>(self);
  const bool posted = engine->messenger_->post([engine, request = *io](napi_env env) {
    engine->in_flight_.emplace(request.id, request);
    (*engine->dispatch_)(env, engine->number_, request);
  });
  if (!posted) engine->refuse(*io);
}

int Engine::retryable(void* self, int error) {
  auto* engine = static_cast<Engine*>(self);
  return error > 0 && error < kErrnoEnd && engine->retryable_[error].load(std::memory_order_acquire) ? 1 : 0;
}

const conveyor_io_t* Engine::find(uint64_t io) const {
  const auto found = in_flight_.find(io);
  return found == in_flight_.end() ? nullptr : &found->second;
}

void Engine::answer(uint64_t io, ssize_t result, bool is_retryable) {
  if (in_flight_.erase(io) == 0) return;
  if (result < 0 && result > -kErrnoEnd) retryable_[-result].store(is_retryable, std::memory_order_release);
  // The last thing done here: the engine may end with it.
  conveyor_complete(handle_, io, result);
}

void Engine::refuse(const conveyor_io_t& io) {
  // JavaScript is gone: nothing can be done any more, and trying again would not help.
  retryable_[EIO].store(false, std::memory_order_release);
  conveyor_complete(handle_, io.id, io.kind == CONVEYOR_IO_CLOSE ? 0 : -EIO);
}

}  // namespace conveyor::mount

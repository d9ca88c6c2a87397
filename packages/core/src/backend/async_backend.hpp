// conveyor_async_backend_t: the application completes operations later.
#pragma once

#include <conveyor/conveyor_async.h>

#include "backend/backend.hpp"

namespace conveyor {

class AsyncBackend final : public Backend {
 public:
  AsyncBackend(const conveyor_async_backend_t& callbacks, Memory& memory);
  bool blocking() const override { return false; }
  ssize_t run(BackendOp& op) override;
  void submit(BackendOp& op) override;
  bool retryable(int error) override {
    return callbacks_.retryable && callbacks_.retryable(callbacks_.ctx, error) == 1;
  }

 private:
  const conveyor_async_backend_t callbacks_;
  Memory& memory_;
};

}  // namespace conveyor

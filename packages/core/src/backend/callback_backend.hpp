// conveyor_backend_t: blocking callbacks of the application.
#pragma once

#include <conveyor/conveyor.h>

#include "backend/backend.hpp"

namespace conveyor {

class CallbackBackend final : public Backend {
 public:
  /// Requires: pread, pwrite and size as far as flags need them are set (the C API has checked).
  explicit CallbackBackend(const conveyor_backend_t& callbacks);
  ssize_t run(BackendOp& op) override;
  bool retryable(int error) override {
    return callbacks_.retryable && callbacks_.retryable(callbacks_.ctx, error) == 1;
  }

 private:
  const conveyor_backend_t callbacks_;
};

}  // namespace conveyor

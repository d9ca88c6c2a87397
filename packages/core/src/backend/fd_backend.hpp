// A descriptor of a regular file or block device.
#pragma once

#include "backend/backend.hpp"

namespace conveyor {

class FdBackend final : public Backend {
 public:
  FdBackend(int fd, bool owned);
  bool caller_may_run() const override { return true; }
  ssize_t run(BackendOp& op) override;
  ssize_t read(void* target, size_t count, uint64_t offset) override;

 private:
  const int fd_;
  const bool owned_;
};

}  // namespace conveyor

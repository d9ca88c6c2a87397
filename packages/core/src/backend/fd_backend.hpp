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
  bool can_glance() const override { return glance_ != Glance::kNone; }
  ssize_t glance(BackendOp& op) override;
  ssize_t glance(void* target, size_t count, uint64_t offset) override;

 private:
  // How to read what needs no device.
  enum class Glance { kNone, kPageCache, kMemory };
  static Glance glance_of(int fd);
  ssize_t glance(const iovec* pieces, size_t pieces_count, size_t count, uint64_t offset);

  const int fd_;
  const bool owned_;
  const Glance glance_;
};

}  // namespace conveyor

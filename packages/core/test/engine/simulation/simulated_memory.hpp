// Memory with a budget, so that refusals are met too.
#pragma once

#include <cstdint>
#include <cstring>
#include <new>

#include "engine/memory.hpp"

namespace conveyor::sim {

class SimulatedMemory final : public Memory {
 public:
  explicit SimulatedMemory(uint64_t limit) : limit_(limit) {}

  std::byte* acquire(size_t size) override {
    if (used_ + size > limit_) return nullptr;
    used_ += size;
    auto* data = static_cast<std::byte*>(::operator new(size, std::align_val_t{64}));
    std::memset(data, 0xEE, size);  // what nobody wrote must never be seen
    return data;
  }
  void release(std::byte* data, size_t size) override {
    std::memset(data, 0xDD, size);
    ::operator delete(data, size, std::align_val_t{64});
    used_ -= size;
  }

  uint64_t used() const { return used_; }
  /// What is held stays held.
  void set_limit(uint64_t limit) { limit_ = limit; }

 private:
  uint64_t limit_;
  uint64_t used_ = 0;
};

}  // namespace conveyor::sim

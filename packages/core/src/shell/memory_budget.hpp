// The process-wide bound on the memory of all rings and windows.
#pragma once

#include <array>
#include <cstdint>
#include <mutex>
#include <vector>

#include "engine/memory.hpp"

namespace conveyor {

/// Blocks are kept for reuse up to a small bound, because fresh pages cost more than the copy into them.
/// Threads: all functions from any thread.
class MemoryBudget final : public Memory {
 public:
  explicit MemoryBudget(uint64_t limit) : limit_(limit) {}
  ~MemoryBudget() { drop_spares(); }
  std::byte* acquire(size_t size) override;
  void release(std::byte* data, size_t size) override;
  /// Gives the kept blocks back to the system.
  void drop_spares();
  uint64_t used();
  uint64_t limit() const { return limit_; }

 private:
  static constexpr uint64_t kSparesMax = 16 << 20;
  static constexpr size_t kMappedFrom = 64 << 10;  // smaller blocks come from malloc and are not kept
  struct Spare {
    std::byte* data;
    size_t size;
  };
  void drop_spares_locked();

  const uint64_t limit_;
  std::mutex mutex_;
  std::vector<Spare> spares_;
  uint64_t used_ = 0;
  uint64_t spare_bytes_ = 0;
};

}  // namespace conveyor

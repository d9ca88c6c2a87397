// The process-wide bound on the memory of all rings and windows.
#pragma once

#include <algorithm>
#include <cstdint>
#include <mutex>
#include <vector>

#include "engine/memory.hpp"
#include "shell/huge_slabs.hpp"

namespace conveyor {

/// Counts what it has from the system, whether it is in use or kept: that never exceeds the limit. A quarter of it may
/// be slabs of huge pages; the rest are mappings of a block each. Some of both are kept for reuse, because fresh pages
/// cost more than the copy into them.
/// Threads: all functions from any thread.
class MemoryBudget final : public Memory {
 public:
  explicit MemoryBudget(uint64_t limit) : limit_(limit), slabs_max_(limit >= kSlabsFrom ? limit / 4 : 0) {}
  ~MemoryBudget() { drop_spares(); }
  std::byte* acquire(size_t size) override;
  void release(std::byte* data, size_t size) override;
  void charge(int64_t bytes) override;
  /// Gives the kept blocks back to the system.
  void drop_spares();
  /// Bytes handed out.
  uint64_t used();
  uint64_t limit() const { return limit_; }

 private:
  static constexpr uint64_t kSparesMax = 16 << 20;
  static constexpr uint64_t kSlabsFrom = 64 << 20;  // in a smaller budget every block counts
  static constexpr size_t kSparesMost = 512;
  // Smaller blocks come from malloc and are not kept. What malloc has back from larger ones it keeps to itself, and a
  // budget that is tight is full of them.
  static constexpr size_t kMappedFrom = 4 << 10;
  struct Spare {
    std::byte* data;
    size_t size;
  };
  std::byte* acquire_kept(size_t size);
  bool make_room(size_t size);
  // Nobody can give back what is charged: half of the limit stays for what is acquired, however much it is.
  uint64_t charge_that_counts() const { return std::min(charged_, limit_ / 2); }
  uint64_t held() const { return slabs_.bytes() + single_ + spare_bytes_ + charge_that_counts(); }
  void drop_spares_locked();
  void trim_spares(std::vector<Spare>& dropped);

  const uint64_t limit_;
  const uint64_t slabs_max_;
  std::mutex mutex_;
  HugeSlabs slabs_;
  std::vector<Spare> spares_;
  uint64_t used_ = 0;
  uint64_t single_ = 0;       // bytes handed out that are not of slabs
  uint64_t charged_ = 0;      // not handed out from here
  uint64_t spare_bytes_ = 0;  // of the single ones that are kept
};

}  // namespace conveyor

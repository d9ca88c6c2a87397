#include "shell/memory_budget.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>

#include "shell/sync_point.hpp"

namespace conveyor {

std::byte* MemoryBudget::acquire(size_t size) {
  CONVEYOR_SYNC_POINT("budget.acquires");
  {
    std::lock_guard lock(mutex_);
    if (used_ + charge_that_counts() + size > limit_) return nullptr;
    if (std::byte* data = acquire_kept(size)) {
      used_ += size;
      return data;
    }
    if (!make_room(size)) return nullptr;
    used_ += size;
    single_ += size;
  }
  void* data;
  if (size < kMappedFrom) {
    data = std::aligned_alloc(64, (size + 63) / 64 * 64);
  } else if (size % HugeSlabs::kSlab == 0) {
    data = map_huge(size);
  } else {
    data = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (data == MAP_FAILED) data = nullptr;
  }
  if (!data) {
    std::lock_guard lock(mutex_);
    used_ -= size;
    single_ -= size;
  }
  return static_cast<std::byte*>(data);
}

// A block from the slabs, which may grow for it, or one of its size that was kept.
std::byte* MemoryBudget::acquire_kept(size_t size) {
  if (slabs_max_ > 0 && HugeSlabs::fits(size)) {
    if (std::byte* data = slabs_.acquire(size)) return data;
    if (slabs_.bytes() + HugeSlabs::kSlab <= slabs_max_ && held() + HugeSlabs::kSlab <= limit_ && slabs_.grow())
      return slabs_.acquire(size);
  }
  auto spare = std::find_if(spares_.rbegin(), spares_.rend(), [&](const Spare& s) { return s.size == size; });
  if (spare == spares_.rend()) return nullptr;
  std::byte* data = spare->data;
  spares_.erase(std::next(spare).base());
  spare_bytes_ -= size;
  single_ += size;
  return data;
}

// Can the system be asked for `size` more bytes? Gives back what is kept, if that is in the way.
bool MemoryBudget::make_room(size_t size) {
  if (held() + size > limit_) drop_spares_locked();
  return held() + size <= limit_;
}

void MemoryBudget::release(std::byte* data, size_t size) {
  std::vector<Spare> dropped;
  {
    std::lock_guard lock(mutex_);
    used_ -= size;
    if (size >= kMappedFrom && slabs_.release(data, size)) {
      slabs_.shed(kSparesMax);
      return;
    }
    single_ -= size;
    if (size >= kMappedFrom) {
      spares_.push_back({data, size});
      spare_bytes_ += size;
      trim_spares(dropped);
    }
  }
  if (size < kMappedFrom) std::free(data);
  for (Spare spare : dropped) munmap(spare.data, spare.size);
}

void MemoryBudget::charge(int64_t bytes) {
  std::lock_guard lock(mutex_);
  charged_ += static_cast<uint64_t>(bytes);
}

// The longest unused go first: sizes that nobody asks for any more would otherwise keep out those in use.
void MemoryBudget::trim_spares(std::vector<Spare>& dropped) {
  auto kept = spares_.begin();
  const auto too_many = [&] { return static_cast<size_t>(spares_.end() - kept) > kSparesMost; };
  for (; spare_bytes_ > std::min(kSparesMax, limit_ / 8) || too_many(); ++kept) spare_bytes_ -= kept->size;
  dropped.assign(spares_.begin(), kept);
  spares_.erase(spares_.begin(), kept);
}

void MemoryBudget::drop_spares_locked() {
  slabs_.shed(0);
  for (Spare spare : spares_) munmap(spare.data, spare.size);
  spares_.clear();
  spare_bytes_ = 0;
}

void MemoryBudget::drop_spares() {
  std::lock_guard lock(mutex_);
  drop_spares_locked();
}

uint64_t MemoryBudget::used() {
  std::lock_guard lock(mutex_);
  return used_;
}

}  // namespace conveyor

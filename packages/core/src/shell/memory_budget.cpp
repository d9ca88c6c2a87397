#include "shell/memory_budget.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>

namespace conveyor {

std::byte* MemoryBudget::acquire(size_t size) {
  {
    std::lock_guard lock(mutex_);
    if (used_ + size > limit_) return nullptr;
    auto spare = std::find_if(spares_.rbegin(), spares_.rend(), [&](const Spare& s) { return s.size == size; });
    if (spare != spares_.rend()) {
      std::byte* data = spare->data;
      spares_.erase(std::next(spare).base());
      spare_bytes_ -= size;
      used_ += size;
      return data;
    }
    if (used_ + spare_bytes_ + size > limit_) drop_spares_locked();
    used_ += size;
  }
  void* data;
  if (size < kMappedFrom) {
    data = std::aligned_alloc(64, (size + 63) / 64 * 64);
  } else {
    data = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (data == MAP_FAILED) data = nullptr;
  }
  if (!data) {
    std::lock_guard lock(mutex_);
    used_ -= size;
  }
  return static_cast<std::byte*>(data);
}

void MemoryBudget::release(std::byte* data, size_t size) {
  if (size < kMappedFrom) {
    std::free(data);
    std::lock_guard lock(mutex_);
    used_ -= size;
    return;
  }
  std::vector<Spare> dropped;
  {
    std::lock_guard lock(mutex_);
    used_ -= size;
    spares_.push_back({data, size});
    spare_bytes_ += size;
    // The longest unused go first: sizes that nobody asks for any more would otherwise keep out those in use.
    auto kept = spares_.begin();
    for (; spare_bytes_ > std::min(kSparesMax, limit_ / 8); ++kept) spare_bytes_ -= kept->size;
    dropped.assign(spares_.begin(), kept);
    spares_.erase(spares_.begin(), kept);
  }
  for (Spare spare : dropped) munmap(spare.data, spare.size);
}

void MemoryBudget::drop_spares_locked() {
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

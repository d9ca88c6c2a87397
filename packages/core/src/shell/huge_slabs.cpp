#include "shell/huge_slabs.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <cassert>

namespace conveyor {
namespace {

constexpr size_t kUnits = HugeSlabs::kSlab / HugeSlabs::kUnit;
static_assert(kUnits == 32);

// A run of free units for a block, at a multiple of its own size; -1 if there is none.
int free_place(uint32_t taken, uint32_t run, size_t count) {
  for (size_t at = 0; at < kUnits; at += count)
    if ((taken & (run << at)) == 0) return static_cast<int>(at);
  return -1;
}

}  // namespace

std::byte* map_huge(size_t size) {
  // More than is needed, to cut an aligned piece out of it.
  constexpr size_t kPage = HugeSlabs::kSlab;
  void* mapped = mmap(nullptr, size + kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) return nullptr;
  auto* begin = static_cast<std::byte*>(mapped);
  size_t before = (kPage - reinterpret_cast<uintptr_t>(begin) % kPage) % kPage;
  if (before > 0) munmap(begin, before);
  munmap(begin + before + size, kPage - before);
  madvise(begin + before, size, MADV_HUGEPAGE);  // refused: then they are ordinary pages
  return begin + before;
}

HugeSlabs::~HugeSlabs() { shed(0); }

uint32_t HugeSlabs::units(size_t size) {
  size_t count = size / kUnit;
  return count == kUnits ? ~0U : (1U << count) - 1;
}

std::byte* HugeSlabs::acquire(size_t size) {
  uint32_t run = units(size);
  Slab* fullest = nullptr;
  int place = -1;
  for (Slab& slab : slabs_) {
    if (fullest && std::popcount(slab.taken) <= std::popcount(fullest->taken)) continue;
    int found = free_place(slab.taken, run, size / kUnit);
    if (found < 0) continue;
    fullest = &slab;
    place = found;
  }
  if (!fullest) return nullptr;
  fullest->taken |= run << place;
  return fullest->data + static_cast<size_t>(place) * kUnit;
}

bool HugeSlabs::release(std::byte* data, size_t size) {
  auto slab = std::find_if(slabs_.begin(), slabs_.end(),
                           [&](const Slab& s) { return data >= s.data && data < s.data + kSlab; });
  if (slab == slabs_.end()) return false;
  uint32_t bits = units(size) << static_cast<size_t>(data - slab->data) / kUnit;
  assert((slab->taken & bits) == bits);
  slab->taken &= ~bits;
  return true;
}

bool HugeSlabs::grow() {
  std::byte* data = map_huge(kSlab);
  if (data) slabs_.push_back({data, 0});
  return data != nullptr;
}

void HugeSlabs::shed(size_t keep) {
  size_t unused = unused_bytes();
  for (auto slab = slabs_.begin(); slab != slabs_.end() && unused > keep;) {
    if (slab->taken != 0) {
      ++slab;
      continue;
    }
    munmap(slab->data, kSlab);
    slab = slabs_.erase(slab);
    unused -= kSlab;
  }
}

size_t HugeSlabs::unused_bytes() const {
  return static_cast<size_t>(std::count_if(slabs_.begin(), slabs_.end(), [](const Slab& s) { return s.taken == 0; })) *
         kSlab;
}

}  // namespace conveyor

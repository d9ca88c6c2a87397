#include "shell/memory_budget.hpp"

#include <cstring>
#include <set>
#include <vector>

#include <conveyor/testkit/check.hpp>
#include <conveyor/testkit/prng.hpp>

namespace conveyor::test {

TEST(w6, slabs_cut_blocks_that_do_not_overlap_and_take_them_back) {
  HugeSlabs slabs;
  REQUIRE(slabs.grow());
  std::vector<std::byte*> small;
  while (std::byte* block = slabs.acquire(64 << 10)) small.push_back(block);
  CHECK_EQ(small.size(), HugeSlabs::kSlab / (64 << 10));
  CHECK_EQ(std::set(small.begin(), small.end()).size(), small.size());
  CHECK(slabs.acquire(128 << 10) == nullptr);
  for (std::byte* block : small) CHECK(slabs.release(block, 64 << 10));
  CHECK_EQ(slabs.unused_bytes(), HugeSlabs::kSlab);
  std::byte* whole = slabs.acquire(HugeSlabs::kSlab);
  REQUIRE(whole != nullptr);
  CHECK_EQ(reinterpret_cast<uintptr_t>(whole) % HugeSlabs::kSlab, 0U);
  std::memset(whole, 1, HugeSlabs::kSlab);
  std::byte other;
  CHECK(!slabs.release(&other, 64 << 10));
  CHECK(slabs.release(whole, HugeSlabs::kSlab));
  slabs.shed(0);
  CHECK_EQ(slabs.bytes(), 0U);
}

TEST(w6, slabs_take_only_sizes_that_divide_them) {
  for (size_t size : {size_t{1}, size_t{32} << 10, size_t{96} << 10, size_t{4} << 20}) CHECK(!HugeSlabs::fits(size));
  for (size_t size = HugeSlabs::kUnit; size <= HugeSlabs::kSlab; size *= 2) CHECK(HugeSlabs::fits(size));
}

TEST(w6, a_budget_hands_out_what_it_has_and_no_more) {
  for (uint64_t limit : {uint64_t{1} << 20, uint64_t{64} << 20, uint64_t{256} << 20}) {
    MemoryBudget budget(limit);
    std::vector<std::byte*> blocks;
    while (std::byte* block = budget.acquire(256 << 10)) blocks.push_back(block);
    CHECK_EQ(blocks.size(), limit / (256 << 10));
    CHECK(budget.acquire(1) == nullptr);
    for (std::byte* block : blocks) budget.release(block, 256 << 10);
    CHECK_EQ(budget.used(), 0U);
    // The slabs that were cut into pieces are no obstacle for something else.
    std::byte* large = budget.acquire(limit);
    CHECK(large != nullptr);
    if (large) budget.release(large, limit);
  }
}

TEST(w6, blocks_of_all_sizes_never_overlap) {
  testkit::Prng random(7);
  MemoryBudget budget(uint64_t{64} << 20);
  struct Held {
    std::byte* data;
    size_t size;
    unsigned char mark;
  };
  std::vector<Held> held;
  for (int round = 0; round < 4000; ++round) {
    if (random.below(5) < 3) {
      size_t size = size_t{1} << (10 + random.below(12));
      if (random.below(4) == 0) size += 4096;
      std::byte* data = budget.acquire(size);
      if (!data) continue;
      auto mark = static_cast<unsigned char>(round);
      std::memset(data, mark, size);
      held.push_back({data, size, mark});
    } else if (!held.empty()) {
      std::swap(held[random.below(held.size())], held.back());
      Held block = held.back();
      held.pop_back();
      CHECK_EQ(std::to_integer<unsigned char>(block.data[0]), block.mark);
      CHECK_EQ(std::to_integer<unsigned char>(block.data[block.size - 1]), block.mark);
      budget.release(block.data, block.size);
    }
  }
  for (const Held& block : held) budget.release(block.data, block.size);
  CHECK_EQ(budget.used(), 0U);
}

}  // namespace conveyor::test

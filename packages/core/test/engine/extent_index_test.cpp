#include "engine/extent_index.hpp"

#include <conveyor/testkit/check.hpp>
#include <conveyor/testkit/prng.hpp>

#include <map>
#include <vector>

namespace conveyor::test {
namespace {

// Ring position of each byte of the file, 0 for none: what the index has to say.
using Positions = std::vector<uint64_t>;

void check_agrees(ExtentIndex& index, const Positions& truth) {
  Positions told(truth.size(), 0);
  uint64_t last_end = 0;
  index.for_each([&](const Extent& extent) {
    CHECK_GE(extent.offset, last_end);
    last_end = extent.end();
    for (uint64_t i = 0; i < extent.length; ++i) told[extent.offset + i] = extent.position + i;
  });
  REQUIRE(told == truth);
}

TEST(w4, the_youngest_bytes_cover_the_older_ones) {
  testkit::Prng prng(testkit::seed());
  constexpr uint64_t kFile = 300;
  for (int round = 0; round < 200; ++round) {
    ExtentIndex index;
    Positions truth(kFile, 0);
    uint64_t position = 1;
    for (int i = 0; i < 60; ++i) {
      uint64_t offset = prng.below(kFile);
      uint64_t length = 1 + prng.below(std::min<uint64_t>(40, kFile - offset));
      uint64_t gone = 0, covered = 0;
      for (uint64_t at = offset; at < offset + length; ++at) covered += truth[at] != 0;
      index.carve({offset, offset + length}, [&](const Extent& extent) { gone += extent.length; });
      CHECK_EQ(gone, covered);
      index.insert({offset, length, position});
      for (uint64_t at = 0; at < length; ++at) truth[offset + at] = position + at;
      position += length;
      check_agrees(index, truth);
    }
    uint64_t oldest = UINT64_MAX;
    index.for_each([&](const Extent& extent) { oldest = std::min(oldest, extent.position); });
    CHECK_EQ(index.oldest_queued()->position, oldest);
  }
}

TEST(w4, queued_extents_keep_their_age_across_a_failed_write) {
  ExtentIndex index;
  BackendOp op;
  for (uint64_t i = 0; i < 5; ++i) index.insert({i * 10, 10, i * 10 + 1});
  Extent* second = index.at_or_after(10);
  index.take_off(*second, op);
  CHECK(!second->queued());
  index.requeue(*second);
  uint64_t last = 0;
  int count = 0;
  for (Extent* e = index.oldest_queued(); e; e = e->next, ++count) {
    CHECK_GT(e->position, last);
    last = e->position;
  }
  CHECK_EQ(count, 5);
}

TEST(r2, the_first_extent_at_or_after_an_offset) {
  ExtentIndex index;
  CHECK(index.at_or_after(0) == nullptr);
  CHECK_EQ(index.end(), 0U);
  index.insert({10, 5, 1});
  index.insert({20, 5, 6});
  CHECK_EQ(index.at_or_after(0)->offset, 10U);
  CHECK_EQ(index.at_or_after(14)->offset, 10U);
  CHECK_EQ(index.at_or_after(15)->offset, 20U);
  CHECK(index.at_or_after(25) == nullptr);
  CHECK_EQ(index.end(), 25U);
}

}  // namespace
}  // namespace conveyor::test

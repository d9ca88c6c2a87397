#include "engine/histogram.hpp"

#include <conveyor/testkit/check.hpp>
#include <conveyor/testkit/prng.hpp>

#include <algorithm>
#include <vector>

namespace conveyor::test {
namespace {

TEST(o1, percentiles_are_upper_bounds_within_a_sixteenth) {
  testkit::Prng prng(testkit::seed());
  for (int round = 0; round < 50; ++round) {
    Histogram histogram;
    std::vector<uint64_t> values(1 + prng.below(2000));
    for (auto& value : values) {
      value = prng.next_u64() >> (25 + prng.below(39));
      histogram.record(static_cast<int64_t>(value));
    }
    std::sort(values.begin(), values.end());
    for (uint32_t permille : {1U, 500U, 900U, 990U, 999U, 1000U}) {
      uint64_t exact = values[(values.size() * permille + 999) / 1000 - 1];
      uint64_t told = histogram.percentile(permille);
      CHECK_GE(told, exact);
      CHECK_LE(told, exact + exact / 16 + 1);
    }
    CHECK_EQ(histogram.count(), values.size());
    CHECK_EQ(histogram.max(), values.back());
  }
}

TEST(o1, an_empty_histogram_says_zero) {
  Histogram histogram;
  CHECK_EQ(histogram.percentile(999), 0U);
  CHECK_EQ(histogram.mean(), 0U);
  histogram.record(-5);
  CHECK_EQ(histogram.percentile(500), 0U);
  CHECK_EQ(histogram.count(), 1U);
}

}  // namespace
}  // namespace conveyor::test

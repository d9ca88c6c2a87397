// R3 to R7: what patterns of reads cost.
#include "read_patterns.hpp"

#include <conveyor/testkit/check.hpp>
#include <cstring>
#include <fstream>
#include <sstream>

#include "engine/read_stride.hpp"

namespace conveyor::test {
namespace {

TEST(r3, no_known_pattern_costs_more_than_twice_what_was_asked) {
  for (const ReadPattern& pattern : read_patterns()) CHECK_MSG(measure(pattern).amplification <= 2, pattern.name);
}

TEST(r3, strides_and_backward_readers_do_not_wait_each_time) {
  for (const ReadPattern& pattern : read_patterns()) {
    const bool is_stride = std::strstr(pattern.name, " of ") && !std::strstr(pattern.name, "runs of");
    if (!is_stride && std::strncmp(pattern.name, "backward", 8) != 0) continue;
    if (std::strstr(pattern.name, "step")) continue;
    const ReadCost cost = measure(pattern);
    CHECK_MSG(cost.hits > 0.7, pattern.name);
    CHECK_MSG(cost.amplification < 1.01, pattern.name);
  }
}

TEST(r3, the_guide_holds_the_table_that_the_program_prints) {
  std::ifstream file(CONVEYOR_GUIDES "/read-ahead.md");
  if (!file) SKIP("the guide is not part of this tree");
  std::stringstream guide;
  guide << file.rdbuf();
  CHECK_MSG(guide.str().find(read_pattern_table()) != std::string::npos,
            "docs/guides/read-ahead.md: put the output of .build/release/test/read_pattern_table there");
}

TEST(r3, a_stride_is_known_after_three_equal_steps) {
  ReadStride stride;
  for (uint64_t n : {0, 1, 2}) {
    stride.note(1000 + n * 100, 10);
    CHECK(!stride.ahead(1));
  }
  stride.note(1300, 10);
  REQUIRE(stride.ahead(2).has_value());
  CHECK_EQ(stride.ahead(2)->begin, 1500U);
  CHECK_EQ(stride.ahead(2)->length(), 10U);
  stride.note(1400, 11);  // another size
  CHECK(!stride.ahead(1));
}

TEST(r3, a_stride_ends_at_the_beginning_of_the_file_and_at_the_range_of_off_t) {
  ReadStride backward;
  for (uint64_t n : {5, 4, 3, 2, 1}) backward.note(n * 100, 100);
  CHECK(backward.ahead(1).has_value());
  CHECK(!backward.ahead(2));
  ReadStride forward;
  const uint64_t step = uint64_t{1} << 60;
  for (uint64_t n : {1, 2, 3, 4, 5, 6}) forward.note(n * step, 100);
  CHECK(forward.ahead(1).has_value());
  CHECK(!forward.ahead(2));
}

TEST(r3, what_is_sequential_is_no_stride) {
  ReadStride stride;
  for (uint64_t n = 0; n < 8; ++n) stride.note(n * 100, 100);
  CHECK(!stride.ahead(1));
}

}  // namespace
}  // namespace conveyor::test

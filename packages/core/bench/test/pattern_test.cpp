// The bytes of the benchmarks must give away every kind of mix-up.
#include <algorithm>
#include <optional>

#include <conveyor/testkit/check.hpp>

#include "pattern.hpp"

namespace {

using conveyor::bench::Checksum;
using conveyor::bench::Mismatch;
using conveyor::bench::Pattern;

constexpr std::size_t kBlocks = 40;

std::vector<std::byte> file_of(std::uint64_t seed, std::size_t block) {
  Pattern pattern(seed, block);
  std::vector<std::byte> file;
  for (std::size_t i = 0; i < kBlocks; ++i) file.insert(file.end(), pattern.block(i), pattern.block(i) + block);
  return file;
}

std::optional<std::uint64_t> first_difference(const std::vector<std::byte>& file, std::uint64_t seed,
                                              std::size_t block) {
  try {
    Pattern(seed, block).require_equal(file, 0);
    return std::nullopt;
  } catch (const Mismatch& mismatch) {
    return mismatch.offset();
  }
}

std::uint64_t sum_of(const std::vector<std::byte>& file, std::size_t block) {
  Checksum sum;
  for (std::size_t at = 0; at < file.size(); at += block) sum.add(file.data() + at, block);
  return sum.value();
}

std::uint64_t expected_sum(std::uint64_t seed, std::size_t block) {
  const Pattern pattern(seed, block);
  Checksum sum;
  for (std::size_t i = 0; i < kBlocks; ++i) sum.add_sum(pattern.sum_of(i));
  return sum.value();
}

}  // namespace

TEST(pattern, finds_any_single_wrong_byte) {
  for (const std::size_t block : {16U, 48U, 64U, 4096U}) {
    const std::vector<std::byte> right = file_of(7, block);
    CHECK(!first_difference(right, 7, block));
    CHECK_EQ(sum_of(right, block), expected_sum(7, block));
    for (std::size_t at = 0; at < right.size(); at += 13) {
      std::vector<std::byte> wrong = right;
      wrong[at] ^= std::byte{0x40};
      CHECK(first_difference(wrong, 7, block) == at);
      CHECK_NE(sum_of(wrong, block), expected_sum(7, block));
    }
  }
}

TEST(pattern, finds_blocks_that_changed_places) {
  for (const std::size_t block : {64U, 4096U}) {
    std::vector<std::byte> file = file_of(3, block);
    const auto third = file.begin() + static_cast<std::ptrdiff_t>(3 * block);
    const auto tenth = file.begin() + static_cast<std::ptrdiff_t>(10 * block);
    std::swap_ranges(third, third + static_cast<std::ptrdiff_t>(block), tenth);
    CHECK(first_difference(file, 3, block).has_value());
    CHECK_NE(sum_of(file, block), expected_sum(3, block));
  }
}

TEST(pattern, finds_the_bytes_of_another_trial) {
  for (const std::size_t block : {64U, 4096U}) {
    const std::vector<std::byte> stale = file_of(11, block);
    CHECK(first_difference(stale, 12, block).has_value());
    CHECK_NE(sum_of(stale, block), expected_sum(12, block));
  }
}

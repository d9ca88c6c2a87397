#include "pattern.hpp"

#include <algorithm>
#include <bit>
#include <string>

#include <conveyor/testkit/prng.hpp>

namespace conveyor::bench {
namespace {

constexpr std::size_t kSourceBytes = 16 * 1024;

}  // namespace

Pattern::Pattern(std::uint64_t seed, std::size_t block) : seed_(testkit::Prng(seed).next_u64()), block_(block) {
  if (block == 0 || block % 16 != 0) throw std::invalid_argument("a block is a multiple of 16 bytes");
  const std::size_t slots = std::bit_floor(std::max<std::size_t>(1, kSourceBytes / block));
  slot_mask_ = slots - 1;
  source_.resize(slots * block);
  testkit::Prng random(seed_);
  for (std::size_t at = 0; at < source_.size(); at += sizeof(std::uint64_t)) {
    const std::uint64_t word = at % block == 0 ? 0 : random.next_u64();
    std::memcpy(source_.data() + at, &word, sizeof word);
  }
  for (std::size_t slot = 0; slot < slots; ++slot) {
    rest_sums_.push_back(Checksum::sum_of_words(source_.data() + slot * block, block));
  }
}

void Pattern::require_equal(std::span<const std::byte> bytes, std::uint64_t first) {
  for (std::size_t at = 0; at < bytes.size(); at += block_) {
    const std::span<const std::byte> found = bytes.subspan(at, std::min(block_, bytes.size() - at));
    const std::byte* expected = block(first + at / block_);
    if (std::memcmp(found.data(), expected, found.size()) == 0) continue;
    const auto [wrong, right] = std::mismatch(found.begin(), found.end(), expected);
    const auto within = static_cast<std::uint64_t>(wrong - found.begin());
    throw Mismatch(first * block_ + at + within, std::to_string(std::to_integer<int>(*wrong)) + " instead of " +
                                                     std::to_string(std::to_integer<int>(*right)));
  }
}

}  // namespace conveyor::bench

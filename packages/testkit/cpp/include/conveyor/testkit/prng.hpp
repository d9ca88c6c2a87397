#pragma once
/// Seeded pseudo-random numbers: xoshiro256** (Blackman, Vigna 2018), its state filled by splitmix64 (Steele, Lea,
/// Flood 2014). The same seed gives the same sequence, for every method, as `Prng` of @libconveyor/testkit in
/// TypeScript; traces/prng.txt of that package is replayed by both.

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

namespace conveyor::testkit {

/// A generator for tests. Not for secrets. Threads: one owner; give each thread its own `fork()`.
class Prng {
 public:
  /// Any seed is good, 0 too.
  explicit Prng(std::uint64_t seed) {
    for (std::uint64_t& word : state_) {
      seed += 0x9e3779b97f4a7c15U;
      std::uint64_t z = seed;
      z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
      z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
      word = z ^ (z >> 31);
    }
  }

  /// The next 64 bits.
  std::uint64_t next_u64() {
    const std::uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
    const std::uint64_t t = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= t;
    state_[3] = std::rotl(state_[3], 45);
    return result;
  }

  /// The upper half of the next 64 bits.
  std::uint32_t next_u32() { return static_cast<std::uint32_t>(next_u64() >> 32); }

  /// A number in [0, bound), without bias. `bound` is 1 ... 2^53 where the TypeScript twin has to follow. A bound of 0
  /// or 1 gives 0 and draws nothing.
  std::uint64_t below(std::uint64_t bound) {
    if (bound <= 1) return 0;
    const auto bits = static_cast<int>(std::bit_width(bound - 1));
    for (;;) {  // at most one redraw on average: bound > 2^(bits-1)
      const std::uint64_t value = next_u64() >> (64 - bits);
      if (value < bound) return value;
    }
  }

  /// A number in [begin, end). Requires: begin < end.
  std::int64_t between(std::int64_t begin, std::int64_t end) {
    const auto width = static_cast<std::uint64_t>(end) - static_cast<std::uint64_t>(begin);
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(begin) + below(width));
  }

  /// True in `numerator` of `denominator` cases.
  bool chance(std::uint64_t numerator, std::uint64_t denominator) { return below(denominator) < numerator; }

  /// A number in [0, 1) with 53 bits.
  double real() { return static_cast<double>(next_u64() >> 11) * 0x1.0p-53; }

  /// Fills `out`: each 64-bit draw gives eight bytes, least significant first; the last draw may be cut.
  void fill(std::span<std::byte> out) {
    while (!out.empty()) {
      std::uint64_t word = next_u64();
      const std::size_t count = std::min<std::size_t>(8, out.size());
      for (std::size_t i = 0; i < count; ++i, word >>= 8) out[i] = static_cast<std::byte>(word & 0xff);
      out = out.subspan(count);
    }
  }

  /// Orders `items` anew (Fisher-Yates, from the end).
  template <typename T>
  void shuffle(std::span<T> items) {
    for (std::size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[below(i)]);
  }

  /// One of `items`. Requires: not empty.
  template <typename T>
  T& pick(std::span<T> items) {
    return items[below(items.size())];
  }

  /// A generator of its own, seeded by the next 64 bits of this one.
  Prng fork() { return Prng(next_u64()); }

 private:
  std::array<std::uint64_t, 4> state_{};
};

}  // namespace conveyor::testkit

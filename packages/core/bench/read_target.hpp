#pragma once
/// Where bytes that were read go, so that all of them can be proven.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "pattern.hpp"

namespace conveyor::bench {

/// How a program uses what it reads. `kSummed`: one buffer, every word added to a sum as it comes, inside of the clock
/// on every side alike; the sum is compared afterwards. `kKept`: memory as large as the file; every byte is compared
/// afterwards.
enum class Use { kSummed, kKept };

/// The memory of one trial. A side calls `at`, reads a block to there, calls `done`.
template <Use use>
class ReadTarget {
 public:
  ReadTarget(std::vector<std::byte>& memory, std::size_t block) : memory_(memory), block_(block) {}

  std::byte* at(std::uint64_t index) {
    if constexpr (use == Use::kSummed) return memory_.data();
    return memory_.data() + index * block_;
  }
  void done() {
    if constexpr (use == Use::kSummed) sum_.add(memory_.data(), block_);
  }

  /// Errors: Mismatch. `index_of(i)`: the i-th block that was read; every block once.
  template <class IndexOf>
  void require_content(Pattern& pattern, std::uint64_t blocks, IndexOf index_of) {
    if constexpr (use == Use::kKept) {
      pattern.require_equal({memory_.data(), blocks * block_}, 0);
      return;
    }
    Checksum expected;
    for (std::uint64_t i = 0; i < blocks; ++i) expected.add_sum(pattern.sum_of(index_of(i)));
    if (expected.value() != sum_.value()) throw Mismatch(0, "the sum over all blocks is wrong");
  }

 private:
  std::vector<std::byte>& memory_;
  const std::size_t block_;
  Checksum sum_;
};

/// Memory for a use, touched, and filled with what no pattern has.
inline std::vector<std::byte> memory_for(Use use, std::uint64_t bytes, std::size_t block) {
  return std::vector<std::byte>(use == Use::kSummed ? block : bytes, std::byte{0xa5});
}

}  // namespace conveyor::bench

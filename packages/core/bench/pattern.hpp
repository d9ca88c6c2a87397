#pragma once
/// Bytes that tell where they belong and which trial wrote them.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <stdexcept>
#include <vector>

namespace conveyor::bench {

/// Bytes that came out are not the bytes that went in.
class Mismatch : public std::runtime_error {
 public:
  Mismatch(std::uint64_t offset, const std::string& detail)
      : std::runtime_error("wrong bytes at offset " + std::to_string(offset) + ": " + detail), offset_(offset) {}

  /// The first wrong byte, or the begin of the range whose sum is wrong.
  std::uint64_t offset() const { return offset_; }

 private:
  std::uint64_t offset_;
};

/// A sum over blocks in the order in which they came; it differs when a word is wrong, or when blocks changed places.
class Checksum {
 public:
  /// Requires: size is a multiple of 16.
  void add(const std::byte* block, std::size_t size) { add_sum(sum_of_words(block, size)); }
  void add_sum(std::uint64_t words) { value_ = value_ * 0x9e3779b97f4a7c15U + words; }
  std::uint64_t value() const { return value_; }

  /// As fast as the machine loads: what it costs is measured on every side alike.
  static std::uint64_t sum_of_words(const std::byte* data, std::size_t size) {
    using Pair = std::uint64_t __attribute__((vector_size(16)));
    Pair even{}, odd{};
    std::size_t at = 0;
    for (Pair pair; at + 2 * sizeof pair <= size; at += 2 * sizeof pair) {
      std::memcpy(&pair, data + at, sizeof pair);
      even += pair;
      std::memcpy(&pair, data + at + sizeof pair, sizeof pair);
      odd += pair;
    }
    if (at < size) {
      Pair pair;
      std::memcpy(&pair, data + at, sizeof pair);
      even += pair;
    }
    even += odd;
    return even[0] + even[1];
  }

 private:
  std::uint64_t value_ = 0;
};

/// The content of a file of equal blocks, as a function of a seed. A source of 16 KiB holds a few blocks of noise, so
/// that reading it costs no side more than a program's own hot buffer would; the first word of each block is a stamp of
/// its own.
class Pattern {
 public:
  /// Errors: std::invalid_argument unless block is a multiple of 16.
  Pattern(std::uint64_t seed, std::size_t block);

  /// Block `index`; valid until the next call.
  const std::byte* block(std::uint64_t index) {
    std::byte* slot = source_.data() + (index & slot_mask_) * block_;
    const std::uint64_t word = stamp(index);
    std::memcpy(slot, &word, sizeof word);
    return slot;
  }

  /// Compares every byte. `bytes` begins with block `first`. Errors: Mismatch.
  void require_equal(std::span<const std::byte> bytes, std::uint64_t first);
  /// What a Checksum over block `index` adds.
  std::uint64_t sum_of(std::uint64_t index) const { return rest_sums_[index & slot_mask_] + stamp(index); }
  /// The first word of block `index`: all in which it differs from the block 16 KiB before it.
  std::uint64_t stamp(std::uint64_t index) const { return seed_ + index * 0xd1342543de82ef95U; }

 private:
  const std::uint64_t seed_;
  const std::size_t block_;
  std::uint64_t slot_mask_;
  std::vector<std::byte> source_;
  std::vector<std::uint64_t> rest_sums_;  // of each slot without its first word
};

}  // namespace conveyor::bench

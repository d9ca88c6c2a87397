#pragma once
/// The input of a fuzzer, consumed from its front. When it has ended, everything reads as 0.

#include <cstddef>
#include <cstdint>
#include <span>

namespace conveyor::test {

class ByteSource {
 public:
  explicit ByteSource(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}

  bool ended() const { return at_ >= bytes_.size(); }
  std::uint8_t byte() { return ended() ? std::uint8_t{0} : bytes_[at_++]; }
  std::uint32_t word() {
    const std::uint32_t low = byte();
    return low | std::uint32_t{byte()} << 8;
  }
  bool chance_of(unsigned numerator) { return byte() < numerator; }  // of 256

  /// One of the values of a table.
  template <typename Value, std::size_t count>
  Value pick(const Value (&table)[count]) {
    return table[byte() % count];
  }

 private:
  std::span<const std::uint8_t> bytes_;
  std::size_t at_ = 0;
};

}  // namespace conveyor::test

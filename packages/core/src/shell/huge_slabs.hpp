// Memory in huge pages: the kernel copies into and out of them a third faster, because it translates fewer addresses.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace conveyor {

/// `size` bytes, a multiple of 2 MiB and aligned to it, that ask for huge pages; nullptr when the system has no memory.
/// Given back with munmap.
std::byte* map_huge(size_t size);

/// Blocks of 64 KiB to 2 MiB, powers of two, cut out of slabs of 2 MiB that ask for a huge page each. Where the system
/// has none to give, a slab is made of ordinary pages. Not thread safe.
class HugeSlabs {
 public:
  static constexpr size_t kSlab = 2 << 20;
  static constexpr size_t kUnit = 64 << 10;

  HugeSlabs() = default;
  ~HugeSlabs();
  HugeSlabs(const HugeSlabs&) = delete;
  HugeSlabs& operator=(const HugeSlabs&) = delete;

  static bool fits(size_t size) { return size >= kUnit && size <= kSlab && std::has_single_bit(size); }

  /// `size` bytes from the fullest slab that has them, or nullptr. Requires: fits(size).
  std::byte* acquire(size_t size);
  /// False: the block is not from here.
  bool release(std::byte* data, size_t size);
  /// One more slab. False: the system has no memory.
  bool grow();
  /// Gives slabs back of which nothing is used, until at most `keep` bytes of such are left.
  void shed(size_t keep);
  /// Bytes of all slabs, and of those that are not used at all.
  size_t bytes() const { return slabs_.size() * kSlab; }
  size_t unused_bytes() const;

 private:
  struct Slab {
    std::byte* data;
    uint32_t taken;  // a bit per unit
  };

  static uint32_t units(size_t size);

  std::vector<Slab> slabs_;
};

}  // namespace conveyor

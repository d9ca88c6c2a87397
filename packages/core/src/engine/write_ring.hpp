// The write ring: a byte ring used as a log. Accepted bytes are appended at the tail and never move in log positions; the head
// follows once every byte before it is dead (landed, or overwritten by a later accept).
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/memory.hpp"

namespace conveyor {

/// Life is counted per block of the ring, not per byte: the head moves over whole dead blocks, and to the tail when nothing
/// lives. Growing copies the live bytes and keeps the old memory for backend writes in flight that still read it.
/// Not thread safe.
class WriteRing {
 public:
  /// `capacity_max` is exact; memory is taken in powers of two from `capacity_initial` on.
  WriteRing(Memory& memory, size_t capacity_initial, size_t capacity_max);

  size_t capacity_max() const { return capacity_max_; }
  /// Bytes of memory held now.
  size_t capacity() const { return memory_now_.block.size(); }
  uint64_t tail() const { return tail_; }
  uint64_t live() const { return live_; }
  /// How many bytes could be appended at once if memory allows.
  size_t room() const { return capacity_max_ - static_cast<size_t>(tail_ - head_); }
  /// The memory budget refused the last growth.
  bool starved() const { return starved_; }

  /// Makes room for `count` bytes at the tail, growing if it has to. False: full (or starved), nothing changed.
  bool reserve(size_t count);
  /// Copies `count` bytes to the tail; they are alive. Requires: reserve(count) was true. Returns their position.
  uint64_t append(const iovec* iov, int iov_count, size_t skip, size_t count);
  /// Where the next byte would go, and how many fit there without a wrap or a growth.
  std::byte* lane(size_t* room);
  /// Takes `count` bytes that were copied to lane() as appended.
  void commit_lane(size_t count);

  void overwrite(uint64_t position, const iovec* iov, int iov_count, size_t skip, size_t count);
  void copy_out(uint64_t position, size_t count, const iovec* iov, int iov_count, size_t skip) const;
  /// Calls visit(pointer, length) for the one or two pieces of memory of [position, position + count).
  template <class Visit>
  void for_each_piece(uint64_t position, uint64_t count, Visit visit) const {
    while (count > 0) {
      size_t index = index_of(position);
      size_t length = std::min<uint64_t>(count, memory_now_.block.size() - index);
      visit(memory_now_.block.data() + index, length);
      position += length;
      count -= length;
    }
  }

  /// Bytes that were alive are dead; the head follows.
  void drop(uint64_t position, uint64_t count);
  /// Counts them as alive once more, so that a following drop leaves them be. Requires: they are alive.
  void hold(uint64_t position, uint64_t count);

  /// A backend write reads the ring's memory from now on; returns what unpin has to be given.
  int pin();
  void unpin(int generation);
  /// Gives the memory back if nothing lives in it. True if it did.
  bool trim();

 private:
  struct Mapping {
    Block block;
    int generation = 0;
    int pins = 0;
  };

  size_t index_of(uint64_t position) const { return position & (memory_now_.block.size() - 1); }
  uint32_t& live_in(uint64_t block_number) { return live_in_block_[block_number % live_in_block_.size()]; }
  void count_live(uint64_t position, uint64_t count);
  bool grow(size_t needed);
  void advance_head();

  Memory& memory_;
  const size_t capacity_initial_;
  const size_t capacity_max_;
  const int block_shift_;
  Mapping memory_now_;
  std::vector<Mapping> memory_before_;  // outgrown, still read by backend writes
  std::vector<uint32_t> live_in_block_;
  uint64_t head_ = 0;
  uint64_t tail_ = 0;
  uint64_t live_ = 0;
  bool starved_ = false;
};

}  // namespace conveyor

// The write ring: a byte ring used as a log. Accepted bytes are appended at the tail and never move in log positions;
// the head follows once every byte before it is dead (landed, or overwritten by a later accept).
#pragma once

#include <sys/uio.h>

#include <conveyor/ring/byte_ring.hpp>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/memory.hpp"

namespace conveyor {

/// Life is counted per block of the ring, not per byte: the head moves over whole dead blocks, and to the tail when
/// nothing lives. Growing copies the live bytes and keeps the old memory for backend writes in flight that still read
/// it. Not thread safe.
class WriteRing {
 public:
  /// `capacity_max` is exact; memory is taken in powers of two from `capacity_initial` on.
  WriteRing(Memory& memory, size_t capacity_initial, size_t capacity_max);

  size_t capacity_max() const { return capacity_max_; }
  /// Bytes of memory held now.
  size_t capacity() const { return bytes_.capacity(); }
  uint64_t tail() const { return bytes_.tail(); }
  uint64_t live() const { return live_; }
  /// How many bytes could be appended at once if memory allows.
  size_t room() const { return capacity_max_ - bytes_.used(); }
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
  void for_each_piece(uint64_t position, uint64_t count, Visit visit) {
    bytes_.view(position, count).value().for_each([&](std::span<std::byte> piece) {
      visit(piece.data(), piece.size());
    });
  }

  /// Bytes that were alive are dead; the head follows.
  void drop(uint64_t position, uint64_t count);
  /// Counts them as alive once more, so that a following drop leaves them be. Requires: they are alive.
  void hold(uint64_t position, uint64_t count) { count_live(position, count); }

  /// If it is empty, goes on at the beginning of its memory: what is accepted next then uses the part that is cached,
  /// and lies in one piece. Positions leap forward by that.
  void rewind();

  /// A backend write reads the ring's memory from now on; returns what unpin has to be given.
  int pin();
  void unpin(int generation);
  /// Gives the memory back if nothing lives in it. True if it did.
  bool trim();

 private:
  /// Memory that was outgrown while backend writes read it.
  struct Outgrown {
    Block memory;
    int generation;
    int pins;
  };

  uint32_t& live_in(uint64_t block_number) { return live_in_block_[block_number % live_in_block_.size()]; }
  void count_live(uint64_t position, uint64_t count);
  bool grow(size_t needed);
  void advance_head();
  /// Calls visit(block number, bytes of the range in it).
  template <class Visit>
  void for_each_block(uint64_t position, uint64_t count, Visit visit) const;

  const size_t capacity_initial_;
  const size_t capacity_max_;
  const int block_shift_;
  ring::ByteRing<MemorySource> bytes_;
  int generation_ = 0;  // of its memory
  int pins_ = 0;        // on it
  std::vector<Outgrown> outgrown_;
  std::vector<uint32_t> live_in_block_;
  uint64_t live_ = 0;
  bool starved_ = false;
};

}  // namespace conveyor

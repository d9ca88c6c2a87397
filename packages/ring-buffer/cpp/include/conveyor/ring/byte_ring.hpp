#pragma once
/// A byte log in a ring: bytes are appended at the tail, read and overwritten in place by their position, and released
/// from the head. Positions are 64-bit, only ever rise and never wrap; the byte at position p lies at p mod capacity of
/// the memory. The TypeScript twin (`ByteRing` of @libconveyor/ring-buffer) has the same vocabulary and the same
/// placement, and replays the same recorded traces.
///
///     head          tail            head + capacity
///      | live bytes  | vacant bytes  |
///
/// Threads: none of its own. One thread at a time, or a lock of the caller's; views into the memory may be used by
/// other threads as long as nobody overwrites those bytes and the memory lives (see resize).
///
/// Misuse is refused: a call that does not fit returns false or nullopt and has changed nothing.
/// Cost: no allocation but in resize, no initialisation of memory; each call is O(1) plus the bytes it copies.

#include <algorithm>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <span>
#include <utility>

#include <conveyor/ring/block.hpp>

namespace conveyor::ring {

/// A range of a ring as one or two runs of memory: `second` is empty unless the range goes over the wrap.
template <class Byte>
struct Pieces {
  std::span<Byte> first;
  std::span<Byte> second;

  [[nodiscard]] std::size_t size() const { return first.size() + second.size(); }
  [[nodiscard]] bool empty() const { return first.empty(); }

  /// Calls visit(span) for the pieces that hold bytes, in order.
  template <class Visit>
  void for_each(Visit&& visit) const {
    if (!first.empty()) visit(first);
    if (!second.empty()) visit(second);
  }
};

/// How resize went.
enum class ResizeStatus : std::uint8_t {
  resized,
  bad_capacity,  ///< neither 0 nor a power of two from kCapacityMin on
  too_small,     ///< the live bytes would not fit
  no_memory,     ///< the allocator has no such block now
};

/// A byte log in a ring; see the head of the file.
template <RingAllocator Allocator = HeapAllocator>
class ByteRing {
 public:
  using Memory = Block<Allocator>;

  static constexpr std::size_t kCapacityMin = kBlockAlignment;

  /// How resize went, and the memory that the ring no longer uses.
  struct Resized {
    ResizeStatus status = ResizeStatus::resized;
    Memory old;
  };

  /// A ring without memory, of capacity 0; the first byte will have position `start`. Give it memory by resize.
  explicit ByteRing(Allocator allocator = {}, std::uint64_t start = 0)
      : allocator_(allocator), memory_(Memory::acquire(allocator, 0)), head_(start), tail_(start) {}

  /// The ring moved from is empty and without memory.
  ByteRing(ByteRing&& other) noexcept
      : allocator_(other.allocator_),
        memory_(std::move(other.memory_)),
        head_(std::exchange(other.head_, other.tail_)),
        tail_(other.tail_) {}

  ByteRing& operator=(ByteRing&& other) noexcept {
    ByteRing moved(std::move(other));
    std::swap(allocator_, moved.allocator_);
    std::swap(memory_, moved.memory_);
    std::swap(head_, moved.head_);
    std::swap(tail_, moved.tail_);
    return *this;
  }

  /// Whether resize takes this capacity. Nothing is rounded.
  static constexpr bool valid_capacity(std::size_t capacity) {
    return capacity == 0 || (capacity >= kCapacityMin && std::has_single_bit(capacity));
  }

  [[nodiscard]] std::size_t capacity() const { return memory_.size(); }
  /// Position of the oldest live byte; equal to tail() when there is none.
  [[nodiscard]] std::uint64_t head() const { return head_; }
  /// Position that the next byte will have.
  [[nodiscard]] std::uint64_t tail() const { return tail_; }
  /// Count of live bytes.
  [[nodiscard]] std::size_t used() const { return static_cast<std::size_t>(tail_ - head_); }
  /// Count of bytes that can be appended now.
  [[nodiscard]] std::size_t vacant() const { return memory_.size() - used(); }
  [[nodiscard]] bool empty() const { return head_ == tail_; }

  /// Whether [position, position + length) is live. An empty range is live anywhere in [head, tail].
  [[nodiscard]] bool contains(std::uint64_t position, std::size_t length) const {
    return position >= head_ && position <= tail_ && length <= tail_ - position;
  }

  /// Appends a copy of `data`. Returns the position of its first byte; nullopt when fewer bytes are vacant.
  /// Requires: `data` is not memory of this ring.
  [[nodiscard]] std::optional<std::uint64_t> write(std::span<const std::byte> data) {
    if (data.size() > vacant()) return std::nullopt;
    copy_in(tail_, data);
    return std::exchange(tail_, tail_ + data.size());
  }

  /// The vacant memory from the tail on, in the order in which commit takes it, for callers that fill it themselves.
  /// Valid until the next write, commit, release or resize.
  [[nodiscard]] Pieces<std::byte> vacant_pieces() { return pieces_at<std::byte>(tail_, vacant()); }

  /// Appends the first `count` bytes of vacant_pieces as they are. False when fewer are vacant.
  [[nodiscard]] bool commit(std::size_t count) {
    if (count > vacant()) return false;
    tail_ += count;
    return true;
  }

  /// The memory of [position, position + length), nullopt unless all of it is live. Valid until those bytes are
  /// released, or the memory is given up after a resize.
  [[nodiscard]] std::optional<Pieces<std::byte>> view(std::uint64_t position, std::size_t length) {
    if (!contains(position, length)) return std::nullopt;
    return pieces_at<std::byte>(position, length);
  }
  [[nodiscard]] std::optional<Pieces<const std::byte>> view(std::uint64_t position, std::size_t length) const {
    if (!contains(position, length)) return std::nullopt;
    return pieces_at<const std::byte>(position, length);
  }

  /// Copies live bytes from `position` on into `out`, all of it. False, with `out` untouched, unless all are live.
  [[nodiscard]] bool copy_out(std::uint64_t position, std::span<std::byte> out) const {
    if (!contains(position, out.size())) return false;
    std::byte* target = out.data();
    pieces_at<const std::byte>(position, out.size()).for_each([&target](std::span<const std::byte> piece) {
      std::memcpy(target, piece.data(), piece.size());
      target += piece.size();
    });
    return true;
  }

  /// Replaces live bytes from `position` on by `data`. False, with nothing changed, unless all of them are live.
  [[nodiscard]] bool overwrite(std::uint64_t position, std::span<const std::byte> data) {
    if (!contains(position, data.size())) return false;
    copy_in(position, data);
    return true;
  }

  /// Gives up the bytes before `position`, which becomes the head. False unless head <= position <= tail.
  [[nodiscard]] bool release(std::uint64_t position) {
    if (!contains(position, 0)) return false;
    head_ = position;
    return true;
  }

  /// Moves the live bytes into memory of another capacity, larger or smaller; they keep their positions, and views into
  /// the old memory keep their bytes. The old memory is handed back: whoever still reads from it keeps it alive, else
  /// it is dropped. A capacity of 0 gives all memory up and needs an empty ring. On any status but `resized`, nothing
  /// has changed and `old` is empty. The capacity that the ring has already is a move into fresh memory.
  [[nodiscard]] Resized resize(std::size_t capacity) {
    if (!valid_capacity(capacity)) return refused(ResizeStatus::bad_capacity);
    if (capacity < used()) return refused(ResizeStatus::too_small);
    Memory fresh = Memory::acquire(allocator_, capacity);
    if (capacity > 0 && !fresh) return refused(ResizeStatus::no_memory);
    const Pieces<const std::byte> live = pieces_at<const std::byte>(head_, used());
    std::swap(memory_, fresh);
    std::uint64_t at = head_;
    live.for_each([this, &at](std::span<const std::byte> piece) {
      copy_in(at, piece);
      at += piece.size();
    });
    return {ResizeStatus::resized, std::move(fresh)};
  }

  /// The whole memory as it lies, for comparing and debugging: the byte at position p is at p mod capacity.
  [[nodiscard]] std::span<const std::byte> memory() const { return {memory_.data(), memory_.size()}; }

 private:
  Resized refused(ResizeStatus status) { return {status, Memory::acquire(allocator_, 0)}; }

  // Requires: length <= capacity.
  template <class Byte>
  Pieces<Byte> pieces_at(std::uint64_t position, std::size_t length) const {
    if (length == 0) return {};  // also where there is no memory to point into
    const std::size_t index = static_cast<std::size_t>(position) & (memory_.size() - 1);
    if (length <= memory_.size() - index) [[likely]] return {{memory_.data() + index, length}, {}};
    const std::size_t before_wrap = memory_.size() - index;
    return {{memory_.data() + index, before_wrap}, {memory_.data(), length - before_wrap}};
  }

  void copy_in(std::uint64_t position, std::span<const std::byte> data) {
    const std::byte* source = data.data();
    pieces_at<std::byte>(position, data.size()).for_each([&source](std::span<std::byte> piece) {
      std::memcpy(piece.data(), source, piece.size());
      source += piece.size();
    });
  }

  [[no_unique_address]] Allocator allocator_;
  Memory memory_;
  std::uint64_t head_;
  std::uint64_t tail_;
};

}  // namespace conveyor::ring

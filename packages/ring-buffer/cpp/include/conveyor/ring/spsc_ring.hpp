#pragma once
/// A ring between exactly two threads: one pushes, one pops, neither ever waits for a lock. It carries a stream of
/// bytes or a sequence of frames (messages), in order. The TypeScript twin (`SpscRing` of @libconveyor/ring-buffer)
/// works on the same memory layout (spsc_layout.hpp) and replays the same recorded traces.
///
///     auto ring = SpscRing<>::create(4096, SpscMode::frames);
///     auto producer = ring->producer();   // to one thread
///     auto consumer = ring->consumer();   // to the other
///
/// Threads: SpscRing: any. SpscProducer, SpscConsumer: one thread each, at a time.
///
/// Invariants:
/// - only the producer writes `tail`, and the bytes of [tail, head + capacity); only the consumer writes `head`
/// - bytes are written before the tail that covers them is stored (release), and read after it was loaded (acquire);
///   bytes are read before the head that frees them is stored (release), and overwritten after it was loaded (acquire)
/// - each side keeps its own position and the last seen position of the other, and looks again only when that is not
///   enough, so that a busy ring moves cache lines once per turn and not once per call
/// - sleeping: a side stores how much it waits for, then looks again, then sleeps; the other stores its position, then
///   looks whether somebody sleeps. Both pairs are seq_cst, so at least one of the two sees the other (Dekker 1965):
///   a wake-up is never lost.
///
/// try_... are wait-free: a fixed number of steps besides the copy. A blocked push or pop sleeps in the kernel and ends
/// when the other side acts, closes or abandons; C++ has no deadline for it (std::atomic::wait has none). Threads of
/// one process that wait in different languages do not wake each other.

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <optional>
#include <span>
#include <utility>

#include <conveyor/ring/block.hpp>
#include <conveyor/ring/spsc_layout.hpp>

namespace conveyor::ring {

/// How a push or pop went, and how many bytes it moved (or, for too_small, would have to).
struct Transfer {
  SpscStatus status = SpscStatus::done;
  std::size_t count = 0;

  friend bool operator==(const Transfer&, const Transfer&) = default;
};

/// The memory orders of the two positions. A parameter, so that a test can plant a wrong one and see it caught.
struct SpscOrders {
  /// Stores of head and tail: release for the bytes, seq_cst for the look at the sleeper that follows.
  static constexpr std::memory_order kPublish = std::memory_order_seq_cst;
  /// Loads of the other side's position; pairs with kPublish.
  static constexpr std::memory_order kObserve = std::memory_order_acquire;
};

/// What both ends share: the region, and the way to sleep and to wake. Not for direct use.
template <class Orders>
class SpscEnd {
 public:
  SpscEnd(const SpscEnd&) = delete;
  SpscEnd& operator=(const SpscEnd&) = delete;
  SpscEnd(SpscEnd&& other) noexcept
      : header_(std::exchange(other.header_, nullptr)),
        data_(other.data_),
        capacity_(other.capacity_),
        bit_(other.bit_) {}
  SpscEnd& operator=(SpscEnd&&) = delete;

  [[nodiscard]] std::size_t capacity() const { return capacity_; }
  [[nodiscard]] SpscMode mode() const { return static_cast<SpscMode>(header_->mode); }

 protected:
  SpscEnd(SpscHeader* header, std::uint32_t bit)
      : header_(header), data_(reinterpret_cast<std::byte*>(header + 1)), capacity_(header->capacity), bit_(bit) {}

  ~SpscEnd() {
    // release: pairs with the acquire in SpscRing::claim, so that the next owner of this end sees what this one did
    if (header_ != nullptr) header_->claims.fetch_and(~bit_, std::memory_order_release);
  }

  bool has_ended(std::uint32_t bit) const {
    // seq_cst: pairs with the fetch_or in end; acquire, so that a consumer that sees the close sees the last tail
    return (header_->ended.load(std::memory_order_seq_cst) & bit) != 0;
  }

  void end(std::atomic<std::uint32_t>& sleeper) {
    header_->ended.fetch_or(bit_, std::memory_order_seq_cst);  // before the look at the sleeper; pairs with has_ended
    wake(sleeper);
  }

  static void wake(std::atomic<std::uint32_t>& sleeper) {
    if (sleeper.exchange(0, std::memory_order_seq_cst) != 0) sleeper.notify_one();
  }

  /// Sleeps on `sleeper` until ready(), which is asked after each announcement.
  template <class Ready>
  static void sleep_until(std::atomic<std::uint32_t>& sleeper, std::uint32_t wanted, Ready ready) {
    for (;;) {
      sleeper.store(wanted, std::memory_order_seq_cst);  // before the loads in ready; pairs with the load in wake_if
      if (ready()) break;
      sleeper.wait(wanted, std::memory_order_seq_cst);
    }
    sleeper.store(0, std::memory_order_relaxed);  // only saves a needless wake-up, orders nothing
  }

  void copy_in(std::uint32_t position, std::span<const std::byte> data) const {
    const std::size_t index = position & (capacity_ - 1);
    const std::size_t before_wrap = std::min<std::size_t>(data.size(), capacity_ - index);
    if (before_wrap > 0) std::memcpy(data_ + index, data.data(), before_wrap);
    if (before_wrap < data.size()) std::memcpy(data_, data.data() + before_wrap, data.size() - before_wrap);
  }

  void copy_out(std::uint32_t position, std::span<std::byte> out) const {
    const std::size_t index = position & (capacity_ - 1);
    const std::size_t before_wrap = std::min<std::size_t>(out.size(), capacity_ - index);
    if (before_wrap > 0) std::memcpy(out.data(), data_ + index, before_wrap);
    if (before_wrap < out.size()) std::memcpy(out.data() + before_wrap, data_, out.size() - before_wrap);
  }

  SpscHeader* header_;
  std::byte* data_;
  std::uint32_t capacity_;
  std::uint32_t bit_;
};

/// The pushing end. Made by SpscRing::producer. Destroying it does not close the ring: another may take over.
template <class Orders = SpscOrders>
class SpscProducer : public SpscEnd<Orders> {
 public:
  explicit SpscProducer(SpscHeader* header)
      : SpscEnd<Orders>(header, SpscHeader::kProducerBit),
        tail_(header->tail.load(std::memory_order_relaxed)),  // our own word; the claim ordered it after its last store
        head_seen_(header->head.load(Orders::kObserve)) {}

  /// Pushes as many of `data`'s bytes as there is room for: done with their count (0 only for no data), or full.
  /// Errors: closed, abandoned, wrong_mode, corrupt.
  [[nodiscard]] Transfer try_push(std::span<const std::byte> data) {
    if (const SpscStatus refused = refusal(SpscMode::bytes); refused != SpscStatus::done) return {refused, 0};
    const std::uint32_t vacant = room(data.size());
    if (vacant > this->capacity_) [[unlikely]] return {SpscStatus::corrupt, 0};
    const std::size_t count = std::min<std::size_t>(data.size(), vacant);
    if (count == 0) return {data.empty() ? SpscStatus::done : SpscStatus::full, 0};
    this->copy_in(tail_, data.first(count));
    publish(static_cast<std::uint32_t>(count));
    return {SpscStatus::done, count};
  }

  /// Pushes one frame, whole or not at all: done with its length, or full. An empty frame is a frame.
  /// Errors: too_large (more than capacity - 8 bytes), closed, abandoned, wrong_mode, corrupt.
  [[nodiscard]] Transfer try_push_frame(std::span<const std::byte> frame) {
    if (const SpscStatus refused = refusal(SpscMode::frames); refused != SpscStatus::done) return {refused, 0};
    if (frame.size() > this->capacity_ - kFrameUnit) return {SpscStatus::too_large, 0};
    const auto needed = static_cast<std::uint32_t>(framed_size(frame.size()));
    const std::uint32_t vacant = room(needed);
    if (vacant < needed) return {SpscStatus::full, 0};
    if (vacant > this->capacity_) [[unlikely]] return {SpscStatus::corrupt, 0};
    const std::uint32_t words[2] = {static_cast<std::uint32_t>(frame.size()), 0};
    this->copy_in(tail_, std::as_bytes(std::span(words)));
    this->copy_in(tail_ + kFrameUnit, frame);
    publish(needed);
    return {SpscStatus::done, frame.size()};
  }

  /// Pushes all of `data`, sleeping while there is no room; data larger than the ring flows through.
  /// Errors: as try_push, with the count of bytes that were pushed before.
  Transfer push(std::span<const std::byte> data) {
    std::size_t pushed = 0;
    for (;;) {
      const Transfer part = try_push(data.subspan(pushed));
      pushed += part.count;
      if (part.status != SpscStatus::full && (part.status != SpscStatus::done || pushed == data.size())) {
        return {part.status, pushed};
      }
      // Half a ring at least: a wake-up for each popped byte would cost more than the bytes.
      if (pushed < data.size()) await_room(std::min<std::size_t>(data.size() - pushed, this->capacity_ / 2));
    }
  }

  /// Pushes one frame, sleeping while there is no room. Errors: as try_push_frame.
  Transfer push_frame(std::span<const std::byte> frame) {
    for (;;) {
      const Transfer result = try_push_frame(frame);
      if (result.status != SpscStatus::full) return result;
      await_room(framed_size(frame.size()));
    }
  }

  /// Says that nothing more will come: the consumer gets what is there, then `ended`. Closing again does nothing.
  void close() { this->end(this->header_->consumer_sleeps); }

  /// Bytes that can be pushed now; the consumer can only make it more.
  [[nodiscard]] std::size_t room() { return room(this->capacity_); }

 private:
  SpscStatus refusal(SpscMode mode) const {
    if (this->mode() != mode) return SpscStatus::wrong_mode;
    if (this->has_ended(SpscHeader::kProducerBit | SpscHeader::kConsumerBit)) [[unlikely]] {
      return this->has_ended(SpscHeader::kProducerBit) ? SpscStatus::closed : SpscStatus::abandoned;
    }
    return SpscStatus::done;
  }

  // The bytes between tail and head; looks at the head again when `wanted` are not known to be free. A head that no
  // consumer has written makes it larger than the capacity.
  std::uint32_t room(std::size_t wanted) {
    const std::uint32_t room_seen = this->capacity_ - (tail_ - head_seen_);
    if (room_seen >= wanted) return room_seen;
    head_seen_ = this->header_->head.load(Orders::kObserve);  // acquire; pairs with the store in SpscConsumer::publish
    return this->capacity_ - (tail_ - head_seen_);
  }

  void publish(std::uint32_t count) {
    tail_ += count;
    SpscHeader& header = *this->header_;
    header.tail.store(tail_, Orders::kPublish);  // release of the bytes; pairs with the load in SpscConsumer::available
    // seq_cst, after the store above; pairs with the store in sleep_until
    if (header.consumer_sleeps.load(std::memory_order_seq_cst) != 0) [[unlikely]] this->wake(header.consumer_sleeps);
  }

  void await_room(std::size_t wanted) {
    SpscHeader& header = *this->header_;
    this->sleep_until(header.producer_sleeps, static_cast<std::uint32_t>(wanted), [&] {
      head_seen_ = header.head.load(std::memory_order_seq_cst);  // pairs with the store in SpscConsumer::publish
      return this->capacity_ - (tail_ - head_seen_) >= wanted || this->has_ended(SpscHeader::kConsumerBit);
    });
  }

  std::uint32_t tail_;       // ours; the header has a copy
  std::uint32_t head_seen_;  // the consumer's, when we last had to look
};

/// The popping end. Made by SpscRing::consumer. Destroying it does not abandon the ring: another may take over.
template <class Orders = SpscOrders>
class SpscConsumer : public SpscEnd<Orders> {
 public:
  explicit SpscConsumer(SpscHeader* header)
      : SpscEnd<Orders>(header, SpscHeader::kConsumerBit),
        head_(header->head.load(std::memory_order_relaxed)),  // our own word; the claim ordered it after its last store
        tail_seen_(header->tail.load(Orders::kObserve)) {}

  /// Pops up to out.size() bytes: done with their count (0 only when no room was given), empty, or ended.
  /// Errors: wrong_mode, corrupt.
  [[nodiscard]] Transfer try_pop(std::span<std::byte> out) {
    if (this->mode() != SpscMode::bytes) return {SpscStatus::wrong_mode, 0};
    if (out.empty()) return {};
    std::uint32_t ready = available(out.size());
    if (ready == 0) [[unlikely]] {
      if (const SpscStatus status = look_again(ready); ready == 0) return {status, 0};
    }
    if (ready > this->capacity_) return {SpscStatus::corrupt, 0};
    const std::size_t count = std::min<std::size_t>(out.size(), ready);
    this->copy_out(head_, out.first(count));
    publish(static_cast<std::uint32_t>(count));
    return {SpscStatus::done, count};
  }

  /// Pops one frame into the front of `out`: done with its length (which may be 0), empty, or ended.
  /// Errors: too_small (with the length; the frame stays), wrong_mode, corrupt.
  [[nodiscard]] Transfer try_pop_frame(std::span<std::byte> out) {
    if (this->mode() != SpscMode::frames) return {SpscStatus::wrong_mode, 0};
    std::uint32_t ready = available(kFrameUnit);
    if (ready == 0) [[unlikely]] {
      if (const SpscStatus status = look_again(ready); ready == 0) return {status, 0};
    }
    if (ready < kFrameUnit || ready > this->capacity_) return {SpscStatus::corrupt, 0};
    std::uint32_t length = 0;
    this->copy_out(head_, std::as_writable_bytes(std::span(&length, 1)));
    const std::uint64_t framed = framed_size(length);
    if (framed > ready) return {SpscStatus::corrupt, 0};  // frames are published whole
    if (length > out.size()) return {SpscStatus::too_small, length};
    this->copy_out(head_ + kFrameUnit, out.first(length));
    publish(static_cast<std::uint32_t>(framed));
    return {SpscStatus::done, length};
  }

  /// Pops up to out.size() bytes, sleeping until there is one: done or ended. Errors: wrong_mode, corrupt.
  Transfer pop(std::span<std::byte> out) {
    for (;;) {
      const Transfer result = try_pop(out);
      if (result.status != SpscStatus::empty) return result;
      await_bytes();
    }
  }

  /// Pops one frame, sleeping until there is one: done or ended. Errors: as try_pop_frame.
  Transfer pop_frame(std::span<std::byte> out) {
    for (;;) {
      const Transfer result = try_pop_frame(out);
      if (result.status != SpscStatus::empty) return result;
      await_bytes();
    }
  }

  /// Says that nothing more will be popped: pushes are refused from now on, and a sleeping producer wakes.
  void abandon() { this->end(this->header_->producer_sleeps); }

  /// Bytes that can be popped now, the words and paddings of frames included; the producer can only make it more.
  [[nodiscard]] std::size_t available() { return available(this->capacity_); }

 private:
  // The bytes between head and tail; looks at the tail again when `wanted` are not known to be there.
  std::uint32_t available(std::size_t wanted) {
    const std::uint32_t ready = tail_seen_ - head_;
    if (ready >= wanted) return ready;
    tail_seen_ = this->header_->tail.load(Orders::kObserve);  // acquire; pairs with the store in SpscProducer::publish
    return tail_seen_ - head_;
  }

  // Nothing was there. The last push comes before the close, so once that is seen, one more look at the tail is final.
  SpscStatus look_again(std::uint32_t& ready) {
    if (!this->has_ended(SpscHeader::kProducerBit)) return SpscStatus::empty;
    ready = available(1);
    return SpscStatus::ended;
  }

  void publish(std::uint32_t count) {
    head_ += count;
    SpscHeader& header = *this->header_;
    header.head.store(head_, Orders::kPublish);  // release of the memory; pairs with the load in SpscProducer::room
    // seq_cst, after the store above; pairs with the store in sleep_until
    const std::uint32_t wanted = header.producer_sleeps.load(std::memory_order_seq_cst);
    if (wanted == 0) [[likely]] return;
    // The producer sleeps or is about to look: its tail stands still, or it will see our head.
    const std::uint32_t room = this->capacity_ - (header.tail.load(Orders::kObserve) - head_);
    if (room >= wanted) this->wake(header.producer_sleeps);
  }

  void await_bytes() {
    SpscHeader& header = *this->header_;
    this->sleep_until(header.consumer_sleeps, 1, [&] {
      tail_seen_ = header.tail.load(std::memory_order_seq_cst);  // pairs with the store in SpscProducer::publish
      return tail_seen_ != head_ || this->has_ended(SpscHeader::kProducerBit);
    });
  }

  std::uint32_t head_;       // ours; the header has a copy
  std::uint32_t tail_seen_;  // the producer's, when we last had to look
};

/// A region that is a ring, with or without owning its memory. Outlives its producer and its consumer.
template <class Orders = SpscOrders>
class SpscRing {
 public:
  /// Powers of two from 64 to 2^30. Nothing is rounded.
  static constexpr bool valid_capacity(std::uint64_t capacity) {
    return capacity >= kSpscCapacityMin && capacity <= kSpscCapacityMax && std::has_single_bit(capacity);
  }

  /// Size of the region that a ring of this capacity takes.
  static constexpr std::size_t region_size(std::uint32_t capacity) { return sizeof(SpscHeader) + capacity; }

  /// A ring in memory of its own. nullopt when the capacity is not valid or when there is no memory.
  [[nodiscard]] static std::optional<SpscRing> create(std::uint64_t capacity, SpscMode mode) {
    if (!valid_capacity(capacity)) return std::nullopt;
    Block<> memory = Block<>::acquire({}, region_size(static_cast<std::uint32_t>(capacity)));
    std::optional<SpscRing> ring = format({memory.data(), memory.size()}, capacity, mode);
    if (ring) ring->memory_ = std::move(memory);
    return ring;
  }

  /// Makes an empty ring of a region. nullopt when the capacity is not valid, the region too short for it or not
  /// aligned to kSpscAlignment, or `start`, the first position (which tests set near the wrap), not a multiple of 8.
  /// Requires: nobody uses the region; it outlives the ring.
  [[nodiscard]] static std::optional<SpscRing> format(std::span<std::byte> region, std::uint64_t capacity,
                                                      SpscMode mode, std::uint32_t start = 0) {
    if (!valid_capacity(capacity) || start % kFrameUnit != 0 || region.data() == nullptr) return std::nullopt;
    if (region.size() < sizeof(SpscHeader) + capacity || !is_aligned(region)) return std::nullopt;
    std::memset(region.data(), 0, sizeof(SpscHeader));
    auto* header = new (region.data()) SpscHeader;
    header->magic = kSpscMagic;
    header->version = kSpscVersion;
    header->capacity = static_cast<std::uint32_t>(capacity);
    header->mode = static_cast<std::uint32_t>(mode);
    header->claims.store(0, std::memory_order_relaxed);  // relaxed: nobody else has the region yet
    header->ended.store(0, std::memory_order_relaxed);
    header->head.store(start, std::memory_order_relaxed);
    header->tail.store(start, std::memory_order_relaxed);
    header->consumer_sleeps.store(0, std::memory_order_relaxed);
    header->producer_sleeps.store(0, std::memory_order_relaxed);
    return SpscRing(header);
  }

  /// Says why a region is no ring, SpscFault::none when it is one.
  [[nodiscard]] static SpscFault examine(std::span<std::byte> region) {
    if (!is_aligned(region)) return SpscFault::misaligned;
    if (region.size() < sizeof(SpscHeader)) return SpscFault::short_region;
    const auto* header = reinterpret_cast<const SpscHeader*>(region.data());
    if (header->magic != kSpscMagic) return SpscFault::bad_magic;
    if (header->version != kSpscVersion) return SpscFault::bad_version;
    if (!valid_capacity(header->capacity)) return SpscFault::bad_capacity;
    if (region.size() < sizeof(SpscHeader) + header->capacity) return SpscFault::short_region;
    const auto mode = static_cast<SpscMode>(header->mode);
    return mode == SpscMode::bytes || mode == SpscMode::frames ? SpscFault::none : SpscFault::bad_mode;
  }

  /// The ring in a region that was formatted before. nullopt when it is none (see examine).
  /// Requires: the region outlives the ring.
  [[nodiscard]] static std::optional<SpscRing> attach(std::span<std::byte> region) {
    if (examine(region) != SpscFault::none) return std::nullopt;
    return SpscRing(reinterpret_cast<SpscHeader*>(region.data()));
  }

  /// The pushing end; nullopt while somebody has it.
  [[nodiscard]] std::optional<SpscProducer<Orders>> producer() {
    if (!claim(SpscHeader::kProducerBit)) return std::nullopt;
    return std::optional<SpscProducer<Orders>>(std::in_place, header_);
  }

  /// The popping end; nullopt while somebody has it.
  [[nodiscard]] std::optional<SpscConsumer<Orders>> consumer() {
    if (!claim(SpscHeader::kConsumerBit)) return std::nullopt;
    return std::optional<SpscConsumer<Orders>>(std::in_place, header_);
  }

  [[nodiscard]] std::size_t capacity() const { return header_->capacity; }
  [[nodiscard]] SpscMode mode() const { return static_cast<SpscMode>(header_->mode); }

  /// How many bytes the ring holds, more or less: both sides may move between the two loads, and after them. For
  /// statistics; to know, ask the consumer's available() or the producer's room().
  [[nodiscard]] std::size_t size_guess() const {
    // Acquire keeps the loads in this order, so that the tail is not older than the head; pairs with kPublish.
    const std::uint32_t head = header_->head.load(std::memory_order_acquire);
    const std::uint32_t tail = header_->tail.load(std::memory_order_relaxed);
    return std::min(tail - head, header_->capacity);
  }

  /// The whole region: header and data.
  [[nodiscard]] std::span<std::byte> region() const {
    return {reinterpret_cast<std::byte*>(header_), region_size(header_->capacity)};
  }

 private:
  explicit SpscRing(SpscHeader* header) : header_(header) {}

  static bool is_aligned(std::span<std::byte> region) {
    return reinterpret_cast<std::uintptr_t>(region.data()) % kSpscAlignment == 0;
  }

  bool claim(std::uint32_t bit) {
    // acquire: pairs with the release in ~SpscEnd
    return (header_->claims.fetch_or(bit, std::memory_order_acq_rel) & bit) == 0;
  }

  Block<> memory_;
  SpscHeader* header_;
};

}  // namespace conveyor::ring

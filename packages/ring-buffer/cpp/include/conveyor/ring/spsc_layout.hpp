#pragma once
/// How a single-producer single-consumer ring lies in memory: one region, a header of 256 bytes, then the data. The
/// TypeScript twin (`spsc-layout.ts` of @libconveyor/ring-buffer) uses the same offsets on a SharedArrayBuffer, and a
/// recorded trace compares whole regions of both byte by byte. All words are 32 bits, little-endian.

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace conveyor::ring {

/// What a ring carries, fixed when it is formatted.
enum class SpscMode : std::uint32_t {
  bytes = 1,   ///< a stream without borders
  frames = 2,  ///< messages: each is its length, a word of zero, its bytes, and padding to a multiple of 8
};

/// How a call went. Everything but `done` has changed nothing.
enum class SpscStatus : std::uint8_t {
  done,
  full,        ///< not enough room now
  empty,       ///< nothing to pop now, more may come
  ended,       ///< nothing to pop, and the producer has closed: nothing will come
  closed,      ///< pushed after close
  abandoned,   ///< the consumer will not pop any more
  too_large,   ///< the frame can never fit this ring
  too_small,   ///< the frame does not fit the memory given; `count` says how long it is
  wrong_mode,  ///< bytes of a ring of frames, or the other way round
  corrupt,     ///< the region holds what neither end writes
};

/// Why a region is no ring. `none` means that it is one.
enum class SpscFault : std::uint8_t { none, misaligned, short_region, bad_magic, bad_version, bad_capacity, bad_mode };

inline constexpr std::uint32_t kSpscMagic = 0x52535643;  // "CVSR" in memory
inline constexpr std::uint32_t kSpscVersion = 1;
inline constexpr std::uint32_t kSpscCapacityMin = 64;
inline constexpr std::uint32_t kSpscCapacityMax = std::uint32_t{1} << 30;
inline constexpr std::size_t kSpscAlignment = 64;
/// Bytes in front of a frame's content, and what frames are padded to.
inline constexpr std::uint32_t kFrameUnit = 8;

/// The first 256 bytes of a region. Positions count bytes since the start, modulo 2^32; a byte at position p lies at
/// data[p mod capacity], and tail - head (modulo 2^32) is what the ring holds, 0 to capacity.
///
/// The words that different threads write often are on cache lines of their own.
struct SpscHeader {
  // Constant after format.
  std::uint32_t magic;     // offset   0
  std::uint32_t version;   // offset   4
  std::uint32_t capacity;  // offset   8  bytes of data, a power of two
  std::uint32_t mode;      // offset  12  SpscMode
  // Written rarely, by both.
  std::atomic<std::uint32_t> claims;  // offset  16  kProducerBit, kConsumerBit: who is attached
  std::atomic<std::uint32_t> ended;   // offset  20  kProducerBit: closed; kConsumerBit: abandoned
  // Written by the consumer.
  alignas(64) std::atomic<std::uint32_t> head;  // offset  64
  // Written by the producer.
  alignas(64) std::atomic<std::uint32_t> tail;  // offset 128
  // Written by whoever goes to sleep, and by the one who wakes it; read by the other at each push or pop. 0 = awake,
  // else how many bytes (to pop, or of room) are waited for. They are the words that are waited on.
  alignas(64) std::atomic<std::uint32_t> consumer_sleeps;  // offset 192
  std::atomic<std::uint32_t> producer_sleeps;              // offset 196

  static constexpr std::uint32_t kProducerBit = 1;
  static constexpr std::uint32_t kConsumerBit = 2;
};

static_assert(std::endian::native == std::endian::little, "regions are little-endian");
static_assert(std::atomic<std::uint32_t>::is_always_lock_free && sizeof(std::atomic<std::uint32_t>) == 4);
static_assert(std::is_standard_layout_v<SpscHeader>);
static_assert(offsetof(SpscHeader, claims) == 16 && offsetof(SpscHeader, ended) == 20);
static_assert(offsetof(SpscHeader, head) == 64 && offsetof(SpscHeader, tail) == 128);
static_assert(offsetof(SpscHeader, consumer_sleeps) == 192 && offsetof(SpscHeader, producer_sleeps) == 196);
static_assert(sizeof(SpscHeader) == 256);

/// Bytes that a frame takes in the ring.
constexpr std::uint64_t framed_size(std::uint64_t length) {
  return kFrameUnit + ((length + (kFrameUnit - 1)) & ~std::uint64_t{kFrameUnit - 1});
}

}  // namespace conveyor::ring

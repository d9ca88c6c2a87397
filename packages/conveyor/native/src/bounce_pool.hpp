// Memory of our own for bytes on their way between JavaScript and the engine.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace conveyor_node {

/// One piece of memory from a BouncePool; empty after default construction.
struct Block {
  std::byte* data = nullptr;
  uint8_t size_class = 0;

  explicit operator bool() const { return data != nullptr; }
};

/// Recycled memory for bytes that an engine operation may touch after it has returned to JavaScript.
///
/// Why it exists: JavaScript may transfer (detach), resize or drop a buffer while an operation is pending. Node-API
/// can keep the ArrayBuffer object alive, but not its memory, so a pool thread that still holds the pointer would
/// touch freed memory. Operations on buffers that callers own therefore go through a block, which stays with the
/// operation until it has completed. Sizes are powers of two, so that a pending operation of a few bytes holds few
/// bytes.
///
/// Threads: the environment's JavaScript thread only; other threads touch the memory of blocks that are out.
class BouncePool {
 public:
  BouncePool() = default;
  BouncePool(const BouncePool&) = delete;
  BouncePool& operator=(const BouncePool&) = delete;
  ~BouncePool();

  /// A block of at least `size` bytes, not initialized; empty when there is no memory.
  Block take(size_t size);
  void give_back(Block block);

 private:
  static constexpr int kSmallestBits = 8;
  static constexpr int kLargestBits = 22;  // larger blocks come from malloc and return to it
  static constexpr size_t kIdleBytesPerClass = size_t{4} << 20;
  static constexpr uint8_t kUnpooled = 0xff;

  struct Class {
    std::vector<std::byte*> idle;
  };

  std::array<Class, kLargestBits - kSmallestBits + 1> classes_;
};

inline Block BouncePool::take(size_t size) {
  const int bits = size <= (size_t{1} << kSmallestBits) ? kSmallestBits : static_cast<int>(std::bit_width(size - 1));
  if (bits > kLargestBits) return {static_cast<std::byte*>(__builtin_malloc(size)), kUnpooled};
  const auto size_class = static_cast<uint8_t>(bits - kSmallestBits);
  auto& idle = classes_[size_class].idle;
  if (idle.empty()) return {static_cast<std::byte*>(__builtin_malloc(size_t{1} << bits)), size_class};
  Block block{idle.back(), size_class};
  idle.pop_back();
  return block;
}

}  // namespace conveyor_node

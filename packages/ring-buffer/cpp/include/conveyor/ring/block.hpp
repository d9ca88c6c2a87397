#pragma once
/// Memory of a ring: uninitialised blocks from a small allocator, each with one owner.

#include <concepts>
#include <cstddef>
#include <cstdlib>
#include <utility>

namespace conveyor::ring {

/// Blocks start on a cache line.
inline constexpr std::size_t kBlockAlignment = 64;

/// What a ring takes its memory from. A small copyable object: each block keeps a copy, to be given back through.
///
/// - `acquire(size)`: `size` bytes, uninitialised, aligned to kBlockAlignment, or nullptr when there are none now
/// - `release(data, size)`: takes back what `acquire(size)` gave
template <class A>
concept RingAllocator = std::copy_constructible<A> && requires(A allocator, std::byte* data, std::size_t size) {
  { allocator.acquire(size) } -> std::same_as<std::byte*>;
  allocator.release(data, size);
};

/// Memory from the heap. Threads: any.
struct HeapAllocator {
  /// Requires: `size` is a multiple of kBlockAlignment, which the capacities of rings are.
  std::byte* acquire(std::size_t size) const {
    return static_cast<std::byte*>(std::aligned_alloc(kBlockAlignment, size));
  }
  void release(std::byte* data, std::size_t) const { std::free(data); }
};

/// Owns one block; empty when default-made or moved from. Threads: one owner.
template <RingAllocator Allocator = HeapAllocator>
class Block {
 public:
  explicit Block(Allocator allocator = {}) noexcept
    requires std::default_initializable<Allocator>
      : allocator_(std::move(allocator)) {}

  /// A block of `size` bytes, or an empty one when the allocator has none. A size of 0 does not ask it.
  static Block acquire(Allocator allocator, std::size_t size) {
    if (size == 0) return Block(std::move(allocator), nullptr, 0);
    std::byte* data = allocator.acquire(size);
    return Block(std::move(allocator), data, data == nullptr ? 0 : size);
  }

  Block(Block&& other) noexcept
      : allocator_(other.allocator_),
        data_(std::exchange(other.data_, nullptr)),
        size_(std::exchange(other.size_, 0)) {}

  Block& operator=(Block&& other) noexcept {
    Block moved(std::move(other));
    std::swap(allocator_, moved.allocator_);
    std::swap(data_, moved.data_);
    std::swap(size_, moved.size_);
    return *this;
  }

  ~Block() {
    if (data_ != nullptr) allocator_.release(data_, size_);
  }

  [[nodiscard]] std::byte* data() const { return data_; }
  [[nodiscard]] std::size_t size() const { return size_; }
  explicit operator bool() const { return data_ != nullptr; }

 private:
  Block(Allocator allocator, std::byte* data, std::size_t size) noexcept
      : allocator_(std::move(allocator)), data_(data), size_(size) {}

  [[no_unique_address]] Allocator allocator_;
  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace conveyor::ring

// Where rings and read-ahead get their bytes: counted against a budget that several handles share.
#pragma once

#include <cstddef>
#include <utility>

namespace conveyor {

/// Source of uninitialised blocks. Threads: an implementation that serves several engines is thread safe.
class Memory {
 public:
  /// `size` bytes, aligned to 64, or nullptr when the budget does not allow it now.
  virtual std::byte* acquire(size_t size) = 0;
  virtual void release(std::byte* data, size_t size) = 0;

 protected:
  ~Memory() = default;
};

/// Owns one block of a Memory.
class Block {
 public:
  Block() = default;
  static Block from(Memory& memory, size_t size) { return Block(memory, memory.acquire(size), size); }
  Block(Block&& other) noexcept { swap(other); }
  Block& operator=(Block&& other) noexcept {
    Block moved(std::move(other));
    swap(moved);
    return *this;
  }
  ~Block() {
    if (data_) memory_->release(data_, size_);
  }

  std::byte* data() const { return data_; }
  size_t size() const { return data_ ? size_ : 0; }
  explicit operator bool() const { return data_ != nullptr; }

 private:
  Block(Memory& memory, std::byte* data, size_t size) : memory_(&memory), data_(data), size_(size) {}
  void swap(Block& other) noexcept {
    std::swap(memory_, other.memory_);
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
  }

  Memory* memory_ = nullptr;
  std::byte* data_ = nullptr;
  size_t size_ = 0;
};

}  // namespace conveyor

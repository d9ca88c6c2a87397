// Where rings and read-ahead get their bytes: counted against a budget that several handles share.
#pragma once

#include <conveyor/ring/block.hpp>
#include <cstddef>

namespace conveyor {

/// Source of uninitialised blocks. Threads: an implementation that serves several engines is thread safe.
class Memory {
 public:
  /// `size` bytes, aligned to 64, or nullptr when the budget does not allow it now.
  virtual std::byte* acquire(size_t size) = 0;
  virtual void release(std::byte* data, size_t size) = 0;
  /// Counts `bytes` that are held elsewhere; negative when they are given back. Never refused: what may be acquired
  /// shrinks instead.
  virtual void charge(int64_t /*bytes*/) {}

 protected:
  ~Memory() = default;
};

/// A Memory as the rings take it.
struct MemorySource {
  Memory* memory = nullptr;

  std::byte* acquire(size_t size) const { return memory->acquire(size); }
  void release(std::byte* data, size_t size) const { memory->release(data, size); }
};

/// Owns one block of a Memory, or nothing.
using Block = ring::Block<MemorySource>;

inline Block acquire_block(Memory& memory, size_t size) { return Block::acquire(MemorySource{&memory}, size); }

}  // namespace conveyor

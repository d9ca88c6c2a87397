// What a conveyor_t * really is: an index and a generation. So a handle that is closed, forged or inherited by a forked
// child is recognised, and no call ever touches freed memory.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>

#include "shell/slim_mutex.hpp"
#include "shell/sync_point.hpp"

namespace conveyor {

class Handle;

/// Lives for ever once made; its lock guards the handle in it and the handle's engine.
struct alignas(64) Cell {
  SlimMutex mutex;
  // Guarded by mutex.
  Handle* handle = nullptr;  // nullptr: free
  uint64_t generation = 1;
  // Guarded by the table.
  uint32_t index = 0;
  Cell* next_free = nullptr;

  uint64_t token() const { return generation << 24 | (index + 1); }
};
static_assert(sizeof(void*) == 8, "a handle needs 64 bits");

/// One table per process. Threads: all functions from any thread.
class HandleTable {
 public:
  /// Gives the handle a cell; returns it, or nullptr when there are 2^22 already.
  static Cell* add(Handle* handle);
  /// Its token is dead from now on. Requires: the cell's lock is not held.
  static void remove(Cell* cell);
  /// The cell that a token names, if its index exists. The caller locks it and compares the generation.
  static Cell* find(uint64_t token) {
    uint64_t index = (token & 0xffffff) - 1;
    // Both are only ever written before the token that needs them is handed out.
    if (index >= count_.load(std::memory_order_acquire)) return nullptr;
    if (index < first_valid_.load(std::memory_order_relaxed)) return nullptr;  // inherited across fork [C3]
    return &slabs_[index / kSlabCells].load(std::memory_order_acquire)[index % kSlabCells];
  }
  /// Calls visit(token) for every open handle, without any lock.
  template <class Visit>
  static void for_each(Visit visit) {
    uint64_t count = count_.load(std::memory_order_acquire);
    for (uint64_t i = first_valid_.load(std::memory_order_relaxed); i < count; ++i) {
      Cell& cell = slabs_[i / kSlabCells].load(std::memory_order_acquire)[i % kSlabCells];
      uint64_t token = 0;
      {
        CONVEYOR_SYNC_WAITS("cell.lock");
        std::lock_guard lock(cell.mutex);
        CONVEYOR_SYNC_POINT("table.visits");
        if (cell.handle) token = cell.token();
      }
      if (token) visit(token);
    }
  }
  /// In a forked child: all handles so far are unusable. Takes no lock.
  static void abandon();

 private:
  static constexpr size_t kSlabCells = 1024;
  static constexpr size_t kSlabs = 4096;
  static std::mutex mutex_;
  static std::atomic<Cell*> slabs_[kSlabs];
  static std::atomic<uint64_t> count_;
  static std::atomic<uint64_t> first_valid_;
  static Cell* free_first_;  // reused oldest first, so that a stale token stays recognisable for long
  static Cell* free_last_;
};

}  // namespace conveyor

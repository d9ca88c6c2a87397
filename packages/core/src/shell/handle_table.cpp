#include "shell/handle_table.hpp"

#include <new>

#include "shell/sync_point.hpp"

namespace conveyor {

std::mutex HandleTable::mutex_;
std::atomic<Cell*> HandleTable::slabs_[HandleTable::kSlabs];
std::atomic<uint64_t> HandleTable::count_{0};
std::atomic<uint64_t> HandleTable::first_valid_{0};
Cell* HandleTable::free_first_ = nullptr;
Cell* HandleTable::free_last_ = nullptr;

Cell* HandleTable::add(Handle* handle) {
  CONVEYOR_SYNC_WAITS("table.lock");
  std::lock_guard table_lock(mutex_);
  Cell* cell = free_first_;
  if (cell) {
    free_first_ = cell->next_free;
    if (!free_first_) free_last_ = nullptr;
  } else {
    uint64_t index = count_.load(std::memory_order_relaxed);
    if (index >= kSlabCells * kSlabs) return nullptr;
    auto& slab = slabs_[index / kSlabCells];
    if (index % kSlabCells == 0 || !slab.load(std::memory_order_relaxed))
      slab.store(new Cell[kSlabCells], std::memory_order_release);  // pairs with find()
    cell = &slab.load(std::memory_order_relaxed)[index % kSlabCells];
    cell->index = static_cast<uint32_t>(index);
    count_.store(index + 1, std::memory_order_release);  // pairs with find()
  }
  cell->next_free = nullptr;
  std::lock_guard lock(cell->mutex);
  CONVEYOR_SYNC_POINT("table.adds");
  cell->handle = handle;
  return cell;
}

void HandleTable::remove(Cell* cell) {
  {
    CONVEYOR_SYNC_WAITS("cell.lock");
    std::lock_guard lock(cell->mutex);
    cell->handle = nullptr;
    ++cell->generation;
  }
  CONVEYOR_SYNC_POINT("table.removed");
  CONVEYOR_SYNC_WAITS("table.lock");
  std::lock_guard table_lock(mutex_);
  (free_last_ ? free_last_->next_free : free_first_) = cell;
  free_last_ = cell;
}

void HandleTable::abandon() {
  new (&mutex_) std::mutex;
  // A new slab for the child: the old one's locks may be held by threads that do not exist here.
  uint64_t count = (count_.load(std::memory_order_relaxed) + kSlabCells - 1) / kSlabCells * kSlabCells;
  count_.store(count, std::memory_order_relaxed);
  first_valid_.store(count, std::memory_order_relaxed);
  free_first_ = free_last_ = nullptr;
}

}  // namespace conveyor

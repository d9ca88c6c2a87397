// Which bytes of the file stand in the write ring, and where.
#pragma once

#include <cstdint>
#include <map>

#include "engine/backend_op.hpp"
#include "engine/intrusive_list.hpp"
#include "engine/planted.hpp"
#include "engine/range.hpp"

namespace conveyor {

/// A run of accepted bytes at a file offset.
struct Extent {
  uint64_t offset;
  uint64_t length;
  uint64_t position;        // in the write ring
  BackendOp* op = nullptr;  // the backend write that carries it, while it is in flight
  bool landed = false;      // kept until a sync
  uint32_t epoch = 0;       // landed: syncs begun before that
  Extent* prev = nullptr;   // among the queued ones
  Extent* next = nullptr;

  uint64_t end() const { return offset + length; }
  Range range() const { return {offset, end()}; }
  bool queued() const { return op == nullptr && !landed; }
};

/// Ordered, non-overlapping extents; the queued ones also in the order in which they were accepted. Not thread safe.
class ExtentIndex {
 public:
  ExtentIndex() = default;
  ExtentIndex(const ExtentIndex&) = delete;
  ExtentIndex& operator=(const ExtentIndex&) = delete;

  bool empty() const { return extents_.empty(); }
  /// End of the last extent, 0 when there is none.
  uint64_t end() const { return extents_.empty() ? 0 : extents_.rbegin()->second.end(); }
  /// The first extent that ends after `offset`, or nullptr.
  Extent* at_or_after(uint64_t offset);
  Extent* next_of(const Extent& extent);
  Extent* prev_of(const Extent& extent);
  bool overlaps(Range range) {
    Extent* first = at_or_after(range.begin);
    return first && first->offset < range.end;
  }

  /// Oldest queued extent.
  Extent* oldest_queued() const { return queued_.front(); }

  /// Adds an extent where there is none; a queued one counts as the youngest.
  Extent* insert(const Extent& extent);
  /// Splits in two at `offset`, which lies strictly inside; the left part stays where it is.
  void split(Extent& extent, uint64_t offset);
  /// Removes [range), calling gone(extent) for every removed piece.
  template <class Gone>
  void carve(Range range, Gone gone) {
    while (Extent* extent = at_or_after(range.begin)) {
      if (extent->offset >= range.end) return;
      if (extent->offset < range.begin) {
        split(*extent, range.begin);
        continue;
      }
      if (extent->end() > range.end && !planted(Bug::kLostExtent)) split(*extent, range.end);
      gone(static_cast<const Extent&>(*extent));
      erase(*extent);
    }
  }
  void erase(Extent& extent);

  /// The backend takes a queued extent.
  void take_off(Extent& extent, BackendOp& op);
  /// A failed write gives it back: queued again, at its age.
  void requeue(Extent& extent);
  /// Landed, but kept.
  void keep(Extent& extent, uint32_t epoch) {
    extent.op = nullptr;
    extent.landed = true;
    extent.epoch = epoch;
  }

  /// All extents in file order.
  template <class Visit>
  void for_each(Visit visit) {
    for (auto it = extents_.begin(); it != extents_.end();) {
      Extent& extent = (it++)->second;
      visit(extent);
    }
  }

 private:
  std::map<uint64_t, Extent> extents_;  // by offset
  IntrusiveList<Extent> queued_;        // by position
};

}  // namespace conveyor

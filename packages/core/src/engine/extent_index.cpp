#include "engine/extent_index.hpp"

#include <iterator>

namespace conveyor {

Extent* ExtentIndex::at_or_after(uint64_t offset) {
  auto after = extents_.upper_bound(offset);
  if (after != extents_.begin()) {
    auto before = std::prev(after);
    if (before->second.end() > offset) return &before->second;
  }
  return after == extents_.end() ? nullptr : &after->second;
}

Extent* ExtentIndex::next_of(const Extent& extent) {
  auto it = extents_.upper_bound(extent.offset);
  return it == extents_.end() ? nullptr : &it->second;
}

Extent* ExtentIndex::prev_of(const Extent& extent) {
  auto it = extents_.lower_bound(extent.offset);
  return it == extents_.begin() ? nullptr : &std::prev(it)->second;
}

Extent* ExtentIndex::insert(const Extent& extent) {
  Extent* added = &extents_.emplace(extent.offset, extent).first->second;
  added->prev = added->next = nullptr;
  if (added->queued()) queued_.push_back(added);
  return added;
}

void ExtentIndex::split(Extent& extent, uint64_t offset) {
  uint64_t left = offset - extent.offset;
  Extent right = extent;
  right.offset += left;
  right.position += left;
  right.length -= left;
  extent.length = left;
  Extent* added = &extents_.emplace(right.offset, right).first->second;
  added->prev = added->next = nullptr;
  if (added->queued()) queued_.insert_before(extent.next, added);
}

void ExtentIndex::erase(Extent& extent) {
  if (extent.queued()) queued_.remove(&extent);
  extents_.erase(extent.offset);
}

void ExtentIndex::take_off(Extent& extent, BackendOp& op) {
  queued_.remove(&extent);
  extent.op = &op;
}

void ExtentIndex::requeue(Extent& extent) {
  extent.op = nullptr;
  extent.landed = false;
  Extent* after = queued_.front();
  while (after && after->position < extent.position) after = after->next;
  queued_.insert_before(after, &extent);
}

}  // namespace conveyor

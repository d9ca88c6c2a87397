#include "engine/extent_writes.hpp"

#include <algorithm>

#include "engine/planted.hpp"
#include "engine/read_side.hpp"

namespace conveyor {
namespace {

constexpr size_t kPiecesMax = 512;  // of one backend write; half of Linux's IOV_MAX, for extents that wrap
constexpr uint64_t kCutAlign = 4096;

}  // namespace

void ExtentWrites::accept_bytes(Request& request, size_t count) {
  uint64_t offset = static_cast<uint64_t>(request.offset) + request.accepted;
  Range range{offset, offset + count};
  if (rewrite_in_place(request, range)) return;
  uint64_t position = ring_.append(request.iov, request.iov_count, request.accepted, count);
  ledger_.accepted(count);
  queued_ += count;
  supersede(range);
  if (youngest_ && youngest_->end() == offset && youngest_->position + youngest_->length == position) {
    youngest_->length += count;
  } else {
    youngest_ = extents_.insert({offset, count, position});
  }
}

void ExtentWrites::extend_youngest(uint64_t count) { youngest_->length += count; }

// Clause: W5. Only when queued extents cover all of it, so that the log gains nothing.
bool ExtentWrites::rewrite_in_place(const Request& request, Range range) {
  if (reads_->reads_now(range, UINT64_MAX)) return false;
  uint64_t covered = range.begin;
  for (Extent* e = extents_.at_or_after(range.begin); covered < range.end; e = extents_.next_of(*e)) {
    if (!e || e->offset > covered || !e->queued()) return false;
    covered = e->end();
  }
  for (Extent* e = extents_.at_or_after(range.begin); e && e->offset < range.end; e = extents_.next_of(*e)) {
    Range part = e->range().clipped(range);
    size_t skip = request.accepted + (part.begin - range.begin);
    ring_.overwrite(e->position + (part.begin - e->offset), request.iov, request.iov_count, skip, part.length());
  }
  counters_.totals.rewrites_in_place += range.length();
  return true;
}

void ExtentWrites::supersede(Range range) {
  extents_.carve(range, [&](const Extent& old) {
    if (&old == youngest_) youngest_ = nullptr;
    if (old.op) return;  // its ring space is the backend's until it is done
    ring_.drop(old.position, old.length);
    if (old.landed) return;
    queued_ -= old.length;
    ledger_.replaced(old.position, old.length, ring_.tail());
    if (old.position < land_before_) land_before_ = ring_.tail();
  });
}

void ExtentWrites::open_lane(Range keep_out) {
  if (!youngest_ || !may_submit() || config_.write_through) return;
  size_t room;
  std::byte* at = ring_.lane(&room);
  uint64_t begin = youngest_->end();
  if (Extent* next = extents_.next_of(*youngest_)) room = std::min<uint64_t>(room, next->offset - begin);
  // The write that makes landing due is an event.
  if (queued_ < threshold()) room = std::min<uint64_t>(room, threshold() - queued_ - 1);
  room = std::min<uint64_t>(room, static_cast<uint64_t>(INT64_MAX) - begin);
  if (keep_out.contains(begin)) return;
  if (keep_out.begin > begin && !keep_out.empty()) room = std::min<uint64_t>(room, keep_out.begin - begin);
  lane_ = {at, begin, room, begin, 0};
}

bool ExtentWrites::blocked(const Extent& extent) const {
  if (planted(Bug::kReorderedOverlap)) return reads_->reads_now(extent.range(), extent.position);
  return ops_.overlaps(extent.range()) || reads_->reads_now(extent.range(), extent.position);
}

Extent* ExtentWrites::pick(bool demanded_only) {
  for (Extent* e = extents_.oldest_queued(); e; e = e->next) {
    if (demanded_only && e->position >= land_before_) return nullptr;
    if (!blocked(*e)) return e;
  }
  return nullptr;
}

bool ExtentWrites::submit_one(bool demanded_only) {
  if (ops_.writes_take_turns()) return false;
  if (ops_.writes() >= config_.write_depth) {
    Extent* oldest = extents_.oldest_queued();
    if (oldest && (!demanded_only || oldest->position < land_before_)) ops_.held_back(IoKind::kWrite);
    return false;
  }
  Extent* first = pick(demanded_only);
  if (!first) return false;
  if (first->length > config_.max_io) {
    uint64_t cut = first->offset + config_.max_io;
    uint64_t aligned = cut / kCutAlign * kCutAlign;
    extents_.split(*first, aligned > first->offset ? aligned : cut);
    if (first == youngest_) youngest_ = extents_.next_of(*first);
  }
  Extent* last = first;
  uint64_t total = first->length;
  size_t pieces = 1;
  auto joins = [&](Extent* e) {
    return e && e->queued() && total + e->length <= config_.max_io && pieces < kPiecesMax && !blocked(*e);
  };
  for (Extent* e = extents_.prev_of(*first); joins(e) && e->end() == first->offset; e = extents_.prev_of(*first)) {
    first = e;
    total += e->length;
    ++pieces;
  }
  for (Extent* e = extents_.next_of(*last); joins(e) && e->offset == last->end(); e = extents_.next_of(*last)) {
    last = e;
    total += e->length;
    ++pieces;
  }
  BackendOp* op = ops_.make(IoKind::kWrite, {first->offset, last->end()});
  for (Extent* e = first;; e = extents_.next_of(*e)) {
    load(op, *e);
    if (e == last) break;
  }
  op->ring_generation = ring_.pin();
  queued_ -= total;
  ops_.submit(op);
  return true;
}

void ExtentWrites::load(BackendOp* op, Extent& extent) {
  if (&extent == youngest_) youngest_ = nullptr;
  extents_.take_off(extent, *op);
  op->log.push_back({extent.position, extent.length});
  ring_.for_each_piece(extent.position, extent.length, [&](std::byte* data, size_t length) {
    op->pieces.push_back({data, length});
  });
}

void ExtentWrites::landed(BackendOp* op) {
  if (!planted(Bug::kStaleRead)) reads_->patch(*op, ring_);
  ring_.unpin(op->ring_generation);
  for (Extent* e = extents_.at_or_after(op->range.begin); e && e->offset < op->range.end;) {
    Extent* next = extents_.next_of(*e);
    if (e->op == op && config_.keep_until_sync) {
      ring_.hold(e->position, e->length);
      extents_.keep(*e, syncs_begun_);
    } else if (e->op == op) {
      extents_.erase(*e);
    }
    e = next;
  }
  for (LogRun run : op->log) ledger_.landed(run.position, run.length);
  drop_log(op);
  ring_.rewind();
}

void ExtentWrites::drop_log(BackendOp* op) {
  for (LogRun run : op->log) ring_.drop(run.position, run.length);
}

void ExtentWrites::give_back(BackendOp* op) {
  ring_.unpin(op->ring_generation);
  uint64_t returned = 0;
  for (Extent* e = extents_.at_or_after(op->range.begin); e && e->offset < op->range.end; e = extents_.next_of(*e)) {
    if (e->op != op) continue;
    if (!planted(Bug::kEarlyFree)) ring_.hold(e->position, e->length);
    extents_.requeue(*e);
    ledger_.accepted(e->length);
    returned += e->length;
  }
  queued_ += returned;
  // What was overwritten while it was in flight is dead now; the rest was held above and stays.
  for (LogRun run : op->log) ledger_.landed(run.position, run.length);
  drop_log(op);
  reads_->forget(op->range);
}

void ExtentWrites::synced(bool succeeded) {
  if (!config_.keep_until_sync) return;
  wants_sync_ = false;
  extents_.for_each([&](Extent& extent) {
    if (!extent.landed) return;
    if (succeeded) {
      if (extent.epoch >= syncs_begun_) return;  // landed while the sync ran: the next one covers it
      ring_.drop(extent.position, extent.length);
      extents_.erase(extent);
    } else {
      extents_.requeue(extent);
      queued_ += extent.length;
      ledger_.accepted(extent.length);
    }
  });
}

void ExtentWrites::cut(uint64_t size) {
  extents_.carve({size, UINT64_MAX}, [&](const Extent& old) {
    ring_.drop(old.position, old.length);
    if (old.landed) return;
    queued_ -= old.length;
    ledger_.landed(old.position, old.length);
  });
  youngest_ = nullptr;
}

void ExtentWrites::discard() {
  extents_.for_each([&](Extent& extent) {
    if (!extent.queued()) return;
    ring_.drop(extent.position, extent.length);
    queued_ -= extent.length;
    ledger_.landed(extent.position, extent.length);
    extents_.erase(extent);
  });
  youngest_ = nullptr;
}

}  // namespace conveyor

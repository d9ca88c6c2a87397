#include "engine/write_side.hpp"

#include <algorithm>

namespace conveyor {

WriteSide::WriteSide(const EngineConfig& config, OpTable& ops, Counters& counters, Memory& memory)
    : config_(config),
      ops_(ops),
      counters_(counters),
      ring_(memory, config.write_capacity_initial, config.write_capacity_max),
      pace_(std::min(config.write_capacity_max, Pace::kSettleMax)) {}

size_t WriteSide::threshold() const {
  size_t reachable = ring_.starved() ? ring_.capacity() : ring_.capacity_max();
  return std::max<size_t>(std::min({config_.max_io, config_.flush_threshold, reachable / 4}), 1);
}

void WriteSide::close_lane() {
  if (lane_.begin != kShut && lane_.offset > lane_.begin) {
    uint64_t count = lane_.offset - lane_.begin;
    ring_.commit_lane(count);
    ledger_.accepted(count);
    queued_ += count;
    extend_youngest(count);
    counters_.totals.bytes_written += count;
  }
  counters_.totals.writes += lane_.writes;
  lane_ = Lane{};
}

size_t WriteSide::piece_size(const Request& request) const {
  size_t rest = request.count - request.accepted;
  if (request.count <= ring_.capacity_max()) return rest;
  // Larger than the ring: in pieces, but not in crumbs.
  size_t least = std::min(rest, std::max<size_t>(ring_.capacity_max() / 4, 1));
  return std::clamp(ring_.room(), least, rest);
}

bool WriteSide::accept(Request& request, Time now) {
  while (request.accepted < request.count) {
    size_t count = piece_size(request);
    if (!ring_.reserve(count)) {
      // What is in flight or about to be will make room; else everything has to go. A good part of what landing begins
      // with goes too: little is gained by waiting while the queue cannot grow.
      if (queued_ < threshold() && (ops_.writes() == 0 || queued_ >= threshold() / 4)) demand();
      wants_sync_ = true;
      return false;
    }
    if (ledger_.unlanded() == 0) dirty_since_ = now;
    // After a failed sync there are bytes to land that nobody waits for, and no deadline.
    if (ledger_.unlanded() == 0 || age_deadline_ == kNever) age_deadline_ = now + config_.max_dirty;
    accept_bytes(request, count);
    request.accepted += count;
    counters_.totals.bytes_written += count;
  }
  ++counters_.totals.writes;
  return true;
}

void WriteSide::choose_lander(Request& request) {
  if (!request.runs_inline || !counters_.writes_are_quick()) return;
  pace_.note(counters_.totals.bytes_written, request.started);
  request.lands = pace_.alone();
}

void WriteSide::pump() {
  while (may_submit() && queued_ > 0) {
    bool worth_it = queued_ >= threshold();
    if (!submit_one(!worth_it)) return;
  }
}

void WriteSide::tick(Time now) {
  if (now < age_deadline_) return;
  demand();
  age_deadline_ = ledger_.unlanded() > 0 ? now + config_.max_dirty : kNever;
}

void WriteSide::failed(BackendOp* op, int error) {
  fail(error, op->kind, op);
  give_back(op);
}

void WriteSide::fail(int error, IoKind kind, const BackendOp* op) {
  if (sticky_.error != 0) return;
  bool placed = op && (kind == IoKind::kWrite || kind == IoKind::kTruncate);
  sticky_ = {error, kind, op ? op->attempts : 0, -1, op ? op->count : 0, false};
  if (placed) sticky_.offset = static_cast<int64_t>(op->offset);
  ++counters_.totals.unreported_errors;
}

int WriteSide::take_report() {
  if (sticky_.error != 0 && !sticky_.reported) {
    sticky_.reported = true;
    --counters_.totals.unreported_errors;
  }
  return sticky_.error;
}

void WriteSide::clear_error() {
  take_report();
  sticky_ = {};
  demand();
}

}  // namespace conveyor

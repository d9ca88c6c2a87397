// Write-behind: bytes are accepted into the write ring and land later. Base of the two ways to land: extents at their
// offsets (extent_writes.hpp) and appends in order (append_writes.hpp).
#pragma once

#include <cstring>

#include "engine/config.hpp"
#include "engine/counters.hpp"
#include "engine/flush_ledger.hpp"
#include "engine/op_table.hpp"
#include "engine/pace.hpp"
#include "engine/request.hpp"
#include "engine/write_ring.hpp"

namespace conveyor {

/// The first write-behind error since the last clear [F4, F8].
struct StickyError {
  int error = 0;
  IoKind kind = IoKind::kWrite;
  uint32_t retries = 0;
  int64_t offset = -1;
  uint64_t length = 0;
  bool reported = false;
};

/// Not thread safe.
class WriteSide {
 public:
  WriteSide(const EngineConfig& config, OpTable& ops, Counters& counters, Memory& memory);
  virtual ~WriteSide() = default;
  WriteSide(const WriteSide&) = delete;
  WriteSide& operator=(const WriteSide&) = delete;

  /// The hot path: `count` bytes that continue the youngest extent. False: take the slow one.
  bool accept_fast(const void* source, size_t count, uint64_t offset) {
    if (offset != lane_.offset || count > lane_.room || count == 0) return false;
    std::memcpy(lane_.at, source, count);
    lane_.at += count;
    lane_.offset += count;
    lane_.room -= count;
    ++lane_.writes;
    return true;
  }
  /// Books what the lane took, and closes it. Every event that looks at the ring does this first.
  void close_lane();
  /// Opens it again if the youngest extent may grow; it takes no byte of `keep_out`.
  virtual void open_lane(Range keep_out) = 0;
  Range lane_range() const { return {lane_.offset, lane_.offset + lane_.room}; }

  /// Accepts what fits of the rest of a write. False: it has to wait for room (or for memory). Clause: W1, W6, W7.
  bool accept(Request& request, Time now);
  /// Decides whether the caller of this write lands what becomes due with it. Before accept().
  void choose_lander(Request& request);
  /// Submits what is due: asked for by demand(), or worth it by size. Clause: W5, W10.
  void pump();
  /// Everything accepted so far is to land as soon as possible.
  void demand() { land_before_ = ring_.tail(); }
  void tick(Time now);
  Time age_deadline() const { return age_deadline_; }

  /// Takes the completion of one of its operations.
  virtual void landed(BackendOp* op) = 0;
  /// Takes a permanent failure: the bytes stay, and become queued again. Clause: F4.
  void failed(BackendOp* op, int error);
  /// A failure that concerns no bytes (sync).
  void fail(int error, IoKind kind, const BackendOp* op);
  const StickyError& sticky() const { return sticky_; }
  /// The errno that the next write, flush, sync, close has to return; counts as reported.
  int take_report();
  void clear_error();
  /// Gives up all bytes that have not landed.
  virtual void discard() = 0;

  /// Nothing is submitted while paused (truncate).
  void pause(bool paused) { paused_ = paused; }
  /// End of the accepted bytes in the file, 0 when there are none (or their place is not known: append).
  virtual uint64_t end() const = 0;
  virtual bool lands_in_order() const { return false; }
  virtual void sync_begins() {}
  /// A sync has succeeded or failed: what was kept for it is freed or queued again. Clause: F2.
  virtual void synced(bool /*succeeded*/) {}
  /// The ring is full of bytes that wait for a sync only.
  bool wants_sync() const { return config_.keep_until_sync && wants_sync_; }

  FlushLedger& ledger() { return ledger_; }
  WriteRing& ring() { return ring_; }
  const WriteRing& ring() const { return ring_; }
  Time dirty_since() const { return dirty_since_; }

 protected:
  struct Lane {
    std::byte* at = nullptr;
    uint64_t offset = kShut;
    size_t room = 0;
    uint64_t begin = kShut;
    uint64_t writes = 0;
  };
  static constexpr uint64_t kShut = UINT64_MAX;

  /// Copies `count` bytes of the request, from request.accepted on; the ring has room.
  virtual void accept_bytes(Request& request, size_t count) = 0;
  /// `count` bytes went through the lane.
  virtual void extend_youngest(uint64_t count) = 0;
  /// Submits one backend operation. False: nothing can be submitted now.
  virtual bool submit_one(bool demanded_only) = 0;
  virtual void give_back(BackendOp* op) = 0;
  size_t threshold() const;
  bool may_submit() const { return sticky_.error == 0 && !paused_; }

  const EngineConfig& config_;
  OpTable& ops_;
  Counters& counters_;
  WriteRing ring_;
  FlushLedger ledger_;
  Lane lane_;
  uint64_t queued_ = 0;       // accepted bytes that are not in flight and have not landed
  uint64_t land_before_ = 0;  // ring positions below this are to land now
  bool paused_ = false;
  bool wants_sync_ = false;

 private:
  size_t piece_size(const Request& request) const;

  StickyError sticky_;
  Pace pace_;  // of writers
  Time age_deadline_ = kNever;
  Time dirty_since_ = 0;
};

}  // namespace conveyor

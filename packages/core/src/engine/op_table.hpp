// The backend operations of one handle: made, submitted, continued after short counts, retried, ended.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "adapt/flow_meter.hpp"
#include "engine/actions.hpp"
#include "engine/backend_op.hpp"
#include "engine/config.hpp"
#include "engine/counters.hpp"

namespace conveyor {

/// Not thread safe.
class OpTable {
 public:
  OpTable(const EngineConfig& config, const BackendTraits& traits, Actions& actions, Counters& counters);
  OpTable(const OpTable&) = delete;
  OpTable& operator=(const OpTable&) = delete;

  /// The time of the event that begins.
  void at(Time now) { now_ = now; }
  /// A fresh operation over `range`, without pieces.
  BackendOp* make(IoKind kind, Range range);
  /// Hands it to the shell.
  void submit(BackendOp* op);
  void release(BackendOp* op);

  enum class Outcome { kDone, kContinues, kFailed };
  /// Takes a completion: `result` is a count or -errno. kDone: the whole range is done (or a read met the end of file);
  /// kContinues: the rest was submitted, or waits for a retry; kFailed: for good, `error` is the errno.
  /// Clause: W3 (short and zero writes, counts that lie), F3 (retries).
  Outcome settle(BackendOp* op, ssize_t result, Time now, int* error);

  /// Submits the retries that are due, and gives those up whose deadline has come only when they fail again.
  void resume_retries(Time now);
  Time next_retry() const { return next_retry_; }

  /// While a handle closes nobody waits for what is read: what fails then is not tried again.
  void give_up_reads(bool given_up) { reads_given_up_ = given_up; }
  /// A read, or a size that no append waits for, whose retry is not due yet; nullptr: there is none. It waits no more.
  BackendOp* take_waiting_read();

  BackendOp* find(uint64_t id) const;
  /// In flight, retries that wait included.
  bool idle() const { return flying_.empty(); }
  size_t reads() const { return reads_; }
  size_t writes() const { return writes_; }
  /// One is in flight, and another would only wait for it, and keep a processor busy with that.
  bool writes_take_turns() const { return traits_.serial_writes && writes_ > 0 && !counters_.writes_are_far(); }
  /// There was something to submit, but as much is in flight as may be.
  void held_back(IoKind kind) { meter_of(kind).held_back(now_); }
  FlowMeter& read_meter() { return meters_[0]; }
  FlowMeter& write_meter() { return meters_[1]; }
  /// A write has landed that ends here: what is in flight may have seen the file shorter.
  void raise_end_floors(uint64_t end);
  /// A read or write in flight touches the range.
  bool overlaps(Range range) const;
  /// A write in flight does.
  bool writes_overlap(Range range) const;

 private:
  void submit_again(BackendOp* op);
  bool transient(int error) const;
  bool retry_later(BackendOp* op, Time now);
  void advance(BackendOp* op, size_t count);
  size_t& counter_of(IoKind kind) {
    return kind == IoKind::kRead ? reads_ : kind == IoKind::kWrite ? writes_ : others_;
  }

  FlowMeter& meter_of(IoKind kind) { return meters_[kind == IoKind::kRead ? 0 : 1]; }
  static bool moves_bytes(IoKind kind) {
    return kind == IoKind::kRead || kind == IoKind::kWrite || kind == IoKind::kAppend;
  }

  const EngineConfig& config_;
  const BackendTraits& traits_;
  Actions& actions_;
  Counters& counters_;
  std::vector<std::unique_ptr<BackendOp>> storage_;
  std::vector<BackendOp*> free_;
  std::vector<BackendOp*> flying_;
  size_t reads_ = 0, writes_ = 0, others_ = 0;
  FlowMeter meters_[2];
  Time now_ = 0;
  Time next_retry_ = kNever;
  bool reads_given_up_ = false;
  uint64_t jitter_;
};

}  // namespace conveyor

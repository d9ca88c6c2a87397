// The engine: one handle's semantics (docs/SEMANTICS.md) as a state machine. Events in: an operation of the
// application, a completion of the backend, a tick with the time. Actions out: backend operations to submit, callers to
// answer. It never blocks, never calls the OS, reads no clock and starts no thread; a shell does all that around it
// (shell/handle.hpp), and a seeded simulation drives the same code.
//
//   application --start--> Engine --actions().submit--> shell --> backend
//   application <--actions().complete-- Engine <--complete-- shell <-- backend
//
// Inside: WriteSide accepts bytes into the write ring and lands them, ReadSide keeps chunks ahead of readers, OpTable
// follows each backend operation to its end. What concerns several of them is here: the cursor, the order of writes and
// truncates, the size of the file, flush, sync and close.
//
// Threads: none; the shell holds the handle's lock around every call.
#pragma once

#include <memory>
#include <vector>

#include "engine/actions.hpp"
#include "engine/adaptation.hpp"
#include "engine/append_writes.hpp"
#include "engine/config.hpp"
#include "engine/counters.hpp"
#include "engine/extent_writes.hpp"
#include "engine/op_table.hpp"
#include "engine/read_side.hpp"
#include "engine/request.hpp"

namespace conveyor {

class Engine {
 public:
  Engine(const EngineConfig& config, const BackendTraits& traits, Memory& memory);
  /// Requires: no operation is in flight.
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // The hot paths: bytes that continue the last write or read, moved without an event. False: use start().
  bool write_fast(const void* source, size_t count) {
    if (!writes_ || cursor_owner_ || !writes_->accept_fast(source, count, cursor_)) return false;
    cursor_ += count;
    return true;
  }
  bool pwrite_fast(const void* source, size_t count, uint64_t offset) {
    return writes_ && writes_->accept_fast(source, count, offset);
  }
  bool read_fast(void* target, size_t count) {
    if (cursor_owner_ || !reads_.read_fast(target, count, cursor_)) return false;
    cursor_ += count;
    return true;
  }
  bool pread_fast(void* target, size_t count, uint64_t offset) { return reads_.read_fast(target, count, offset); }

  /// May the caller run this read on the backend himself, past the engine? So random reads cost next to nothing where
  /// the backend is fast. True: passed() has to follow, with the result.
  bool pass(Range range) {
    return config_.readable && !close_ && !appends_ && !truncation_.begun && config_.read_align == 1 &&
           reads_.pass(range);
  }
  /// True: it was a whole read, and counts. False: short or failed, start() has to do it over.
  bool passed(Range range, ssize_t result, Time now);

  /// Starts an operation. True: it is complete, request.result says how. False: it will be in actions().complete.
  bool start(Request& request, Time now);
  /// The backend has done what `op` asks: `result` is a count or -errno. Exactly once for each submission.
  void complete(BackendOp* op, ssize_t result, Time now);
  /// An operation in flight by its id, or nullptr.
  BackendOp* find(uint64_t id) const { return ops_.find(id); }
  /// Time has passed, or memory has come free.
  void tick(Time now);
  /// When tick() is needed next, kNever if not at all.
  Time next_wakeup() const;
  /// A pending read waits for a chunk no longer: it asks the backend for its own bytes.
  void read_directly(Request& request, Time now);
  /// Takes a pending operation out and completes it with -error. False: it cannot be stopped any more and will
  /// complete.
  bool cancel(Request& request, int error, Time now);
  /// What the events so far ask for; the shell carries it out and clears it.
  Actions& actions() { return actions_; }

  void prefetch(Range range, Time now);
  void invalidate(Time now);
  void clear_error(Time now);
  /// Gives back memory that is not in use. True if there was some.
  bool trim(Time now);
  bool readable() const { return config_.readable; }
  bool writable() const { return config_.writable; }

  /// The first write-behind error, nullptr for none; `report` = its caller is told of it.
  const StickyError* sticky(bool report);
  Counters& counters() { return counters_; }
  /// Books what a lane has taken, so that counters and sizes are exact.
  void settle_lanes();
  uint64_t dirty_bytes() const { return writes_ ? writes_->ledger().unlanded() : 0; }
  Time dirty_since() const { return writes_ ? writes_->dirty_since() : 0; }
  uint64_t write_capacity() const { return writes_ ? writes_->ring().capacity() : 0; }
  uint64_t window_bytes() const { return reads_.held(); }
  const Adaptation& adaptation() const { return adaptation_; }

 private:
  struct Truncation {
    Request* request = nullptr;  // nullptr with `begun`: its caller has gone
    uint64_t size = 0;
    bool begun = false;  // everything else waits
    bool flying = false;
    BackendOp* sizing = nullptr;  // asks where an append has left the cursor, before the end of file moves
  };

  void begin_event(Time now);
  void end_event();
  void finish(Request& request, ssize_t result);
  void dispatch(Request& request);
  bool take_out(Request& request);
  bool give_back();
  bool quiet() const { return ops_.idle() && !reads_.busy(); }

  // engine_io.cpp: reads, writes and the cursor
  void start_write(Request& request);
  bool continue_write(Request& request);
  void accepted(Request& request);
  void written(Request& request, size_t count);
  size_t accepted_part(const Request& request) const;
  void cut_short(Request& request, int error);
  void start_read(Request& request);
  void read_done(Request& request);
  void start_seek(Request& request);
  bool take_cursor(Request& request);
  bool pump_write_queue();
  void seek_from(Request& request, uint64_t base);

  // engine_control.cpp: size, truncate, flush, sync, close
  void ask_size(Request& request);
  void size_known(Request& request, ssize_t result);
  void append_settled();
  void start_truncate(Request& request);
  bool begin_truncate(Request& request);
  void submit_truncate();
  void place_cursor(uint64_t size);
  void truncated(int error);
  void leave_truncation();
  void end_truncation();
  void start_flush(Request& request);
  void landed(Request& request);
  bool pump_sync();
  void synced(int error);
  void start_close(Request& request);
  void close_landing(Request& request);
  bool pump_close();
  void closed(int error);
  void reopen();
  void write_error();
  void op_done(BackendOp* op);
  void op_failed(BackendOp* op, int error);

  EngineConfig config_;  // adaptation changes some of it
  const BackendTraits traits_;
  Actions actions_;
  Counters counters_;
  OpTable ops_;
  Adaptation adaptation_;
  ReadSide reads_;
  std::unique_ptr<WriteSide> writes_;  // nullptr: read only
  ExtentWrites* extents_ = nullptr;    // one of the two is writes_
  AppendWrites* appends_ = nullptr;

  Time now_ = 0;
  Request* current_ = nullptr;  // being started
  bool current_done_ = false;
  static constexpr uint64_t kUnknownCursor = UINT64_MAX;  // where no lane begins
  uint64_t cursor_ = 0;
  bool cursor_at_end_ = false;  // append: behind what the last write at the cursor appended, wherever that lands
  uint64_t appended_to_ = 0;  // and where that ends in the ring; what follows there was appended behind the cursor
  Request* cursor_owner_ = nullptr;  // a pending operation that will move the cursor
  RequestList cursor_queue_;         // operations behind it
  RequestList write_queue_;          // writes that wait for room, and truncates, in order
  RequestList quiet_queue_;          // need to see the end of the file while no append is in flight
  RequestList sizing_;               // wait for the backend's size
  RequestList paused_sizes_;         // will ask for it when a truncate is done
  Truncation truncation_;
  RequestList sync_waiting_;  // flushed, wait for the next sync
  RequestList sync_running_;
  bool sync_flying_ = false;
  Request* close_ = nullptr;
  bool close_flying_ = false;
  Time idle_check_ = kNever;
  uint64_t traffic_seen_ = 0;
  Time starved_retry_ = kNever;  // memory was refused: when to try again, whatever happens until then
};

}  // namespace conveyor

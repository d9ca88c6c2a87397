#include "engine/engine.hpp"

#include <cassert>
#include <cerrno>

namespace conveyor {
namespace {

constexpr Time kStarvedRetry = 5 * kMillisecond;

}  // namespace

Engine::Engine(const EngineConfig& config, const BackendTraits& traits, Memory& memory)
    : config_(config),
      traits_(traits),
      counters_(memory),
      ops_(config_, traits_, actions_, counters_),
      adaptation_(config_, ops_, counters_),
      reads_(config_, ops_, counters_, memory, actions_),
      cursor_(config.initial_cursor) {
  if (!config_.writable) return;
  if (config_.append) {
    auto appends = std::make_unique<AppendWrites>(config_, traits_, ops_, counters_, memory);
    appends_ = appends.get();
    writes_ = std::move(appends);
  } else {
    auto extents = std::make_unique<ExtentWrites>(config_, ops_, counters_, memory);
    extents_ = extents.get();
    extents_->attach(reads_);
    reads_.attach(extents_);
    writes_ = std::move(extents);
  }
}

Engine::~Engine() { assert(ops_.idle()); }

void Engine::settle_lanes() {
  if (writes_) writes_->close_lane();
  reads_.close_lane();
}

void Engine::begin_event(Time now) {
  now_ = now;
  ops_.at(now);
  settle_lanes();
}

// Runs what the event has made possible, until nothing moves any more.
void Engine::end_event() {
  for (bool moved = true; moved;) {
    moved = false;
    while (Request* r = reads_.pop_finished()) {
      read_done(*r);
      moved = true;
    }
    while (Request* r = writes_ ? writes_->ledger().pop_landed() : nullptr) {
      landed(*r);
      moved = true;
    }
    while (!cursor_owner_ && !cursor_queue_.empty()) {
      dispatch(*cursor_queue_.pop_front());
      moved = true;
    }
    moved = pump_write_queue() || moved;
    moved = pump_sync() || moved;
    moved = pump_close() || moved;
  }
  if (writes_) writes_->pump();
  if (actions_.starved) starved_retry_ = std::min(starved_retry_, now_ + kStarvedRetry);
  if (!ops_.idle()) adaptation_.wake(now_);
  if (idle_check_ == kNever && (window_bytes() > 0 || write_capacity() > 0)) idle_check_ = now_ + config_.idle;
  if (truncation_.begun || close_) return;
  reads_.open_lane();
  if (writes_ && write_queue_.empty()) writes_->open_lane(reads_.lane_range());
}

bool Engine::start(Request& request, Time now) {
  begin_event(now);
  current_ = &request;
  current_done_ = false;
  if (close_) {
    finish(request, -EBADF);
  } else {
    dispatch(request);
  }
  end_event();
  current_ = nullptr;
  if (!current_done_) request.waited = true;
  return current_done_;
}

void Engine::dispatch(Request& request) {
  switch (request.kind) {
    case RequestKind::kRead: return start_read(request);
    case RequestKind::kWrite: return start_write(request);
    case RequestKind::kSeek: return start_seek(request);
    case RequestKind::kSize: return ask_size(request);
    case RequestKind::kTruncate: return start_truncate(request);
    case RequestKind::kFlush:
    case RequestKind::kSync: return start_flush(request);
    case RequestKind::kClose: return start_close(request);
  }
}

void Engine::finish(Request& request, ssize_t result) {
  request.result = result;
  request.stage = Stage::kDone;
  if (request.holds_appends) appends_->release();
  request.holds_appends = false;
  if (cursor_owner_ == &request) cursor_owner_ = nullptr;
  if (&request == current_) {
    current_done_ = true;
  } else {
    actions_.complete.push_back(&request);
  }
}

void Engine::complete(BackendOp* op, ssize_t result, Time now) {
  begin_event(now);
  int error = 0;
  switch (ops_.settle(op, result, now, &error)) {
    case OpTable::Outcome::kDone: op_done(op); break;
    case OpTable::Outcome::kFailed: op_failed(op, error); break;
    case OpTable::Outcome::kContinues: break;
  }
  reads_.pump();
  end_event();
}

void Engine::op_done(BackendOp* op) {
  switch (op->kind) {
    case IoKind::kRead: return reads_.fetched(op, 0);
    case IoKind::kWrite:
    case IoKind::kAppend:
      if (appends_) {
        reads_.appended();
      } else {
        ops_.raise_end_floors(op->range.end);
      }
      writes_->landed(op);
      ops_.release(op);
      return append_settled();
    case IoKind::kSize: {
      Request* asker = op->request;
      bool for_append = !op->log.empty();
      auto size = static_cast<ssize_t>(for_append ? op->done : std::max<uint64_t>(op->done, op->end_floor));
      if (for_append) appends_->sized(op);
      bool for_cursor = op == truncation_.sizing;
      ops_.release(op);
      if (for_cursor) return place_cursor(static_cast<uint64_t>(size));
      if (asker) size_known(*asker, size);
      return;
    }
    case IoKind::kTruncate: ops_.release(op); return truncated(0);
    case IoKind::kSync: ops_.release(op); return synced(0);
    case IoKind::kClose: ops_.release(op); return closed(0);
  }
}

void Engine::op_failed(BackendOp* op, int error) {
  Request* asker = op->request;
  switch (op->kind) {
    case IoKind::kRead: return reads_.fetched(op, error);
    case IoKind::kSize:
      if (op->log.empty()) {
        bool for_cursor = op == truncation_.sizing;
        ops_.release(op);
        if (for_cursor) return truncated(error);
        if (asker) size_known(*asker, -error);
        return;
      }
      [[fallthrough]];
    case IoKind::kWrite:
    case IoKind::kAppend:
      writes_->failed(op, error);
      ops_.release(op);
      write_error();
      return append_settled();
    case IoKind::kTruncate: ops_.release(op); return truncated(error);
    case IoKind::kSync: ops_.release(op); return synced(error);
    case IoKind::kClose: ops_.release(op); return closed(error);
  }
}

void Engine::tick(Time now) {
  begin_event(now);
  starved_retry_ = kNever;
  ops_.resume_retries(now);
  if (writes_) writes_->tick(now);
  adaptation_.tick(now);
  if (now >= idle_check_) {
    uint64_t traffic = counters_.totals.reads + counters_.totals.writes;
    bool idle = traffic == traffic_seen_ && ops_.idle();
    traffic_seen_ = traffic;
    idle_check_ = kNever;
    if (idle) give_back();
  }
  reads_.pump();
  end_event();
}

Time Engine::next_wakeup() const {
  Time at = std::min({ops_.next_retry(), idle_check_, adaptation_.closes_at()});
  if (writes_) at = std::min(at, writes_->age_deadline());
  return std::min(at, starved_retry_);
}

bool Engine::give_back() {
  bool some = reads_.trim();
  return (writes_ && writes_->ring().trim()) || some;
}

bool Engine::trim(Time now) {
  begin_event(now);
  bool some = give_back();
  end_event();
  return some;
}

bool Engine::cancel(Request& request, int error, Time now) {
  if (request.stage == Stage::kDone) return false;
  begin_event(now);
  bool taken = take_out(request);
  if (taken) cut_short(request, error);
  end_event();
  return taken;
}

// Unlinks a pending request from wherever it waits. False: it cannot be stopped.
bool Engine::take_out(Request& request) {
  switch (request.stage) {
    case Stage::kCursor: cursor_queue_.remove(&request); return true;
    case Stage::kRoom:
      write_queue_.remove(&request);
      if (truncation_.request == &request) leave_truncation();
      return true;
    case Stage::kReading:
      if (request.direct && request.runs_inline) return false;
      reads_.cancel(request);
      return true;
    case Stage::kQuiet: quiet_queue_.remove(&request); return true;
    case Stage::kSizing:
      request.blocker->request = nullptr;
      sizing_.remove(&request);
      return true;
    case Stage::kPausedSize: paused_sizes_.remove(&request); return true;
    case Stage::kLanding:
      writes_->ledger().waiters().remove(&request);
      if (close_ == &request) reopen();
      request.accepted = 0;  // write-through: its bytes are on their way, and nobody can say how many arrived
      return true;
    case Stage::kSyncWaiting: sync_waiting_.remove(&request); return true;
    case Stage::kSyncRunning: sync_running_.remove(&request); return true;
    case Stage::kClosing:
      if (close_flying_) return false;
      reopen();
      return true;
    case Stage::kNew:
    case Stage::kDone: return false;
  }
  return false;
}

// A close ran out of time: the handle goes on.
void Engine::reopen() {
  close_ = nullptr;
  ops_.give_up_reads(false);
  reads_.pause(truncation_.begun);
}

void Engine::prefetch(Range range, Time now) {
  begin_event(now);
  reads_.prefetch(range);
  end_event();
}

void Engine::invalidate(Time now) {
  begin_event(now);
  reads_.forget_all();
  end_event();
}

void Engine::clear_error(Time now) {
  // Too late when the backend closes: what has not landed is lost, and the close has to say so.
  if (!writes_ || close_flying_) return;
  begin_event(now);
  writes_->clear_error();
  // A close that had given up on landing hopes again.
  if (close_ && !close_flying_ && close_->stage == Stage::kClosing) close_landing(*close_);
  end_event();
}

const StickyError* Engine::sticky(bool report) {
  if (!writes_ || writes_->sticky().error == 0) return nullptr;
  if (report) writes_->take_report();
  return &writes_->sticky();
}

}  // namespace conveyor

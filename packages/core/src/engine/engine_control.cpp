// Engine: size, truncate, flush, sync and close.
#include <cerrno>

#include "engine/engine.hpp"

namespace conveyor {

// Size, a seek that needs the end, or a read in append mode. The end is asked for while no append is in flight, so that
// what the backend says and what is pending add up.
void Engine::ask_size(Request& request) {
  if (truncation_.begun) {
    request.stage = Stage::kPausedSize;
    paused_sizes_.push_back(&request);
    return;
  }
  if (appends_ && !request.holds_appends) {
    appends_->hold();
    request.holds_appends = true;
  }
  if (appends_ && appends_->in_flight()) {
    request.stage = Stage::kQuiet;
    quiet_queue_.push_back(&request);
    return;
  }
  BackendOp* op = ops_.make(IoKind::kSize, {});
  op->request = &request;
  request.blocker = op;
  request.stage = Stage::kSizing;
  sizing_.push_back(&request);
  ops_.submit(op);
}

void Engine::append_settled() {
  if (!appends_ || appends_->in_flight()) return;
  while (Request* r = quiet_queue_.pop_front()) ask_size(*r);
}

void Engine::size_known(Request& request, ssize_t result) {
  sizing_.remove(&request);
  request.blocker = nullptr;
  if (result < 0) return finish(request, result);
  auto size = static_cast<uint64_t>(result);
  uint64_t end = size;
  if (extents_) end = std::max(end, extents_->end());
  if (appends_) end += appends_->pending();
  if (request.kind == RequestKind::kSize) return finish(request, static_cast<ssize_t>(end));
  const uint64_t cursor = cursor_at_end_ ? end - std::min(end, writes_->ring().tail() - appended_to_) : cursor_;
  if (request.kind == RequestKind::kSeek) return seek_from(request, request.whence == SEEK_END ? end : cursor);
  if (request.at_cursor) {  // a truncate may have placed it since the read began
    cursor_ = cursor;
    cursor_at_end_ = false;
    request.offset = static_cast<int64_t>(cursor);
    request.count = std::min<uint64_t>(request.count, static_cast<uint64_t>(INT64_MAX - request.offset));
  }
  request.stage = Stage::kReading;
  bool below = static_cast<uint64_t>(request.offset) + request.count <= size;
  if (below || appends_->pending() == 0) return reads_.start(request);
  reads_.start_over_appends(request, size, *appends_);
}

void Engine::start_truncate(Request& request) {
  if (!config_.writable) return finish(request, -EBADF);
  if (request.offset < 0) return finish(request, -EINVAL);
  if (!traits_.truncate) return finish(request, -ENOTSUP);
  if (int error = writes_->take_report()) return finish(request, -error);
  request.stage = Stage::kRoom;
  write_queue_.push_back(&request);
}

// At the head of the writes: everything accepted before is in order before it, everything later waits. False: not yet.
bool Engine::begin_truncate(Request& request) {
  if (appends_ && appends_->pending() > 0) {
    writes_->demand();
    return false;
  }
  truncation_ = {&request, static_cast<uint64_t>(request.offset), true, false};
  reads_.pause(true);
  writes_->pause(true);
  return true;
}

void Engine::submit_truncate() {
  truncation_.flying = true;
  if (!cursor_at_end_) return ops_.submit(ops_.make(IoKind::kTruncate, {truncation_.size, truncation_.size}));
  truncation_.sizing = ops_.make(IoKind::kSize, {});
  ops_.submit(truncation_.sizing);
}

// The cursor stands behind its own append, and stays there when the end of file moves [P4].
void Engine::place_cursor(uint64_t size) {
  truncation_.sizing = nullptr;
  if (cursor_at_end_) cursor_ = size - std::min(size, writes_->ring().tail() - appended_to_);
  cursor_at_end_ = false;
  submit_truncate();
}

// Its caller has gone. What the backend has begun goes on without him; else nothing happens [F9].
void Engine::leave_truncation() {
  truncation_.request = nullptr;
  if (truncation_.flying) return;
  end_truncation();
  while (Request* r = paused_sizes_.pop_front()) ask_size(*r);
  reads_.pump();
}

void Engine::end_truncation() {
  truncation_ = {};
  reads_.pause(close_ != nullptr);
  writes_->pause(false);
}

void Engine::truncated(int error) {
  Truncation done = truncation_;
  end_truncation();
  if (error == 0) {
    if (extents_) extents_->cut(done.size);
    reads_.forget({done.size, UINT64_MAX});
  }
  if (done.request) {
    write_queue_.remove(done.request);
    finish(*done.request, -error);
  }
  while (Request* r = paused_sizes_.pop_front()) ask_size(*r);
}

void Engine::start_flush(Request& request) {
  if (request.kind == RequestKind::kSync && config_.sync_is_noop) {
    int error = writes_ ? writes_->take_report() : 0;
    return finish(request, -error);
  }
  if (!writes_) return landed(request);
  if (int error = writes_->take_report()) return finish(request, -error);
  if (!writes_->ledger().wait(request, writes_->ring().tail())) return landed(request);
  request.stage = Stage::kLanding;
  writes_->demand();
}

// All that the request waits for has landed.
void Engine::landed(Request& request) {
  switch (request.kind) {
    case RequestKind::kSync:
      if (!traits_.sync) return finish(request, 0);
      request.stage = Stage::kSyncWaiting;
      return sync_waiting_.push_back(&request);
    case RequestKind::kClose: request.stage = Stage::kClosing; return;
    case RequestKind::kWrite: return written(request, request.count);
    default: return finish(request, 0);
  }
}

// One sync at a time; who comes while it runs needs the next one.
bool Engine::pump_sync() {
  if (sync_flying_) return false;
  bool for_room = writes_ && writes_->wants_sync() && writes_->ledger().unlanded() == 0 && !writes_->sticky().error;
  if (sync_waiting_.empty() && !for_room) return false;
  BackendOp* op = ops_.make(IoKind::kSync, {});
  op->data_only = true;
  while (Request* r = sync_waiting_.pop_front()) {
    op->data_only = op->data_only && r->data_only;
    r->stage = Stage::kSyncRunning;
    sync_running_.push_back(r);
  }
  sync_flying_ = true;
  if (writes_) writes_->sync_begins();
  ops_.submit(op);
  return true;
}

void Engine::synced(int error) {
  sync_flying_ = false;
  bool told = !sync_running_.empty();
  while (Request* r = sync_running_.pop_front()) finish(*r, -error);
  if (!writes_) return;
  if (error != 0) writes_->fail(error, IoKind::kSync, nullptr);
  writes_->synced(error == 0);
  if (error == 0) return;
  if (told) writes_->take_report();
  write_error();
}

// A write-behind error has become sticky: who waits for writes is told now [F4].
void Engine::write_error() {
  RequestList waiters;
  while (Request* r = writes_->ledger().waiters().pop_front()) waiters.push_back(r);
  while (Request* r = sync_waiting_.pop_front()) waiters.push_back(r);
  while (Request* r = waiters.pop_front()) {
    if (r->kind == RequestKind::kClose) {
      r->stage = Stage::kClosing;
    } else {
      finish(*r, -writes_->take_report());
    }
  }
  RequestList queued;
  while (Request* r = write_queue_.pop_front()) (r == truncation_.request ? waiters : queued).push_back(r);
  while (Request* r = waiters.pop_front()) write_queue_.push_back(r);
  while (Request* r = queued.pop_front()) {
    cut_short(*r, accepted_part(*r) > 0 ? 0 : writes_->take_report());
  }
  if (!config_.write_through || config_.keep_until_sync || close_) return;
  // Nobody was told that these bytes are safe, so they need not be kept.
  const uint64_t pending = appends_ ? appends_->pending() : 0;
  writes_->discard();
  if (appends_) appended_to_ += pending - appends_->pending();
  writes_->clear_error();
}

void Engine::start_close(Request& request) {
  close_ = &request;
  request.stage = Stage::kClosing;
  reads_.pause(true);
  std::vector<Request*> refused;
  reads_.cancel_all(refused);
  for (RequestList* list : {&cursor_queue_, &write_queue_, &quiet_queue_, &sizing_, &paused_sizes_}) {
    while (Request* r = list->front()) {
      take_out(*r);
      refused.push_back(r);
    }
  }
  for (Request* r : refused) cut_short(*r, EBADF);
  ops_.give_up_reads(true);
  while (BackendOp* op = ops_.take_waiting_read()) op_failed(op, EBADF);
  close_landing(request);
}

void Engine::close_landing(Request& request) {
  if (!writes_ || writes_->sticky().error != 0) return;
  if (!writes_->ledger().wait(request, writes_->ring().tail())) return;
  request.stage = Stage::kLanding;
  writes_->demand();
}

bool Engine::pump_close() {
  if (!close_ || close_flying_ || close_->stage != Stage::kClosing || !quiet() || truncation_.begun) return false;
  if (!sync_waiting_.empty() || (writes_ && writes_->ledger().waiting())) return false;
  close_flying_ = true;
  ops_.submit(ops_.make(IoKind::kClose, {}));
  return true;
}

void Engine::closed(int error) {
  close_->closed = true;
  int sticky = writes_ ? writes_->take_report() : 0;
  finish(*close_, -(sticky != 0 ? sticky : error));
}

}  // namespace conveyor

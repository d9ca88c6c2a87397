#include "shell/handle.hpp"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <utility>
#include <vector>

#include "shell/clock.hpp"
#include "shell/runtime.hpp"
#include "shell/sync_point.hpp"

namespace conveyor {
namespace {

// Every n-th operation that a caller runs itself is timed: two clock reads would be a tenth of a cached read.
constexpr uint32_t kTimedEvery = 16;
constexpr size_t kTimedFrom = 64 << 10;  // of a larger one, they are nothing
// What one glance has not found at hand is likely to be followed by more of the kind.
constexpr uint32_t kGlancesOff = 32;

// What a busy handle has beside rings, windows and histograms: itself, and a few operations, chunks, extents, streams.
constexpr int64_t kFootprint = sizeof(Handle) + (3 << 10);

// What came up while this thread carries actions out; nullptr while it does not.
struct Turn {
  Handle* handle;
  Actions actions;
};
thread_local std::vector<Turn>* waiting = nullptr;

bool is_timed() {
  thread_local uint32_t runs = 0;
  return runs++ % kTimedEvery == 0;
}

// Retries are timed exactly: by a clock that lags behind the timer's, the last one would be repeated until both agree.
Time completion_time(ssize_t result) { return result < 0 ? precise_now() : coarse_now(); }

Call* call_of(Request* request) {
  static_assert(offsetof(Call, request) == 0);
  return reinterpret_cast<Call*>(request);
}

}  // namespace

Handle::Access::Access(uint64_t token) {
  Cell* cell = HandleTable::find(token);
  if (!cell) return;
  CONVEYOR_SYNC_WAITS("cell.lock");
  lock_ = std::unique_lock(cell->mutex);
  CONVEYOR_SYNC_POINT("cell.locked");
  if (cell->handle && cell->token() == token) {
    handle_ = cell->handle;
  } else {
    lock_.unlock();
  }
}

Handle::Handle(std::unique_ptr<Backend> backend, const EngineConfig& config, const HandleTimeouts& timeouts,
               Runtime& runtime)
    : runtime_(runtime),
      backend_(std::move(backend)),
      timeouts_(timeouts),
      engine_(config, backend_->traits(), runtime.memory()) {
  runtime_.memory().charge(kFootprint);
}

Handle::~Handle() { runtime_.memory().charge(-kFootprint); }

int Handle::open(std::unique_ptr<Backend> backend, EngineConfig config, const HandleTimeouts& timeouts,
                 uint64_t* token) {
  config.retryable = [](void* context, int error) { return static_cast<Backend*>(context)->retryable(error); };
  config.retryable_context = backend.get();
  config.trust_first_read = !backend->caller_may_run();
  config.seed = static_cast<uint64_t>(precise_now());
  auto* handle = new Handle(std::move(backend), config, timeouts, Runtime::get());
  Cell* cell = HandleTable::add(handle);
  if (!cell) {
    handle->release();
    return -ENFILE;
  }
  handle->cell_ = cell;
  handle->token_ = *token = cell->token();
  return 0;
}

void Handle::release() {
  if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
}

uint32_t Handle::timeout_of(RequestKind kind) const {
  if (kind == RequestKind::kRead || kind == RequestKind::kSeek || kind == RequestKind::kSize) return timeouts_.read_ms;
  return kind == RequestKind::kWrite ? timeouts_.write_ms : timeouts_.flush_ms;
}

ssize_t Handle::run(Access& access, const Request& request) {
  Call call;
  call.request = request;
  call.request.runs_inline = backend_->caller_may_run() && timeout_of(call.request.kind) == 0;
  bool moves_bytes = call.request.kind == RequestKind::kRead || call.request.kind == RequestKind::kWrite;
  call.request.started = moves_bytes ? precise_now() : coarse_now();
  retain();
  bool complete = engine_.start(call.request, call.request.started);
  leave(access.lock(), &call);
  if (complete) {
    run_inline(call);
  } else {
    wait(call);
  }
  release();
  return call.request.result;
}

Handle::Passed Handle::pass(Access& access, void* target, size_t count, uint64_t offset) {
  Range range{offset, offset + count};
  if (timeouts_.read_ms != 0 || !backend_->caller_may_run() || !engine_.pass(range)) return Passed::kRefused;
  // The handle stays while it is passed: close waits for it.
  access.lock().unlock();
  bool timed = is_timed();
  Time begin = timed ? precise_now() : 0;
  ssize_t result = backend_->read(target, count, offset);
  return passed(access, range, result, timed ? precise_now() - begin : -1);
}

Handle::Passed Handle::glance(Access& access, void* target, size_t count, uint64_t offset) {
  Range range{offset, offset + count};
  if (!may_glance() || !engine_.pass(range)) return Passed::kRefused;
  access.lock().unlock();
  return passed(access, range, backend_->glance(target, count, offset), -1);
}

Handle::Passed Handle::passed(Access& access, Range range, ssize_t result, Time taken) {
  CONVEYOR_SYNC_WAITS("cell.lock");
  access.lock().lock();
  CONVEYOR_SYNC_POINT("pass.locked");
  if (result != -EAGAIN) {
    engine_.counters().backend_done(IoKind::kRead, result, taken);
  } else {
    glances_off_ = kGlancesOff;
  }
  bool whole = engine_.passed(range, result, coarse_now());
  leave(access);
  return whole ? Passed::kWhole : Passed::kShort;
}

// Requires: the cell's lock.
bool Handle::may_glance() const {
  // Not below a callback: what follows from a glance is carried out here and now.
  return backend_->can_glance() && !waiting && glances_off_ == 0;
}

bool Handle::start_async(Access& access, Call* call) {
  const bool reads = call->request.kind == RequestKind::kRead;
  call->request.glances = reads && may_glance();
  if (reads && glances_off_ > 0) --glances_off_;
  call->request.started = call->request.glances ? precise_now() : coarse_now();
  bool complete = engine_.start(call->request, call->request.started);
  if (complete || !call->request.glances) {
    if (!complete) start_pending(call);
    leave(access.lock(), nullptr);
    return complete;
  }
  // As if it blocked, until there is nothing left that can be done without waiting.
  auto done = std::exchange(call->done, nullptr);
  retain();
  leave(access.lock(), call);
  run_inline(*call);
  CONVEYOR_SYNC_WAITS("cell.lock");
  access.lock().lock();
  CONVEYOR_SYNC_POINT("glance.locked");
  if (!call->request.glances) glances_off_ = kGlancesOff;
  complete = call->request.stage == Stage::kDone;
  if (!complete) {
    call->done = done;
    start_pending(call);
  }
  leave(access.lock(), nullptr);
  release();
  // Whoever has completed it may not have said so yet.
  if (complete) call->event.wait_until(kNever);
  return complete;
}

void Handle::start_pending(Call* call) {
  call->request.started = precise_now();
  async_calls_.push_back(call);
  uint32_t timeout_ms = timeout_of(call->request.kind);
  if (timeout_ms != 0) call->deadline = call->request.started + timeout_ms * kMillisecond;
  deadline_ = std::min(deadline_, call->deadline);
}

// Ends the asynchronous calls whose time is up [F9].
void Handle::expire(Time now) {
  if (now < deadline_) return;
  deadline_ = kNever;
  for (Call* call = async_calls_.front(); call; call = call->next) {
    if (call->deadline > now) {
      deadline_ = std::min(deadline_, call->deadline);
    } else {
      call->deadline = kNever;  // it ends now, or cannot be stopped any more
      engine_.cancel(call->request, ETIMEDOUT, now);
    }
  }
}

int Handle::cancel(Access& access, const void* argument) {
  int cancelled = 0;
  for (Call* call = async_calls_.front(); call; call = call->next)
    if (call->argument == argument && engine_.cancel(call->request, ECANCELED, coarse_now())) ++cancelled;
  leave(access.lock(), nullptr);
  return cancelled;
}

void Handle::leave(std::unique_lock<SlimMutex>& lock, Call* own) {
  Time wakeup = std::min(engine_.next_wakeup(), deadline_);
  bool arm = wakeup < armed_;
  if (arm) armed_ = wakeup;
  Actions& pending = engine_.actions();
  if (!arm && (pending.empty() || concerns_only(own))) {
    lock.unlock();
    return;
  }
  for (Request* r : pending.complete) {
    if (!call_of(r)->done) continue;
    async_calls_.remove(call_of(r));
    book(*r, precise_now() - r->started);
  }
  if (own && own->is_over()) own = nullptr;  // it waits for nothing
  for (BackendOp* op : pending.submit)
    if (takes_itself(op, pending, own)) own->to_run = op;  // here, because others change the request under the lock
  Actions actions = std::move(pending);
  pending.clear();
  retain();
  lock.unlock();
  CONVEYOR_SYNC_POINT("handle.unlocked");
  if (arm) runtime_.timer().arm(token_, wakeup);
  carry_out(actions, own);
  release();
}

// The shortest way, for a caller that runs its operations itself: there is one to run, or it has done the last. True:
// all seen to. Requires: the cell's lock.
bool Handle::concerns_only(Call* own) {
  Actions& pending = engine_.actions();
  if (!own || !own->request.runs_operations() || pending.starved ||
      pending.submit.size() + pending.complete.size() != 1)
    return false;
  if (!pending.complete.empty()) {
    if (pending.complete.front() != &own->request || own->request.closed) return false;
    own->event.set();
  } else {
    BackendOp* op = pending.submit.front();
    if (own->is_over() || !takes_itself(op, pending, own)) return false;
    op->handle = this;
    own->to_run = op;
  }
  pending.clear();
  return true;
}

// A backend may complete inside submit, and a callback may start the next operation: what they cause waits its turn
// here instead of going deeper into the stack.
void Handle::carry_out(Actions& actions, Call* own) {
  if (waiting && !own) {
    retain();
    waiting->push_back({this, std::move(actions)});
    return;
  }
  std::vector<Turn>* outer = waiting;
  std::vector<Turn> turns;
  waiting = &turns;
  perform(actions, own);
  for (size_t i = 0; i < turns.size(); ++i) {
    Turn turn = std::move(turns[i]);  // the vector may grow meanwhile
    turn.handle->perform(turn.actions, nullptr);
    turn.handle->release();
  }
  waiting = outer;
}

// Does the waiting caller run this operation itself? One at most; reads only their own. Requires: the cell's lock.
bool Handle::takes_itself(const BackendOp* op, const Actions& actions, const Call* own) const {
  if (!own || !own->request.runs_operations() || own->to_run) return false;
  // Only reads can be tried without waiting: an append that is in the way is a worker's.
  if (own->request.glances && op->kind != IoKind::kRead) return false;
  if (op->request == &own->request || op == own->request.blocker) return true;
  return own->request.kind != RequestKind::kRead && op == actions.submit.back();
}

void Handle::perform(Actions& actions, Call* own) {
  if (actions.starved) runtime_.timer().reclaim();
  for (BackendOp* op : actions.submit) {
    op->handle = this;
    if (!backend_->blocking()) {
      op->submitted = precise_now();
      backend_->submit(*op);
    } else if (!own || op != own->to_run) {
      runtime_.workers().post(op);
    }
  }
  for (Request* r : actions.complete) signal(r);
}

void Handle::signal(Request* request) {
  Call* call = call_of(request);
  if (request->closed) {
    CONVEYOR_SYNC_POINT("handle.closed");
    HandleTable::remove(cell_);
    release();
  }
  if (!call->done) {
    call->event.set();
    return;
  }
  call->done(call->argument, request->result);
  delete call;
}

// Runs what leave() has put aside for this caller, and what follows from it.
void Handle::run_inline(Call& own) {
  while (BackendOp* op = std::exchange(own.to_run, nullptr)) {
    own.request.lands = false;  // one is his share
    bool timed = op->count >= kTimedFrom || is_timed();
    Time begin = timed ? precise_now() : 0;
    ssize_t result = own.request.glances ? backend_->glance(*op) : backend_->run(*op);
    if (own.request.glances && result == -EAGAIN) {
      own.request.glances = false;
      return runtime_.workers().post(op);
    }
    finish_op(op, result, timed ? precise_now() - begin : -1, &own);
  }
}

void Handle::run_op(BackendOp* op) {
  Handle* handle = op->handle;
  Time begin = precise_now();
  ssize_t result = handle->backend_->run(*op);
  handle->finish_op(op, result, precise_now() - begin, nullptr);
}

void Handle::finish_op(BackendOp* op, ssize_t result, Time taken, Call* own) {
  CONVEYOR_SYNC_WAITS("cell.lock");
  std::unique_lock lock(cell_->mutex);
  CONVEYOR_SYNC_POINT("op.finished");
  engine_.counters().backend_done(op->kind, result, taken);
  engine_.complete(op, result, completion_time(result));
  leave(lock, own);
}

bool Handle::complete_async(Access& access, uint64_t id, ssize_t result) {
  BackendOp* op = engine_.find(id);
  if (!op) {
    leave(access);
    return false;
  }
  engine_.counters().backend_done(op->kind, result, precise_now() - op->submitted);
  engine_.complete(op, result, completion_time(result));
  leave(access);
  return true;
}

// Reads of the backend take less than it costs to sleep and be woken a few times. Requires: the cell's lock.
bool Handle::backend_is_fast() {
  const Counters& counters = engine_.counters();
  return counters.totals.backend_reads_timed > 0 && counters.reads_are_quick();
}

// Instead of sleeping: runs an operation that the call waits for and that no worker has begun. Where the backend is
// fast, even the next piece, or the caller's own few bytes, cost less than a sleep does. False: there is nothing to
// run.
bool Handle::help(Call& call) {
  CONVEYOR_SYNC_WAITS("cell.lock");
  std::unique_lock lock(cell_->mutex);
  CONVEYOR_SYNC_POINT("help.locked");
  Request& request = call.request;
  if (request.stage == Stage::kDone) return false;
  if (request.blocker && runtime_.workers().steal(request.blocker)) {
    call.to_run = request.blocker;
  } else if (!request.blocker || backend_is_fast()) {
    call.to_run = runtime_.workers().steal_any(this);
  }
  if (!call.to_run && request.kind == RequestKind::kRead && !request.direct && backend_is_fast()) {
    engine_.read_directly(request, coarse_now());
    leave(lock, &call);
  } else {
    lock.unlock();
  }
  bool some = call.to_run != nullptr;
  run_inline(call);
  return some;
}

void Handle::wait(Call& call) {
  Request& request = call.request;
  Time begin = request.runs_inline ? coarse_now() : precise_now();
  run_inline(call);
  while (request.runs_inline && !call.event.is_set() && help(call)) {
  }
  bool slept = !call.event.is_set();
  uint32_t timeout_ms = timeout_of(request.kind);
  if (!call.event.wait_until(timeout_ms == 0 ? kNever : begin + timeout_ms * kMillisecond)) {
    CONVEYOR_SYNC_WAITS("cell.lock");
    std::unique_lock lock(cell_->mutex);
    CONVEYOR_SYNC_POINT("wait.expired");
    engine_.cancel(request, ETIMEDOUT, coarse_now());
    leave(lock, nullptr);
    call.event.wait_until(kNever);
  }
  if (request.kind == RequestKind::kClose || !slept) return;
  CONVEYOR_SYNC_WAITS("cell.lock");
  std::lock_guard lock(cell_->mutex);
  CONVEYOR_SYNC_POINT("wait.booked");
  book(request, precise_now() - begin);
}

// Requires: the cell's lock.
void Handle::book(const Request& request, Time taken) {
  Counters& counters = engine_.counters();
  if (request.kind == RequestKind::kRead) return counters.app_read.record(taken);
  if (request.kind != RequestKind::kWrite) return counters.app_other.record(taken);
  counters.app_write.record(taken);
  counters.totals.stall_ns += static_cast<uint64_t>(taken);
}

void Handle::tick(uint64_t token) {
  Access access(token);
  if (!access) return;
  access->armed_ = kNever;
  Time now = precise_now();
  access->expire(now);
  access->engine_.tick(now);
  access->leave(access);
}

void Handle::trim(uint64_t token) {
  Access access(token);
  if (!access) return;
  access->engine_.trim(coarse_now());
  // Whoever starves here gets its chance, now that others have given back.
  access->engine_.tick(coarse_now());
  access->leave(access);
}

}  // namespace conveyor

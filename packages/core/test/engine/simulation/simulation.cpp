#include "simulation.hpp"

#include <algorithm>
#include <cerrno>

#include "inspection.hpp"

namespace conveyor::sim {
namespace {

constexpr int kWakeUpsMax = 64;     // of one event
constexpr int kRoundsMax = 20'000;  // until everything has to be over
constexpr Event kWholeCompletion{EventKind::kComplete};

bool is_retryable(void* context, int error) { return *static_cast<const bool*>(context) && error == ESTALE; }

World prepared(World world) {
  world.config.retryable = is_retryable;
  return world;
}

}  // namespace

Simulation::Simulation(const World& world, uint32_t examine_every)
    : world_(prepared(world)),
      examine_every_(examine_every),
      memory_(world.memory),
      backend_(world_, verdict_),
      application_(world_, verdict_, backend_) {
  open();
}

Simulation::~Simulation() {
  // With operations in flight it cannot be destroyed: after a failure, or without finish().
  if (verdict_.failed() || !backend_.flights().empty()) (void)engine_.release();
}

void Simulation::open() {
  EngineConfig config = world_.config;
  config.retryable_context = const_cast<bool*>(&world_.retries_estale);
  engine_.reset();
  if (memory_.used() != 0) verdict_.fail("leak", std::to_string(memory_.used()) + " bytes stay after a close");
  engine_ = std::make_unique<Engine>(config, world_.traits, memory_);
  application_.open(*engine_);
}

bool Simulation::execute(const Event& event) {
  if (verdict_.failed() || !dispatch(event)) return false;
  ++events_;
  if (application_.closed()) open();
  if (examine_every_ != 0 && events_ % examine_every_ == 0) examine();
  return true;
}

bool Simulation::dispatch(const Event& event) {
  switch (event.kind) {
    case EventKind::kPass:
      return start_pass(event);
    case EventKind::kEndPass:
      return end_pass(event);
    case EventKind::kComplete:
      return complete(event);
    case EventKind::kAdvance:
      return advance(event);
    case EventKind::kGoDirect:
      return go_direct(event);
    case EventKind::kCancel:
      return cancel(event);
    case EventKind::kEffect:
      if (backend_.flying() == 0) return false;
      backend_.effect(event);
      application_.begin_event();
      return true;
    case EventKind::kGrow:
      if (!application_.may_grow()) return false;
      application_.grow(event.count);
      return true;
    case EventKind::kLastError:
      application_.begin_event();
      engine_->sticky(true);
      if (engine_->counters().totals.unreported_errors != 0) verdict_.fail("f8", "an error was told and counts on");
      break;
    case EventKind::kStats:
      application_.begin_event();
      engine_->settle_lanes();
      application_.check_totals();
      break;
    case EventKind::kBudget:
    case EventKind::kTick:
      if (event.kind == EventKind::kBudget) memory_.set_limit(event.count);  // and whoever starves is told
      application_.begin_event();
      engine_->tick(now_);
      break;
    case EventKind::kTrim:
      application_.begin_event();
      engine_->trim(now_);
      end_event();
      engine_->tick(now_);
      break;
    case EventKind::kInvalidate:
      application_.begin_event();
      engine_->invalidate(now_);
      break;
    case EventKind::kPrefetch:
      if (!world_.config.readable) return false;
      application_.begin_event();
      engine_->prefetch({static_cast<uint64_t>(event.offset), static_cast<uint64_t>(event.offset) + event.count}, now_);
      break;
    case EventKind::kClearError:
      application_.begin_event();
      if (!backend_.flies(IoKind::kClose)) application_.cleared();
      engine_->clear_error(now_);
      break;
    default:
      return start(event);
  }
  end_event();
  return true;
}

bool Simulation::start(const Event& event) {
  application_.begin_event();
  const bool closing = application_.closing();
  switch (application_.start(event, now_)) {
    case Application::Started::kNothing:
      return false;
    case Application::Started::kLane:
      break;
    case Application::Started::kEvent:
      if (!closing && application_.closing()) {
        backend_.give_up_waiting_reads();
        end_event();
        application_.check_close();
        return true;
      }
      end_event();
  }
  return true;
}

bool Simulation::start_pass(const Event& event) {
  if (event.offset <= 0 || event.count == 0 || event.offset > (1 << 20)) return false;
  Range range{static_cast<uint64_t>(event.offset), static_cast<uint64_t>(event.offset) + event.count};
  if (!engine_->pass(range)) return false;
  backend_.begin_pass(range);
  return true;
}

bool Simulation::end_pass(const Event& event) {
  std::vector<Pass>& passes = backend_.passes();
  if (passes.empty()) return false;
  size_t index = event.pick % passes.size();
  Pass pass = std::move(passes[index]);
  passes.erase(passes.begin() + static_cast<long>(index));
  backend_.apply_pass(pass);
  if (event.outcome != Outcome::kWhole) pass.result = -EIO;
  application_.begin_event();
  application_.end_pass(pass, now_);
  end_event();
  return true;
}

bool Simulation::complete(const Event& event) {
  Flight* flight = backend_.choose(event);
  if (!flight) return false;
  application_.begin_event();
  BackendOp* op = flight->op;
  const ssize_t result = flight->result;
  if (story_) say("  completed at " + std::to_string(flight->offset) + " with " + std::to_string(result));
  int error = 0;
  const SimulatedBackend::Fate fate = backend_.settle(*flight, now_, application_.closing(), &error);
  using Fate = SimulatedBackend::Fate;
  const bool moved = (fate == Fate::kDone || fate == Fate::kContinues) && result > 0;
  if (moved && (flight->kind == IoKind::kWrite || flight->kind == IoKind::kAppend)) application_.backend_moved(*flight);
  if (fate == Fate::kFailed) application_.backend_failed(*flight, error);
  if (fate == Fate::kDone && flight->kind == IoKind::kTruncate) application_.backend_truncated(flight->range.begin);
  if (fate == Fate::kFailed && flight->kind == IoKind::kSync) lose_unsynced(event);
  // It may be used for something else as soon as the engine knows.
  Flight ended;
  const bool over = fate == Fate::kDone || fate == Fate::kFailed;
  ended.kind = flight->kind;
  ended.for_append = flight->for_append;
  if (over) backend_.end(flight);
  engine_->counters().backend_done(ended.kind, result, now_ - op->submitted);
  engine_->complete(op, result, now_);
  if (over) application_.settle_failure(ended, fate == Fate::kFailed);
  end_event();
  return true;
}

// A failed fsync may have lost what was not synced: here, all that the engine has promised to keep.
void Simulation::lose_unsynced(const Event& event) {
  if (!world_.config.keep_until_sync || event.count % 2 == 0) return;
  inspection::spoil_kept(*engine_, &backend_.storage());
}

Time Simulation::next_deadline() const {
  Time next = kNever;
  for (const Operation* o : application_.pending()) next = std::min(next, o->deadline);
  return next;
}

// What the timer does: operations whose time is up, then the engine.
void Simulation::wake_up() {
  for (bool again = true; again;) {
    again = false;
    for (Operation* o : application_.pending()) {
      if (o->deadline > now_) continue;
      application_.begin_event();
      application_.cancel(*o, ETIMEDOUT, now_);
      end_event();
      again = true;
      break;
    }
  }
  application_.begin_event();
  engine_->tick(now_);
  end_event();
  if (engine_->next_wakeup() <= now_) verdict_.fail("spin", "after a tick it wants another one at once");
}

bool Simulation::advance(const Event& event) {
  const Time target = now_ + event.count * kMillisecond;
  for (int i = 0; i < kWakeUpsMax && !event.has(kLate); ++i) {
    const Time next = std::min(engine_->next_wakeup(), next_deadline());
    if (next > target || verdict_.failed()) break;
    now_ = std::max(now_, next);
    wake_up();
    if (application_.closed()) open();
  }
  if (std::min(engine_->next_wakeup(), next_deadline()) > target || event.has(kLate)) now_ = target;
  if (event.has(kLate) && std::min(engine_->next_wakeup(), next_deadline()) <= now_) wake_up();
  return true;
}

bool Simulation::go_direct(const Event& event) {
  const auto& pending = application_.pending();
  if (pending.empty()) return false;
  Request& r = pending[event.pick % pending.size()]->request;
  if (r.kind != RequestKind::kRead || r.direct || r.stage == Stage::kDone) return false;
  application_.begin_event();
  engine_->read_directly(r, now_);
  end_event();
  return true;
}

bool Simulation::cancel(const Event& event) {
  const auto& pending = application_.pending();
  if (pending.empty()) return false;
  Operation& victim = *pending[event.pick % pending.size()];
  application_.begin_event();
  application_.cancel(victim, event.has(kTimeout) ? ETIMEDOUT : ECANCELED, now_);
  end_event();
  return true;
}

void Simulation::end_event() {
  std::swap(actions_, engine_->actions());
  application_.accept(actions_.complete);
  for (BackendOp* op : actions_.submit) {
    if (story_)
      say("  submits kind " + std::to_string(static_cast<int>(op->kind)) + " [" + std::to_string(op->offset) + ", " +
          std::to_string(op->offset + op->count) + ")");
    op->submitted = now_;
    backend_.submit(op, application_.moment());
  }
  if (story_)
    for (Request* r : actions_.complete)
      say("  " + describe(*reinterpret_cast<Operation*>(r)) + " gives " + std::to_string(r->result));
  application_.answer(actions_.complete);
  actions_.clear();
  if (!verdict_.failed() && !application_.closed()) check();
}

void Simulation::check() {
  check_progress();
  check_sticky();
  check_cursor();
  const EngineConfig& c = world_.config;
  if (engine_->window_bytes() > c.read_capacity_max) verdict_.fail("memory", "the window is larger than it may be");
  if (engine_->write_capacity() > std::max<size_t>(2 * c.write_capacity_max, 4096))
    verdict_.fail("memory", "the ring is larger than it may be");
}

// Nobody waits when nothing is under way: whoever does was forgotten.
void Simulation::check_progress() {
  if (inspection::operations(*engine_) != backend_.flights().size())
    return verdict_.fail("lost_operation", "the engine waits for " + std::to_string(inspection::operations(*engine_)) +
                                               " backend operations, there are " +
                                               std::to_string(backend_.flights().size()));
  const Time next = engine_->next_wakeup();
  for (const Flight* f : backend_.flights())
    if (f->waiting && next > f->op->due) return verdict_.fail("wakeup", "a retry is due, and nobody will wake up");
  const bool starving = inspection::is_starving(*engine_);
  if (starving && next == kNever) return verdict_.fail("wakeup", "it starves, and nobody will wake up");
  if (!inspection::is_idle(*engine_) || starving) return;
  if (pending() > 0)
    return verdict_.fail("stuck",
                         "a " + describe(*application_.pending().front()) + " waits, and nothing is under way");
  if (engine_->dirty_bytes() > 0 && application_.sticky() == 0 && next > now_ + world_.config.max_dirty)
    verdict_.fail("w10", std::to_string(engine_->dirty_bytes()) + " bytes will not land by themselves");
}

void Simulation::check_sticky() {
  const StickyError* sticky = engine_->sticky(false);
  const int error = sticky ? sticky->error : 0;
  if (error != application_.sticky())
    verdict_.fail("f4",
                  "the sticky error is " + std::to_string(error) + ", not " + std::to_string(application_.sticky()));
}

void Simulation::check_cursor() {
  uint64_t at = 0;
  if (inspection::cursor(*engine_, &at) && at != application_.cursor())
    verdict_.fail("p3", "the cursor is at " + std::to_string(at) + ", not " + std::to_string(application_.cursor()));
}

void Simulation::examine() {
  if (verdict_.failed()) return;
  std::string wrong = inspection::examine(*engine_, application_.truth(), backend_.storage(),
                                          application_.pending_bytes(), memory_.used());
  if (!wrong.empty()) verdict_.fail("structure", wrong);
}

// Everything that is under way ends, and what waits for time gets it.
void Simulation::settle() {
  for (int round = 0; round < kRoundsMax && !verdict_.failed(); ++round) {
    if (complete(kWholeCompletion) || end_pass({EventKind::kEndPass})) {
      if (application_.closed()) return open();
      continue;
    }
    if (pending() == 0 && backend_.flights().empty()) return;
    if (engine_->next_wakeup() == kNever) break;
    now_ = std::max(now_, engine_->next_wakeup());
    wake_up();
    if (application_.closed()) return open();
  }
  verdict_.fail("stuck", "operations do not end");
}

void Simulation::finish() {
  if (verdict_.failed()) return;
  say("no more faults");
  memory_.set_limit(UINT64_MAX);
  for (int round = 0; round < 2; ++round) {  // effects that were bad already may come to light in the first
    execute({EventKind::kClearError});
    settle();
  }
  examine();
  if (verdict_.failed()) return;
  for (EventKind last : {EventKind::kSync, EventKind::kFlush}) {
    start({last});
    settle();
    if (verdict_.failed()) return;
  }
  if (engine_->dirty_bytes() != 0) verdict_.fail("f1", "bytes are dirty after a flush");
  const Bytes& storage = backend_.storage();
  const Truth& truth = application_.truth();
  if (!std::equal(storage.begin(), storage.end(), truth.data(), truth.data() + truth.size()))
    verdict_.fail("end", "the storage is not what was written");
  engine_->settle_lanes();
  application_.check_totals();
  examine();
  if (verdict_.failed()) return;
  start({EventKind::kClose});
  settle();
  if (pending() != 0) verdict_.fail("stuck", "the handle does not close");
}

}  // namespace conveyor::sim

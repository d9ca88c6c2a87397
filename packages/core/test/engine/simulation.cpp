#include "simulation.hpp"

#include <algorithm>
#include <cerrno>

#include "engine/scatter.hpp"

namespace conveyor::test {
namespace {

const char* name_of(RequestKind kind) {
  constexpr const char* kNames[] = {"read", "write", "seek", "size", "truncate", "flush", "sync", "close"};
  return kNames[static_cast<int>(kind)];
}

}  // namespace

Simulation::Simulation(const SimulationOptions& options, uint64_t seed)
    : options_(options),
      prng_(seed),
      memory_(options.memory),
      model_(std::make_shared<Bytes>()),
      faults_(options.faults),
      engine_holder_(std::make_unique<Engine>(options.config, options.traits, memory_)),
      engine_(*engine_holder_) {
  storage_.resize(below(options_.file_max));
  for (auto& byte : storage_) byte = static_cast<uint8_t>(below(256));
  model_ = std::make_shared<Bytes>(storage_);
}

void Simulation::fail(const std::string& what) {
  if (!failure_.empty()) return;
  failure_ = what;
  for (size_t i = trace_.size() > 40 ? trace_.size() - 40 : 0; i < trace_.size(); ++i) failure_ += "\n  " + trace_[i];
}

std::string Simulation::run() {
  for (int i = 0; i < options_.steps && failure_.empty(); ++i) step();
  if (failure_.empty()) finish_all();
  if (!failure_.empty()) (void)engine_holder_.release();  // operations are in flight: it can't be destroyed
  return failure_;
}

void Simulation::step() {
  uint64_t dice = options_.one_at_a_time && !pending_.empty() ? 50 + below(44) : below(100);
  if (dice < 50) {
    start_random();
  } else if (dice < 88) {
    complete_one();
  } else if (dice < 94) {
    now_ += static_cast<Time>(below(60)) * kMillisecond;
    if (now_ >= engine_.next_wakeup()) engine_.tick(now_);
    after_event();
  } else if (dice < 95) {
    engine_.invalidate(now_);
    after_event();
  } else if (dice < 96) {
    engine_.prefetch({below(options_.file_max), options_.file_max}, now_);
    after_event();
  } else if (dice < 97) {
    engine_.trim(now_);
    after_event();
  } else if (dice < 98 && options_.faults) {
    failing_ = !failing_ && chance(40);
  } else if (engine_.sticky(true) && chance(50)) {
    trace_.push_back("clear_error");
    failing_ = false;
    engine_.clear_error(now_);
    after_event();
  } else if (!pending_.empty() && chance(20)) {
    Operation& victim = *pending_[below(pending_.size())];
    if (victim.request.kind == RequestKind::kWrite || victim.request.kind == RequestKind::kTruncate) return;
    trace_.push_back(std::string("cancel ") + name_of(victim.request.kind));
    engine_.cancel(victim.request, ECANCELED, now_);
    after_event();
  }
}

void Simulation::start_random() {
  constexpr RequestKind kKinds[] = {
      RequestKind::kRead,     RequestKind::kRead,  RequestKind::kRead,  RequestKind::kRead, RequestKind::kWrite,
      RequestKind::kWrite,    RequestKind::kWrite, RequestKind::kWrite, RequestKind::kSeek, RequestKind::kSize,
      RequestKind::kTruncate, RequestKind::kFlush, RequestKind::kSync};
  auto operation = std::make_unique<Operation>();
  Request& r = operation->request;
  r.kind = kKinds[below(std::size(kKinds))];
  if (r.kind == RequestKind::kTruncate && !chance(30)) r.kind = RequestKind::kWrite;
  if (!options_.config.writable && r.kind == RequestKind::kWrite) r.kind = RequestKind::kRead;
  if (!options_.config.readable && r.kind == RequestKind::kRead) r.kind = RequestKind::kWrite;
  r.offset = static_cast<int64_t>(below(options_.file_max));
  r.at_cursor = chance(60);
  if (r.kind == RequestKind::kSeek) {
    r.whence = static_cast<int>(below(3));
    if (r.whence != SEEK_SET) r.offset -= options_.file_max / 2;
  }
  if (r.kind == RequestKind::kRead || r.kind == RequestKind::kWrite) {
    operation->memory.resize(1 + (chance(30) ? below(64) : below(options_.count_max)));
    if (r.kind == RequestKind::kWrite) {
      for (auto& byte : operation->memory) byte = static_cast<uint8_t>(below(256));
    } else {
      std::fill(operation->memory.begin(), operation->memory.end(), uint8_t{0xCC});
    }
    operation->iov = {operation->memory.data(), operation->memory.size()};
    r.iov = &operation->iov;
    r.iov_count = 1;
    r.count = operation->memory.size();
  }
  start(std::move(operation));
}

void Simulation::start(std::unique_ptr<Operation> operation) {
  Request& r = operation->request;
  trace_.push_back(std::string("start ") + name_of(r.kind) + (r.at_cursor ? " cursor" : "") + " offset " +
                   std::to_string(r.offset) + " count " + std::to_string(r.count));
  // The lanes are part of what is tested.
  if (r.at_cursor && r.kind == RequestKind::kWrite && engine_.write_fast(operation->memory.data(), r.count)) {
    r.result = static_cast<ssize_t>(r.count);
    r.offset = static_cast<int64_t>(cursor_);
    return finished(*operation);
  }
  operation->states.push_back(model_);
  if (r.at_cursor && r.kind == RequestKind::kRead && engine_.read_fast(operation->memory.data(), r.count)) {
    r.result = static_cast<ssize_t>(r.count);
    r.offset = static_cast<int64_t>(cursor_);
    return finished(*operation);
  }
  Operation* raw = operation.get();
  pending_.push_back(std::move(operation));
  if (engine_.start(raw->request, now_))
    engine_.actions().complete.insert(engine_.actions().complete.begin(), &raw->request);
  after_event();
}

void Simulation::after_event() {
  Actions actions = std::move(engine_.actions());
  engine_.actions().clear();
  for (BackendOp* op : actions.submit) {
    Flying flying{op};
    if (op->kind == IoKind::kRead && chance(50)) {
      flying.sampled = true;
      flying.result = apply(*op, op->count);
    }
    flying_.push_back(flying);
  }
  for (Request* request : actions.complete) {
    auto it = std::find_if(pending_.begin(), pending_.end(), [&](const auto& o) { return &o->request == request; });
    if (it == pending_.end()) return fail("completed twice");
    std::unique_ptr<Operation> done = std::move(*it);
    pending_.erase(it);
    finished(*done);
  }
}

// Does `count` bytes of what the operation asks to the storage.
ssize_t Simulation::apply(BackendOp& op, size_t count) {
  switch (op.kind) {
    case IoKind::kRead: {
      size_t have = op.offset < storage_.size() ? storage_.size() - op.offset : 0;
      count = std::min(count, have);
      scatter(op.pieces.data(), static_cast<int>(op.pieces.size()), 0,
              reinterpret_cast<std::byte*>(storage_.data()) + (count ? op.offset : 0), count);
      return static_cast<ssize_t>(count);
    }
    case IoKind::kWrite:
    case IoKind::kAppend: {
      uint64_t at = op.kind == IoKind::kAppend ? storage_.size() : op.offset;
      if (storage_.size() < at + count) storage_.resize(at + count);
      gather(reinterpret_cast<std::byte*>(storage_.data()) + at, op.pieces.data(), static_cast<int>(op.pieces.size()),
             0, count);
      return static_cast<ssize_t>(count);
    }
    case IoKind::kSize: return static_cast<ssize_t>(storage_.size());
    case IoKind::kTruncate: storage_.resize(op.offset); return 0;
    default: return 0;
  }
}

void Simulation::complete_one() {
  if (flying_.empty()) return;
  size_t index = below(flying_.size());
  Flying flying = flying_[index];
  flying_.erase(flying_.begin() + static_cast<long>(index));
  BackendOp& op = *flying.op;
  bool writes = op.kind == IoKind::kWrite || op.kind == IoKind::kAppend;
  ssize_t result;
  if (faults_ && writes && failing_) {
    if (!options_.config.append && chance(50)) apply(op, below(op.count + 1));  // a torn write
    result = -EIO;
  } else if (faults_ && op.kind != IoKind::kClose && chance(6)) {
    result = chance(70) ? -EINTR : op.kind == IoKind::kRead ? -EIO : -EAGAIN;
  } else if (flying.sampled) {
    result = flying.result;
  } else {
    bool may_be_short =
        (writes && options_.short_writes) || (op.kind == IoKind::kRead && !options_.traits.short_read_is_eof);
    size_t count = faults_ && may_be_short && op.count > 1 && chance(15) ? 1 + below(op.count) : op.count;
    result = apply(op, count);
  }
  trace_.push_back("complete kind " + std::to_string(static_cast<int>(op.kind)) + " offset " +
                   std::to_string(op.offset) + " count " + std::to_string(op.count) + " result " +
                   std::to_string(result));
  engine_.complete(&op, result, now_);
  after_event();
}

void Simulation::finished(Operation& operation) {
  Request& r = operation.request;
  trace_.push_back(std::string("done ") + name_of(r.kind) + " offset " + std::to_string(r.offset) + " result " +
                   std::to_string(r.result));
  if (r.kind == RequestKind::kWrite || (r.kind == RequestKind::kTruncate && r.result == 0)) {
    if (r.result >= 0) mutate(operation);
    return;
  }
  if (r.result < 0) {
    bool known =
        r.result == -EIO || r.result == -ECANCELED || r.result == -EINVAL || r.result == -EINTR || r.result == -EAGAIN;
    if (!known) fail("unexpected error " + std::to_string(r.result));
    return;
  }
  if (r.kind == RequestKind::kRead) check_read(operation);
  if (r.kind == RequestKind::kSeek) cursor_ = static_cast<uint64_t>(r.result);
  if (r.kind == RequestKind::kSize) {
    bool ok = std::any_of(operation.states.begin(), operation.states.end(),
                          [&](const auto& state) { return state->size() == static_cast<size_t>(r.result); });
    if (!ok) fail("size " + std::to_string(r.result) + " was never the size; it is " + std::to_string(model_->size()));
  }
}

void Simulation::mutate(const Operation& operation) {
  const Request& r = operation.request;
  auto next = std::make_shared<Bytes>(*model_);
  if (r.kind == RequestKind::kTruncate) {
    next->resize(static_cast<size_t>(r.offset));
  } else {
    if (r.result != static_cast<ssize_t>(r.count)) fail("short write");
    auto at = options_.config.append ? next->size() : static_cast<size_t>(r.offset);
    if (r.at_cursor && !options_.config.append && at != cursor_) fail("write not at the cursor");
    if (next->size() < at + r.count) next->resize(at + r.count);
    std::copy(operation.memory.begin(), operation.memory.end(), next->begin() + static_cast<long>(at));
    if (r.at_cursor) cursor_ = at + r.count;
  }
  model_ = std::move(next);
  for (auto& pending : pending_) pending->states.push_back(model_);
}

// The result has to be what the file was at one moment since the read began: all bytes of it [C2].
void Simulation::check_read(const Operation& operation) {
  const Request& r = operation.request;
  auto count = static_cast<size_t>(r.result);
  auto at = static_cast<size_t>(r.offset);
  bool ok = std::any_of(operation.states.begin(), operation.states.end(), [&](const auto& state) {
    size_t have = at < state->size() ? std::min(r.count, state->size() - at) : 0;
    return have == count && std::equal(operation.memory.begin(), operation.memory.begin() + static_cast<long>(count),
                                       state->begin() + static_cast<long>(count ? at : 0));
  });
  for (size_t n = 0; !ok && n < operation.states.size(); ++n) {
    const Bytes& state = *operation.states[n];
    size_t i = 0;
    while (i < count && at + i < state.size() && operation.memory[i] == state[at + i]) ++i;
    trace_.push_back("state " + std::to_string(n) + " of " + std::to_string(state.size()) + " bytes differs at " +
                     std::to_string(at + i) + ", where it was given " + std::to_string(operation.memory[i]));
  }
  if (!ok)
    fail("read of " + std::to_string(r.count) + " at " + std::to_string(at) + " gave " + std::to_string(count) +
         " bytes that the file never had");
  if (r.at_cursor) cursor_ = at + count;
}

bool Simulation::settle(RequestKind kind) {
  auto operation = std::make_unique<Operation>();
  operation->request.kind = kind;
  ssize_t result = -1;
  Request* request = &operation->request;
  pending_.push_back(std::move(operation));
  Operation* raw = pending_.back().get();
  bool complete = engine_.start(*request, now_);
  if (complete) engine_.actions().complete.push_back(request);
  for (int rounds = 0; failure_.empty(); ++rounds) {
    auto& done = engine_.actions().complete;
    if (std::find(done.begin(), done.end(), request) != done.end()) result = raw->request.result, complete = true;
    after_event();
    if (complete) return result == 0;
    if (flying_.empty()) {
      Time wakeup = engine_.next_wakeup();
      if (wakeup == kNever || rounds > 100000) {
        fail(std::string("stuck in ") + name_of(kind));
        return false;
      }
      now_ = std::max(now_, wakeup);
      engine_.tick(now_);
      continue;
    }
    Flying flying = flying_.back();
    flying_.pop_back();
    ssize_t got = flying.sampled ? flying.result : apply(*flying.op, flying.op->count);
    engine_.complete(flying.op, got, now_);
  }
  return false;
}

// No more faults: everything accepted has to be in the storage after a flush, and close has to give all memory back.
void Simulation::finish_all() {
  faults_ = failing_ = false;
  trace_.push_back("no more faults");
  engine_.clear_error(now_);
  after_event();
  if (!settle(RequestKind::kFlush)) return fail("the last flush failed");
  while (!pending_.empty() && failure_.empty()) {
    if (!settle(RequestKind::kFlush)) return fail("a pending operation hangs");
    if (flying_.empty() && !pending_.empty()) {
      now_ = std::max(now_ + kMillisecond, std::min(engine_.next_wakeup(), now_ + kMillisecond * 1000));
      engine_.tick(now_);
      after_event();
      if (flying_.empty() && engine_.next_wakeup() == kNever && !pending_.empty()) return fail("an operation hangs");
    }
    while (!flying_.empty() && failure_.empty()) complete_one();
  }
  if (failure_.empty() && !settle(RequestKind::kFlush)) return fail("the very last flush failed");
  if (storage_ != *model_) {
    auto differs =
        std::mismatch(storage_.begin(), storage_.begin() + static_cast<long>(std::min(storage_.size(), model_->size())),
                      model_->begin());
    return fail("storage of " + std::to_string(storage_.size()) + " bytes differs from the model's " +
                std::to_string(model_->size()) + " at " + std::to_string(differs.first - storage_.begin()));
  }
  if (engine_.dirty_bytes() != 0) fail("dirty after a flush");
  if (!settle(RequestKind::kClose)) return fail("close failed");
  engine_.trim(now_);
  if (memory_.used() != 0 && !options_.config.keep_until_sync)
    fail("memory kept after close: " + std::to_string(memory_.used()));
}

}  // namespace conveyor::test

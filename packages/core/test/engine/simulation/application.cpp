#include "application.hpp"

#include <algorithm>
#include <cerrno>

#include "inspection.hpp"

namespace conveyor::sim {
namespace {

constexpr size_t kPendingMax = 24;
constexpr uint64_t kFileMax = 40'000;  // bytes, about
constexpr size_t kPatternSize = 1 << 16;

// What is written: pieces of one random table, so that neighbours in time differ in every byte.
const uint8_t* pattern() {
  static const Bytes table = [] {
    Bytes bytes(2 * kPatternSize);
    testkit::Prng(7).fill(std::as_writable_bytes(std::span(bytes)));
    return bytes;
  }();
  return table.data();
}

bool moves_bytes(RequestKind kind) { return kind == RequestKind::kRead || kind == RequestKind::kWrite; }
bool looks(RequestKind kind) {
  return kind == RequestKind::kRead || kind == RequestKind::kSize || kind == RequestKind::kSeek;
}

RequestKind kind_of(const Event& event) {
  switch (event.kind) {
    case EventKind::kRead:
      return RequestKind::kRead;
    case EventKind::kWrite:
      return RequestKind::kWrite;
    case EventKind::kSeek:
      return RequestKind::kSeek;
    case EventKind::kTruncate:
      return RequestKind::kTruncate;
    case EventKind::kFlush:
      return RequestKind::kFlush;
    case EventKind::kSync:
      return RequestKind::kSync;
    case EventKind::kClose:
      return RequestKind::kClose;
    default:
      return RequestKind::kSize;
  }
}

Operation* operation_of(Request* request) { return reinterpret_cast<Operation*>(request); }

}  // namespace

std::string describe(const Operation& operation) {
  constexpr const char* kNames[] = {"read", "write", "seek", "size", "truncate", "flush", "sync", "close"};
  const Request& r = operation.request;
  std::string text = kNames[static_cast<int>(r.kind)];
  if (moves_bytes(r.kind)) text += " of " + std::to_string(r.count) + (r.at_cursor ? " at the cursor" : "");
  if (moves_bytes(r.kind) || r.kind == RequestKind::kTruncate) text += " at " + std::to_string(r.offset);
  return text;
}

Application::Application(const World& world, Verdict& verdict, SimulatedBackend& backend)
    : world_(world), verdict_(verdict), backend_(backend), truth_(backend.storage()) {}

void Application::fail(const char* rule, const std::string& what, const Operation& operation) {
  verdict_.fail(rule, describe(operation) + ": " + what);
}

void Application::open(Engine& engine) {
  engine_ = &engine;
  truth_.adopt(backend_.storage());
  truth_.forget();
  cursor_ = world_.config.initial_cursor;
  accepted_ = landed_ = writes_ = reads_ = bytes_read_ = 0;
  sticky_ = close_error_ = 0;
  gave_up_ = false;
  close_ = nullptr;
  closed_ = false;
}

void Application::begin_event() {
  bool kept = std::any_of(pending_.begin(), pending_.end(), [&](const Operation* o) {
    return looks(o->request.kind) && (o->mixed || world_.config.append || world_.config.write_through);
  });
  if (!kept) truth_.forget();
  event_mark_ = truth_.mark();
  event_error_ = 0;
  if (!gave_up_ || backend_.flies(IoKind::kTruncate)) return;
  gave_up_ = backend_.flies(IoKind::kWrite);
  adopt_view();
}

Operation* Application::make(const Event& event) {
  if (spare_.empty()) {
    owned_.push_back(std::make_unique<Operation>());
    spare_.push_back(owned_.back().get());
  }
  Operation* o = spare_.back();
  spare_.pop_back();
  Bytes memory = std::move(o->memory);
  *o = Operation{};
  o->memory = std::move(memory);
  Request& r = o->request;
  r.kind = kind_of(event);
  r.at_cursor = event.has(kAtCursor);
  r.runs_inline = event.has(kRunsInline);
  r.glances = event.has(kGlances);
  r.data_only = event.has(kDataOnly);
  r.offset = event.offset;
  if (r.kind == RequestKind::kSeek) r.whence = static_cast<int>(event.count);
  o->mark = truth_.mark();
  o->version = truth_.version();
  o->accepted = accepted_;
  o->serial = ++serial_;
  o->mixed = gave_up_;
  if (moves_bytes(r.kind)) lay_out(*o, event);
  return o;
}

void Application::lay_out(Operation& o, const Event& event) {
  Request& r = o.request;
  r.count = o.asked = event.count;
  o.memory.resize(r.count);
  if (r.kind == RequestKind::kWrite) {
    size_t from = (o.serial * 40'503) % kPatternSize;
    std::copy_n(pattern() + from, std::min(r.count, kPatternSize), o.memory.begin());
  } else {
    std::fill(o.memory.begin(), o.memory.end(), uint8_t{0xCC});
  }
  r.iov = o.iov;
  r.iov_count = 1;
  o.iov[0] = {o.memory.data(), r.count};
  if (!event.has(kVectored)) return;
  size_t first = r.count / 5, second = r.count / 2;
  r.iov_count = 3;
  o.iov[0] = {o.memory.data(), first};
  o.iov[1] = {o.memory.data() + first, second};
  o.iov[2] = {o.memory.data() + first + second, r.count - first - second};
}

void Application::release(Operation* o) {
  // Whoever still looks at it, or writes to it, is found out.
  std::fill(o->memory.begin(), o->memory.end(), uint8_t{0xBB});
  spare_.push_back(o);
}

// Keeps the world small: what would make the file large does not happen.
bool Application::fits(const Event& event) const {
  if (pending_.size() >= kPendingMax && event.kind != EventKind::kClose) return false;
  if (event.kind == EventKind::kClose) return !close_;
  if (event.kind == EventKind::kTruncate) return event.offset < static_cast<int64_t>(kFileMax);
  if (event.kind != EventKind::kWrite) return true;
  if (event.count > kPatternSize) return false;
  for (const Operation* o : pending_)  // the cursor may be far out when its turn comes
    if (o->request.kind == RequestKind::kSeek && o->request.offset > static_cast<int64_t>(kFileMax)) return false;
  uint64_t at = world_.config.append ? truth_.size() : event.has(kAtCursor) ? cursor_ : 0;
  if (!event.has(kAtCursor) && !world_.config.append) {
    // Too far for off_t is fine: it is refused.
    bool too_far = event.offset > INT64_MAX - static_cast<int64_t>(event.count);
    return event.offset < static_cast<int64_t>(kFileMax) || too_far;
  }
  return at + pending_.size() * 2'000 < kFileMax;
}

// What the state of the handle alone refuses, at once and with nothing changed.
int Application::refusal(const Request& r) const {
  const bool moves = moves_bytes(r.kind);
  if (close_) return EBADF;
  if (r.kind == RequestKind::kRead && !world_.config.readable) return EBADF;
  if ((r.kind == RequestKind::kWrite || r.kind == RequestKind::kTruncate) && !world_.config.writable) return EBADF;
  if (moves && !r.at_cursor && r.offset < 0) return EINVAL;
  if (moves && r.count == 0) return 0;
  if (r.kind == RequestKind::kTruncate && r.offset < 0) return EINVAL;
  if (r.kind == RequestKind::kTruncate && !world_.traits.truncate) return ENOTSUP;
  if (r.kind == RequestKind::kSeek && r.whence > 2) return EINVAL;
  const EngineConfig& c = world_.config;
  if (r.kind == RequestKind::kWrite && r.count > c.write_capacity_max && !c.split_large_writes && !c.write_through)
    return EMSGSIZE;
  const bool told = r.kind == RequestKind::kWrite || r.kind == RequestKind::kFlush || r.kind == RequestKind::kSync ||
                    r.kind == RequestKind::kTruncate;
  return told ? sticky_ : 0;
}

bool Application::try_lane(Operation& o) {
  Request& r = o.request;
  auto offset = static_cast<uint64_t>(r.offset);
  uint8_t* memory = o.memory.data();
  if (r.kind == RequestKind::kWrite) {
    if (!(r.at_cursor ? engine_->write_fast(memory, r.count) : engine_->pwrite_fast(memory, r.count, offset)))
      return false;
    if (sticky_ != 0 || close_) fail("f4", "was taken by the lane", o);
    if (r.at_cursor) r.offset = static_cast<int64_t>(cursor_);
    truth_.write(static_cast<uint64_t>(r.offset), memory, r.count);
    accepted_ += r.count;
    ++writes_;
  } else {
    if (!(r.at_cursor ? engine_->read_fast(memory, r.count) : engine_->pread_fast(memory, r.count, offset)))
      return false;
    if (close_) fail("f6", "was served by the lane", o);
    if (r.at_cursor) r.offset = static_cast<int64_t>(cursor_);
    if (!truth_.gave(truth_.mark(), static_cast<uint64_t>(r.offset), r.count, memory, r.count))
      fail("read", "the lane gave what the file is not", o);
    ++reads_;
    bytes_read_ += r.count;
  }
  if (r.at_cursor) cursor_ += r.count;
  return true;
}

Application::Started Application::start(const Event& event, Time now) {
  if (!fits(event)) return Started::kNothing;
  Operation* o = make(event);
  if (event.pick != 0) o->deadline = now + event.pick * kMillisecond;
  if (moves_bytes(o->request.kind) && !event.has(kVectored) && try_lane(*o)) {
    release(o);
    return Started::kLane;
  }
  Request& r = o->request;
  const int refused = refusal(r);
  const bool nothing_asked = moves_bytes(r.kind) && r.count == 0 && refused == 0;
  if (r.kind == RequestKind::kClose && refused == 0) {
    close_ = o;
    for (Operation* other : pending_) other->failed.set(EBADF);  // even if the close is cancelled before they end
  }
  pending_.push_back(o);
  r.started = now;
  if (engine_->start(r, now)) {
    engine_->actions().complete.push_back(&r);
    if (nothing_asked && r.result != 0) fail("w8", "gave " + std::to_string(r.result), *o);
    if (refused != 0 && r.result != -refused) fail("refusal", "gave " + std::to_string(r.result), *o);
  } else if (refused != 0) {
    fail("refusal", "waits, where it had to fail with " + std::to_string(refused), *o);
  }
  return Started::kEvent;
}

void Application::end_pass(Pass& pass, Time now) {
  engine_->counters().backend_done(IoKind::kRead, pass.result, -1);
  if (!engine_->passed(pass.range, pass.result, now)) return;
  ++reads_;
  bytes_read_ += pass.range.length();
  if (!truth_.gave(event_mark_, pass.range.begin, pass.range.length(), pass.memory.data(), pass.range.length()))
    verdict_.fail("read", "a read past the engine at " + std::to_string(pass.range.begin) +
                              " counts, but gave what the file is not");
}

bool Application::cancel(Operation& o, int error, Time now) {
  o.cancelled = true;
  o.deadline = kNever;
  const bool taken = engine_->cancel(o.request, error, now);
  if (!taken) o.cancelled = false;
  return taken;
}

void Application::backend_failed(const Flight& flight, int error) {
  switch (flight.kind) {
    case IoKind::kSize:
      if (flight.for_append) break;
      if (!flight.op->request) event_error_ = error;  // a truncate asked, to see where the cursor is
      [[fallthrough]];
    case IoKind::kRead:
      for (Operation* o : pending_)
        if (&o->request == flight.op->request) o->failed.set(static_cast<size_t>(error));
      return;
    case IoKind::kTruncate:
      event_error_ = error;
      return;
    case IoKind::kClose:
      close_error_ = error;
      return;
    default:
      break;
  }
  event_error_ = error;
  const bool forgotten = world_.config.write_through && !world_.config.keep_until_sync && !close_;
  if (forgotten) sticky_ = 0;
  if (sticky_ == 0 && !forgotten && world_.config.writable) sticky_ = error;
}

void Application::backend_truncated(uint64_t size) { truth_.truncate(size); }

void Application::backend_moved(const Flight& flight) {
  if (world_.config.append && flight.kind != IoKind::kRead) landed_ += static_cast<uint64_t>(flight.result);
}

void Application::settle_failure(const Flight& flight, bool failed) {
  const bool appends = flight.kind == IoKind::kWrite || flight.kind == IoKind::kAppend || flight.for_append;
  const bool is_sync = failed && flight.kind == IoKind::kSync;
  if (world_.config.append && (appends || is_sync)) return reconcile_appends(failed, is_sync);
  const EngineConfig& c = world_.config;
  if (!failed || !c.write_through || c.keep_until_sync || close_ || c.append) return;
  if (flight.kind != IoKind::kWrite && flight.kind != IoKind::kSync) return;
  // Its bytes are given up: what is in the storage of them stays, and more of them may come.
  gave_up_ = true;
  adopt_view();
}

void Application::adopt_view() {
  for (Operation* o : pending_) keep_history(*o);
  Bytes file;
  inspection::view(*engine_, backend_.storage(), &file);
  if (std::equal(file.begin(), file.end(), truth_.data(), truth_.data() + truth_.size())) return;
  truth_.adopt(file);
}

void Application::keep_history(Operation& o) {
  if (!looks(o.request.kind) || o.mixed) return;
  o.mixed = true;
  if (!world_.config.append && !world_.config.write_through) o.mark = truth_.mark();
}

Bytes Application::storage_and_pending() const {
  Bytes file = backend_.storage();
  const uint8_t* end = truth_.data() + truth_.size();
  file.insert(file.end(), end - pending_bytes(), end);
  return file;
}

// Append: others have put bytes before ours, and nobody knew then where ours would be.
void Application::push_back(uint64_t count) {
  uint64_t since = 0;
  if (inspection::cursor_is_behind_append(*engine_, &since)) cursor_ += count;
  for (Operation* o : pending_) o->ends_at += count;
}

// The file is what the storage has and what is still to be appended. Only a failed append may have left more there.
void Application::reconcile_appends(bool failed, bool is_sync) {
  uint64_t new_bytes = 0;  // accepted since, which is not yet part of the truth
  for (const Operation* o : pending_)
    if (o->request.kind == RequestKind::kWrite)
      new_bytes += o->request.accepted - std::min(o->request.accepted, o->applied);
  if (world_.config.write_through && failed && inspection::pending_appends(*engine_) == new_bytes) {
    // What was not told is given up.
    uint64_t size = truth_.size() - pending_bytes();
    landed_ = accepted_;
    for (Operation* o : pending_) keep_history(*o);
    truth_.truncate(size);
  }
  if (is_sync) return;  // an append in flight may have had its effect
  const Bytes& storage = backend_.storage();
  if (storage.size() + pending_bytes() == truth_.size() && std::equal(storage.begin(), storage.end(), truth_.data()))
    return;
  if (!failed) return verdict_.fail("append", "a record was lost, or is there twice, or in another order");
  Bytes file = storage_and_pending();
  push_back(file.size() - truth_.size());
  for (Operation* o : pending_) keep_history(*o);
  truth_.adopt(file);
}

bool Application::may_grow() const {
  if (closed_ || backend_.flies(IoKind::kTruncate)) return false;
  if (truth_.size() > kFileMax) return false;
  if (!world_.config.append) return true;
  const bool looked_at = std::any_of(pending_.begin(), pending_.end(),
                                     [](const Operation* o) { return looks(o->request.kind) || o->request.at_cursor; });
  return !looked_at && !backend_.flies(IoKind::kSize) && !backend_.append_is_unsettled();
}

void Application::grow(size_t count) {
  for (Operation* o : pending_) keep_history(*o);
  if (!world_.config.append) {
    uint64_t at = backend_.storage().size();
    Bytes more = backend_.grow(count);
    return truth_.grow(at, more.data(), more.size());
  }
  backend_.grow(count);
  push_back(count);
  truth_.adopt(storage_and_pending());
}

SimulatedBackend::Moment Application::moment() const {
  return {truth_, pending_bytes(), landed_, sticky_, gave_up_, inspection::config(*engine_)};
}

void Application::apply_pieces(Operation& o, size_t upto) {
  if (upto <= o.applied) return;
  Request& r = o.request;
  const size_t count = upto - o.applied;
  uint64_t at = world_.config.append ? truth_.size() : static_cast<uint64_t>(r.offset) + o.applied;
  if (r.at_cursor && !world_.config.append && o.applied == 0 && at != cursor_)
    fail("p3", "the cursor was at " + std::to_string(cursor_), o);
  truth_.write(at, o.memory.data() + o.applied, count);
  accepted_ += count;
  o.applied = upto;
  o.applied_as = truth_.version();
  o.ends_at = at + count;
  if (upto == o.asked) ++writes_;
}

void Application::move_cursor(const Operation& o) {
  const Request& r = o.request;
  for (const Operation* other : pending_) {
    if (other == &o || other->serial > o.serial) break;
    const bool waits_there = other->request.stage != Stage::kDone && other->request.kind != RequestKind::kClose &&
                             (other->request.at_cursor || other->request.kind == RequestKind::kSeek);
    if (waits_there) fail("p3", "it overtook a " + describe(*other), o);
  }
  if (r.kind == RequestKind::kSeek) {
    if (r.whence == SEEK_SET && r.result != r.offset) fail("p2", "gave " + std::to_string(r.result), o);
    if (r.whence == SEEK_CUR && static_cast<uint64_t>(r.result - r.offset) != cursor_)
      fail("p2", "gave " + std::to_string(r.result) + " from " + std::to_string(cursor_), o);
    cursor_ = static_cast<uint64_t>(r.result);
  } else if (r.kind == RequestKind::kRead) {
    if (static_cast<uint64_t>(r.offset) != cursor_) fail("p3", "the cursor was at " + std::to_string(cursor_), o);
    cursor_ += static_cast<uint64_t>(r.result);
  } else {
    cursor_ = o.ends_at;
  }
}

void Application::accept(const std::vector<Request*>& done) {
  for (Request* r : done) {
    Operation& o = *operation_of(r);
    if (std::find(pending_.begin(), pending_.end(), &o) == pending_.end())
      return verdict_.fail("twice", "an operation was completed that is not pending");
    if (r->kind == RequestKind::kWrite && r->result > 0) apply_pieces(o, static_cast<size_t>(r->result));
    const bool moves =
        r->kind == RequestKind::kSeek ? r->result >= 0 : moves_bytes(r->kind) && r->at_cursor && r->result > 0;
    if (moves) move_cursor(o);
  }
  if (world_.config.write_through) {
    inspection::landing_writes(*engine_, &landing_);
    for (Request* r : landing_) apply_pieces(*operation_of(r), r->accepted);
  }
  if (!world_.config.split_large_writes && !world_.config.write_through) return;
  for (Operation* o : pending_)
    if (o->request.kind == RequestKind::kWrite && o->request.stage == Stage::kRoom)
      apply_pieces(*o, o->request.accepted);
}

void Application::answer(const std::vector<Request*>& done) {
  for (Request* r : done) {
    if (verdict_.failed()) return;
    Operation& o = *operation_of(r);
    pending_.erase(std::find(pending_.begin(), pending_.end(), &o));
    if (r->result < 0) {
      check_error(o);
    } else {
      switch (r->kind) {
        case RequestKind::kRead:
          check_read(o);
          break;
        case RequestKind::kWrite:
          check_write(o);
          break;
        case RequestKind::kSize:
          check_size(o, static_cast<uint64_t>(r->result));
          break;
        case RequestKind::kSeek:
          if (r->whence == SEEK_END) check_size(o, static_cast<uint64_t>(r->result - r->offset));
          break;
        case RequestKind::kTruncate:
          break;
        case RequestKind::kFlush:
          check_landed(o, o.version);
          break;
        case RequestKind::kSync:
          check_sync(o);
          break;
        case RequestKind::kClose:
          break;
      }
    }
    if (r->kind == RequestKind::kClose && close_ == &o) check_closed(o);
    release(&o);
  }
}

}  // namespace conveyor::sim

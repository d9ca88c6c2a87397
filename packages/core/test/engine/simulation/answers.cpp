// Application: is what an operation was told true?
#include <algorithm>
#include <cerrno>

#include "application.hpp"

namespace conveyor::sim {

// Every errno has its reason.
void Application::check_error(Operation& o) {
  const Request& r = o.request;
  const int error = static_cast<int>(-r.result);
  const bool writes_behind = r.kind == RequestKind::kWrite || r.kind == RequestKind::kFlush ||
                             r.kind == RequestKind::kSync || r.kind == RequestKind::kTruncate;
  bool has_reason = false;
  switch (error) {
    case ECANCELED:
    case ETIMEDOUT:
      has_reason = o.cancelled;
      break;
    case EBADF:
      has_reason = close_ || (r.kind == RequestKind::kRead ? !world_.config.readable : !world_.config.writable);
      break;
    case EINVAL:
      has_reason = r.offset < 0 || r.whence > 2;
      break;
    case EFBIG:
      has_reason = r.kind == RequestKind::kWrite;
      break;
    case EOVERFLOW:
      has_reason = r.kind == RequestKind::kSeek;
      break;
    case EMSGSIZE:
      has_reason = r.kind == RequestKind::kWrite && r.count > world_.config.write_capacity_max;
      break;
    case ENOTSUP:
      has_reason = r.kind == RequestKind::kTruncate && !world_.traits.truncate;
      break;
    case EAGAIN:
      has_reason = r.kind == RequestKind::kWrite && world_.config.nonblocking;
      break;
    default:
      break;
  }
  has_reason = has_reason || o.failed.test(static_cast<size_t>(error)) ||
               (writes_behind && (error == sticky_ || error == event_error_));
  has_reason = has_reason || (r.kind == RequestKind::kClose && (error == sticky_ || error == close_error_));
  if (!has_reason) fail("errno", "failed with " + std::to_string(error) + " without a reason", o);
  if (o.applied > 0 && !world_.config.write_through)
    fail("w6", "failed, but " + std::to_string(o.applied) + " bytes of it were accepted", o);
  const bool told = writes_behind && r.kind != RequestKind::kTruncate && sticky_ != 0 && error == sticky_;
  if (told && engine_->counters().totals.unreported_errors != 0) fail("f8", "was told of an error that counts on", o);
}

void Application::check_write(Operation& o) {
  const Request& r = o.request;
  const auto count = static_cast<size_t>(r.result);
  const EngineConfig& c = world_.config;
  const bool in_pieces = o.asked > c.write_capacity_max && (c.split_large_writes || c.write_through);
  if (count > o.asked || (count < o.asked && !in_pieces) || o.applied != count)
    return fail("w6", "gave " + std::to_string(r.result) + " with " + std::to_string(o.applied) + " accepted", o);
  if (count > 0 && world_.config.write_through) check_landed(o, o.applied_as);
}

void Application::check_read(const Operation& o) {
  const Request& r = o.request;
  if (o.asked == 0 || r.result > static_cast<ssize_t>(o.asked)) {
    if (r.result != 0) fail("r1", "gave " + std::to_string(r.result), o);
    return;
  }
  const auto got = static_cast<size_t>(r.result);
  const auto offset = static_cast<uint64_t>(r.offset);
  ++reads_;
  bytes_read_ += got;
  if (o.mixed && world_.config.write_through) return;  // as for a size, below
  // Append: where a backend has appended half a record, half a record is seen.
  const bool any_moment = world_.config.append || o.mixed;
  const size_t mark = any_moment ? o.mark : event_mark_;
  if (truth_.gave(mark, offset, r.count, o.memory.data(), got)) return;
  if (any_moment && truth_.gave_mixed(mark, offset, r.count, o.memory.data(), got)) return;
  std::string what = "gave " + std::to_string(got) + " bytes that the file did not have then";
  uint64_t have = offset < truth_.size() ? std::min<uint64_t>(r.count, truth_.size() - offset) : 0;
  if (have != got) what += "; there are " + std::to_string(have);
  for (size_t i = 0; i < std::min<uint64_t>(have, got); ++i) {
    if (o.memory[i] == truth_.data()[offset + i]) continue;
    what += "; byte " + std::to_string(offset + i) + " is " + std::to_string(o.memory[i]) + ", should be " +
            std::to_string(truth_.data()[offset + i]);
    break;
  }
  fail("read", what, o);
}

void Application::check_size(const Operation& o, uint64_t size) {
  // Unbuffered: of a write that failed meanwhile, more or less may be there at any moment.
  if (o.mixed && world_.config.write_through) return;
  const bool any_moment = world_.config.append || o.mixed;
  if (truth_.had_size(any_moment ? o.mark : event_mark_, size)) return;
  if (any_moment && truth_.had_size_about(o.mark, size)) return;
  fail("size", "says " + std::to_string(size) + ", the file has " + std::to_string(truth_.size()), o);
}

// All that was accepted up to then is in the storage [F1].
void Application::check_landed(const Operation& o, uint32_t version) {
  if (o.request.kind == RequestKind::kSync && world_.config.sync_is_noop) return;
  if (world_.config.append) {
    const uint64_t due = o.request.kind == RequestKind::kWrite ? 0 : o.accepted;
    if (landed_ < due) fail("f1", "only " + std::to_string(landed_) + " bytes have landed", o);
    return;
  }
  uint64_t where = 0;
  if (!backend_.flies(IoKind::kTruncate) && !truth_.is_in(backend_.storage(), version, &where))
    fail("f1", "byte " + std::to_string(where) + " is not in the storage", o);
}

// And a sync that began after that has succeeded [F2].
void Application::check_sync(const Operation& o) {
  if (world_.config.sync_is_noop) return;
  if (!world_.traits.sync || !world_.config.writable) return check_landed(o, o.version);
  if (world_.config.append) {
    if (backend_.durable_covers() < o.accepted) fail("f2", "what was appended before it is not durable", o);
    return;
  }
  uint64_t where = 0;
  if (!backend_.flies(IoKind::kTruncate) && !truth_.is_in(backend_.durable(), o.version, &where))
    fail("f2", "byte " + std::to_string(where) + " is not durable", o);
}

void Application::check_closed(const Operation& o) {
  const Request& r = o.request;
  close_ = nullptr;
  if (!r.closed) return;  // it ran out of time
  closed_ = true;
  if (!pending_.empty()) fail("f6", "a " + describe(*pending_.front()) + " is pending when the handle is gone", o);
  if (r.result != 0 && r.result != -(sticky_ != 0 ? sticky_ : close_error_))
    fail("f5", "gave " + std::to_string(r.result), o);
  if (r.result == 0 && (sticky_ != 0 || close_error_ != 0)) fail("f5", "succeeded in spite of an error", o);
  uint64_t where = 0;
  if (r.result != 0) return;
  if (world_.config.append ? pending_bytes() != 0 : !truth_.is_in(backend_.storage(), truth_.version(), &where))
    fail("f5", "byte " + std::to_string(where) + " has not landed", o);
}

void Application::check_close() {
  for (const Operation* o : pending_) {
    const Request& r = o->request;
    const bool may_wait = r.kind == RequestKind::kFlush || r.kind == RequestKind::kSync ||
                          r.kind == RequestKind::kClose || r.stage == Stage::kLanding ||
                          (r.kind == RequestKind::kRead && r.runs_inline && r.direct);
    if (!may_wait) fail("f6", "waits on while the handle closes", *o);
  }
}

void Application::check_totals() {
  const Totals& totals = engine_->counters().totals;
  auto expect = [&](uint64_t have, uint64_t want, const char* name) {
    if (have != want)
      verdict_.fail("o1", std::string(name) + " is " + std::to_string(have) + ", not " + std::to_string(want));
  };
  expect(totals.writes, writes_, "writes");
  expect(totals.bytes_written, accepted_, "bytes_written");
  expect(totals.reads, reads_, "reads");
  expect(totals.bytes_read, bytes_read_, "bytes_read");
}

}  // namespace conveyor::sim

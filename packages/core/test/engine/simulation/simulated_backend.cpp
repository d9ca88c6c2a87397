#include "simulated_backend.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "engine/scatter.hpp"

namespace conveyor::sim {
namespace {

constexpr ssize_t kNoErrno = -5000;

bool moves_bytes(IoKind kind) { return kind == IoKind::kRead || kind == IoKind::kWrite || kind == IoKind::kAppend; }
bool writes(IoKind kind) { return kind == IoKind::kWrite || kind == IoKind::kAppend; }

std::string describe(const Flight& f) {
  constexpr const char* kNames[] = {"?", "read", "write", "append", "size", "truncate", "sync", "close"};
  return std::string(kNames[static_cast<int>(f.kind)]) + " [" + std::to_string(f.range.begin) + ", " +
         std::to_string(f.range.end) + ")";
}

}  // namespace

SimulatedBackend::SimulatedBackend(const World& world, Verdict& verdict) : world_(world), verdict_(verdict) {
  storage_.resize(world.file_size);
  testkit::Prng prng(world.file_size);
  prng.fill(std::as_writable_bytes(std::span(storage_)));
  durable_ = storage_;
}

Flight* SimulatedBackend::find(const BackendOp* op) {
  for (Flight* f : flights_)
    if (f->op == op) return f;
  return nullptr;
}

bool SimulatedBackend::flies(IoKind kind) const {
  return std::any_of(flights_.begin(), flights_.end(), [&](const Flight* f) { return f->kind == kind; });
}

bool SimulatedBackend::append_is_unsettled() const {
  return std::any_of(flights_.begin(), flights_.end(), [&](const Flight* f) {
    if (writes(f->kind) || f->for_append) return f->applied || f->waiting || !world_.traits.append;
    return false;
  });
}

bool SimulatedBackend::transient(int error) const {
  return error == EINTR || error == EAGAIN || (world_.retries_estale && error == ESTALE);
}

void SimulatedBackend::submit(BackendOp* op, const Moment& moment) {
  if (Flight* f = find(op)) {
    if (f->offset != op->offset || f->count != op->count)
      verdict_.fail("resubmit", describe(*f) + " goes on at " + std::to_string(op->offset) + ", not at " +
                                    std::to_string(f->offset));
    if (f->waiting) ++flying_;
    f->waiting = f->applied = false;
    return check_unchanged(*f);
  }
  if (spare_.empty()) {
    owned_.push_back(std::make_unique<Flight>());
    spare_.push_back(owned_.back().get());
  }
  Flight* f = spare_.back();
  spare_.pop_back();
  Bytes content = std::move(f->content);  // its memory serves again
  content.clear();
  *f = Flight{};
  f->content = std::move(content);
  f->op = op;
  f->kind = op->kind;
  f->range = op->range;
  f->wanted = op->direct ? op->wanted : op->range;
  f->for_chunk = op->chunk != nullptr;
  f->for_append = op->kind == IoKind::kSize && !op->log.empty();
  f->offset = op->offset;
  f->count = op->count;
  if (f->kind == IoKind::kSync) {
    f->content = storage_;
    f->covers = moment.landed;
  }
  check_new(*f, moment);
  if (writes(f->kind)) check_content(*f, moment);
  flights_.push_back(f);
  ++flying_;
}

void SimulatedBackend::check_new(const Flight& f, const Moment& moment) {
  size_t pieces = 0;
  for (const iovec& piece : f.op->pieces) pieces += piece.iov_len;
  if (moves_bytes(f.kind) && (pieces != f.count || f.count == 0))
    verdict_.fail("pieces", describe(f) + " has " + std::to_string(pieces) + " bytes of memory");
  const bool goes_on = f.kind == IoKind::kWrite && world_.config.append;  // it has asked for the size already
  const bool lands = writes(f.kind) || f.for_append;
  if (lands && !goes_on && moment.sticky != 0) verdict_.fail("f4", describe(f) + " while an error is sticky");
  if (f.kind == IoKind::kWrite && !world_.config.append && f.count > moment.config.max_io)
    verdict_.fail("max_io", describe(f));
  if (f.for_chunk && f.count > moment.config.max_io + 2 * world_.config.read_align)
    verdict_.fail("max_io", describe(f));
  check_alone(f, moment.config);
  check_overlaps(f, moment.gave_up);
}

// What nothing else, or nothing of its own kind, may be in flight with.
void SimulatedBackend::check_alone(const Flight& f, const EngineConfig& in_force) {
  size_t writes_flying = 0;
  for (const Flight* other : flights_) {
    if (f.kind == IoKind::kClose || other->kind == IoKind::kClose)
      return verdict_.fail("close", describe(f) + " is in flight with " + describe(*other));
    const bool is_sync = f.kind == IoKind::kSync || other->kind == IoKind::kSync;  // it touches no bytes
    if ((f.kind == IoKind::kTruncate || other->kind == IoKind::kTruncate) && !is_sync)
      return verdict_.fail("truncate", describe(f) + " is in flight with " + describe(*other));
    if (f.kind == IoKind::kSync && other->kind == IoKind::kSync) return verdict_.fail("sync", "two syncs in flight");
    if (writes(other->kind) || other->for_append) ++writes_flying;
  }
  if ((f.kind == IoKind::kClose || f.kind == IoKind::kTruncate) && !passes_.empty())
    return verdict_.fail("pass", describe(f) + " while a caller reads past the engine");
  const size_t most = world_.config.append ? 1 : in_force.write_depth;
  if ((writes(f.kind) || f.for_append) && writes_flying >= most)
    verdict_.fail("write_depth", describe(f) + " is one too many");
}

// Rules 2 and 3 of CONCURRENCY.md: no read takes bytes that are on their way, no write overtakes a read or a write.
void SimulatedBackend::check_overlaps(const Flight& f, bool gave_up) {
  if (world_.config.append || !moves_bytes(f.kind)) return;
  for (const Flight* other : flights_) {
    if (!moves_bytes(other->kind) || (f.kind == IoKind::kRead && other->kind == IoKind::kRead)) continue;
    const bool read_over_write = f.kind == IoKind::kRead;
    if (read_over_write && gave_up && !f.for_chunk) continue;  // what it gets of them is as good as any
    if (read_over_write ? f.wanted.overlaps(other->range) : f.range.overlaps(other->range))
      return verdict_.fail("overlap", describe(f) + " is in flight with " + describe(*other));
  }
  for (const Pass& pass : passes_)
    if (writes(f.kind) && pass.range.overlaps(f.range))
      return verdict_.fail("overlap", describe(f) + " while a caller reads there past the engine");
}

// What lands is what the file is to be: the youngest bytes at their offsets, or the oldest that wait to be appended.
void SimulatedBackend::check_content(Flight& f, const Moment& moment) {
  f.content.resize(f.count);
  gather(reinterpret_cast<std::byte*>(f.content.data()), f.op->pieces.data(), static_cast<int>(f.op->pieces.size()), 0,
         f.count);
  uint64_t at = f.offset;
  if (world_.config.append) {
    if (f.kind == IoKind::kWrite && static_cast<ssize_t>(f.offset) != append_size_)
      verdict_.fail("append", describe(f) + " after a size of " + std::to_string(append_size_));
    if (f.count > moment.pending) return verdict_.fail("append", describe(f) + " is more than what was accepted");
    at = moment.truth.size() - moment.pending;
  }
  if (at + f.count > moment.truth.size()) return verdict_.fail("content", describe(f) + " goes beyond the file");
  if (std::memcmp(moment.truth.data() + at, f.content.data(), f.count) != 0)
    verdict_.fail("content", describe(f) + " carries other bytes than were accepted");
}

// Bytes in flight are never changed [W5], and their memory stays theirs [W3].
void SimulatedBackend::check_unchanged(const Flight& f) {
  if (!writes(f.kind)) return;
  const uint8_t* expected = f.content.data() + f.done;
  for (const iovec& piece : f.op->pieces) {
    if (std::memcmp(piece.iov_base, expected, piece.iov_len) != 0)
      return verdict_.fail("in_flight", describe(f) + " was changed while it was in flight");
    expected += piece.iov_len;
  }
}

void SimulatedBackend::effect(const Event& event) {
  if (flying_ == 0) return;
  size_t skip = event.pick % flying_;
  for (Flight* f : flights_) {
    if (f->waiting || skip-- > 0) continue;
    if (!f->applied) apply(*f, event.outcome, event.count);
    return;
  }
}

Flight* SimulatedBackend::choose(const Event& event) {
  if (flying_ == 0) return nullptr;
  size_t skip = event.pick % flying_;
  for (Flight* f : flights_) {
    if (f->waiting || skip-- > 0) continue;
    if (!f->applied) apply(*f, event.outcome, event.count);
    check_unchanged(*f);
    return f;
  }
  return nullptr;
}

// Reads for chunks fail with an errno of their own: no reader may ever hear of it [R5].
int SimulatedBackend::errno_of(const Flight& f, uint32_t amount) const {
  if (f.for_chunk) return EREMOTEIO;
  if (!writes(f.kind)) return EIO;
  constexpr int kErrnos[] = {EIO, ENOSPC, EDQUOT, EROFS};
  return kErrnos[amount % 4];
}

void SimulatedBackend::apply(Flight& f, Outcome outcome, uint32_t amount) {
  f.applied = true;
  switch (outcome) {
    case Outcome::kShort:
      if (!moves_bytes(f.kind) || f.count < 2 || (f.kind == IoKind::kRead && world_.traits.short_read_is_eof)) break;
      if (writes(f.kind)) {
        f.result = apply_write(f, 1 + amount % (f.count - 1));
      } else {
        f.result = std::min<ssize_t>(apply_whole(f), static_cast<ssize_t>(1 + amount % (f.count - 1)));
      }
      return;
    case Outcome::kZero:
      if (!writes(f.kind)) break;
      f.result = 0;
      return;
    case Outcome::kTooMuch:
      if (!moves_bytes(f.kind)) break;
      apply_whole(f);
      f.result = static_cast<ssize_t>(f.count + 1 + amount % 100);
      return;
    case Outcome::kNonsense:
      f.result = kNoErrno;
      return;
    case Outcome::kTransient:
    case Outcome::kRetryable:
      if (f.kind == IoKind::kWrite) apply_write(f, amount % (f.count + 1));
      f.result = outcome == Outcome::kRetryable ? -ESTALE : amount % 2 == 0 ? -EINTR : -EAGAIN;
      return;
    case Outcome::kPermanent:
      if (writes(f.kind)) apply_write(f, amount % (f.count + 1));
      f.result = -errno_of(f, amount);
      return;
    case Outcome::kWhole:
      break;
  }
  f.result = apply_whole(f);
}

ssize_t SimulatedBackend::apply_write(Flight& f, size_t count) {
  if (count == 0) return 0;
  uint64_t at = f.kind == IoKind::kAppend ? storage_.size() : f.offset;
  if (storage_.size() < at + count) storage_.resize(at + count);
  gather(reinterpret_cast<std::byte*>(storage_.data()) + at, f.op->pieces.data(), static_cast<int>(f.op->pieces.size()),
         0, count);
  return static_cast<ssize_t>(count);
}

ssize_t SimulatedBackend::apply_whole(Flight& f) {
  switch (f.kind) {
    case IoKind::kRead: {
      size_t have = f.offset < storage_.size() ? std::min<uint64_t>(f.count, storage_.size() - f.offset) : 0;
      if (have > 0)
        scatter(f.op->pieces.data(), static_cast<int>(f.op->pieces.size()), 0,
                reinterpret_cast<const std::byte*>(storage_.data()) + f.offset, have);
      return static_cast<ssize_t>(have);
    }
    case IoKind::kWrite:
    case IoKind::kAppend:
      return apply_write(f, f.count);
    case IoKind::kSize:
      if (f.for_append) append_size_ = static_cast<ssize_t>(storage_.size());
      return static_cast<ssize_t>(storage_.size());
    case IoKind::kTruncate:
      storage_.resize(f.range.begin);
      return 0;
    case IoKind::kSync:
    case IoKind::kClose:
      return 0;
  }
  return 0;
}

SimulatedBackend::Fate SimulatedBackend::settle(Flight& f, Time now, bool reads_given_up, int* error) {
  ssize_t result = f.result;
  if (result == kNoErrno || (moves_bytes(f.kind) && result > static_cast<ssize_t>(f.count))) result = -EIO;
  if (result == 0 && writes(f.kind)) result = -EIO;
  if (result < 0) {
    *error = static_cast<int>(-result);
    const bool given_up = reads_given_up && (f.kind == IoKind::kRead || (f.kind == IoKind::kSize && !f.for_append));
    if (f.kind == IoKind::kClose || !transient(*error) || given_up) return Fate::kFailed;
    if (f.attempts == 0) f.first_failure = now;
    if (now - f.first_failure >= world_.config.retry_deadline) return Fate::kFailed;
    ++f.attempts;
    f.waiting = true;
    --flying_;
    return Fate::kWaits;
  }
  f.attempts = 0;
  if (f.kind == IoKind::kSync) {
    std::swap(durable_, f.content);
    durable_covers_ = f.covers;
  }
  if (!moves_bytes(f.kind)) return Fate::kDone;
  auto count = static_cast<size_t>(result);
  f.offset += count;
  f.count -= count;
  f.done += count;
  if (f.count == 0) return Fate::kDone;
  return f.kind == IoKind::kRead && (count == 0 || world_.traits.short_read_is_eof) ? Fate::kDone : Fate::kContinues;
}

void SimulatedBackend::end(Flight* f) {
  if (!f->waiting) --flying_;
  flights_.erase(std::find(flights_.begin(), flights_.end(), f));
  spare_.push_back(f);
}

void SimulatedBackend::give_up_waiting_reads() {
  for (size_t i = flights_.size(); i-- > 0;) {
    Flight* f = flights_[i];
    if (f->waiting && (f->kind == IoKind::kRead || (f->kind == IoKind::kSize && !f->for_append))) end(f);
  }
}

void SimulatedBackend::begin_pass(Range range) { passes_.push_back({range, Bytes(range.length()), false, 0}); }

void SimulatedBackend::apply_pass(Pass& pass) {
  if (pass.applied) return;
  pass.applied = true;
  uint64_t begin = pass.range.begin;
  size_t have = begin < storage_.size() ? std::min<uint64_t>(pass.range.length(), storage_.size() - begin) : 0;
  if (have > 0) std::memcpy(pass.memory.data(), &storage_[begin], have);
  pass.result = static_cast<ssize_t>(have);
}

Bytes SimulatedBackend::grow(size_t count) {
  Bytes more(count);
  testkit::Prng prng(++growths_);
  prng.fill(std::as_writable_bytes(std::span(more)));
  storage_.insert(storage_.end(), more.begin(), more.end());
  return more;
}

}  // namespace conveyor::sim

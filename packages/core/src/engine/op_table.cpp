#include "engine/op_table.hpp"

#include <algorithm>
#include <atomic>
#include <cassert>
#include <cerrno>

#include "engine/planted.hpp"

namespace conveyor {
namespace {

constexpr Time kBackoffFirst = kMillisecond;
constexpr Time kBackoffMax = 1'000 * kMillisecond;
constexpr int kErrnoMax = 4095;
constexpr size_t kKeptOps = 64;

uint64_t next_op_id() {
  static std::atomic<uint64_t> last{0};
  return last.fetch_add(1, std::memory_order_relaxed) + 1;  // only uniqueness counts
}

// Nothing that was accepted depends on it.
bool only_reads(const BackendOp& op) {
  return op.kind == IoKind::kRead || (op.kind == IoKind::kSize && op.log.empty());
}

}  // namespace

OpTable::OpTable(const EngineConfig& config, const BackendTraits& traits, Actions& actions, Counters& counters)
    : config_(config), traits_(traits), actions_(actions), counters_(counters), jitter_(config.seed | 1) {}

BackendOp* OpTable::make(IoKind kind, Range range) {
  if (free_.empty()) {
    storage_.push_back(std::make_unique<BackendOp>());
    free_.push_back(storage_.back().get());
  }
  BackendOp* op = free_.back();
  free_.pop_back();
  op->id = next_op_id();
  op->kind = kind;
  op->data_only = false;
  op->offset = range.begin;
  op->count = range.length();
  op->range = range;
  op->pieces.clear();
  op->log.clear();
  op->chunk = nullptr;
  op->request = nullptr;
  op->direct = nullptr;
  op->waiting = op->end_of_file = false;
  op->attempts = 0;
  op->done = 0;
  op->end_floor = 0;
  return op;
}

void OpTable::submit(BackendOp* op) {
  flying_.push_back(op);
  ++counter_of(op->kind);
  if (moves_bytes(op->kind)) meter_of(op->kind).began(now_);
  actions_.submit.push_back(op);
}

// Under an id of its own, so that a second completion of what went before is not taken for this one.
void OpTable::submit_again(BackendOp* op) {
  op->id = next_op_id();
  actions_.submit.push_back(op);
}

void OpTable::release(BackendOp* op) {
  op->block = Block();
  op->id = 0;
  if (moves_bytes(op->kind)) meter_of(op->kind).ended(now_);
  --counter_of(op->kind);
  flying_.erase(std::find(flying_.begin(), flying_.end(), op));
  free_.push_back(op);
  if (storage_.size() > kKeptOps && flying_.empty()) {
    free_.clear();
    storage_.clear();
  }
}

OpTable::Outcome OpTable::settle(BackendOp* op, ssize_t result, Time now, int* error) {
  const bool moves = moves_bytes(op->kind);
  if (result < -kErrnoMax || (moves && result > static_cast<ssize_t>(op->count))) result = -EIO;
  if (result == 0 && op->count > 0 && (op->kind == IoKind::kWrite || op->kind == IoKind::kAppend)) result = -EIO;
  if (result < 0) {
    *error = static_cast<int>(-result);
    // A close that failed has closed, as far as anybody can know: it is not repeated.
    bool retries = op->kind != IoKind::kClose && transient(*error) && retry_later(op, now);
    return retries ? Outcome::kContinues : Outcome::kFailed;
  }
  op->attempts = 0;
  if (!moves) {
    op->done = static_cast<size_t>(result);
    return Outcome::kDone;
  }
  advance(op, static_cast<size_t>(result));
  if (op->count == 0) return Outcome::kDone;
  if (op->kind == IoKind::kRead && (result == 0 || traits_.short_read_is_eof)) {
    op->end_of_file = true;
    return Outcome::kDone;
  }
  submit_again(op);
  return Outcome::kContinues;
}

void OpTable::advance(BackendOp* op, size_t count) {
  op->done += count;
  op->offset += count;
  op->count -= count;
  auto piece = op->pieces.begin();
  while (count > 0 && count >= piece->iov_len) count -= (piece++)->iov_len;
  op->pieces.erase(op->pieces.begin(), piece);
  if (count > 0) {
    op->pieces.front().iov_base = static_cast<std::byte*>(op->pieces.front().iov_base) + count;
    op->pieces.front().iov_len -= count;
  }
}

bool OpTable::transient(int error) const {
  if (error == EINTR || error == EAGAIN) return true;
  return config_.retryable && config_.retryable(config_.retryable_context, error);
}

BackendOp* OpTable::take_waiting_read() {
  auto it = std::find_if(flying_.begin(), flying_.end(), [](BackendOp* op) { return op->waiting && only_reads(*op); });
  if (it == flying_.end()) return nullptr;
  (*it)->waiting = false;
  return *it;
}

bool OpTable::retry_later(BackendOp* op, Time now) {
  if (reads_given_up_ && only_reads(*op)) return false;
  if (op->attempts == 0) op->first_failure = now;
  if (now - op->first_failure >= config_.retry_deadline) return false;
  Time delay = std::min(kBackoffFirst << std::min<uint32_t>(op->attempts, 20), kBackoffMax);
  jitter_ ^= jitter_ << 13;  // xorshift64 (Marsaglia 2003)
  jitter_ ^= jitter_ >> 7;
  jitter_ ^= jitter_ << 17;
  delay = delay / 2 + static_cast<Time>(jitter_ % static_cast<uint64_t>(delay / 2));
  ++op->attempts;
  ++counters_.totals.retries;
  op->waiting = true;
  op->due = std::min(now + delay, op->first_failure + config_.retry_deadline);
  next_retry_ = std::min(next_retry_, op->due);
  return true;
}

void OpTable::resume_retries(Time now) {
  if (now < next_retry_) return;
  next_retry_ = kNever;
  for (BackendOp* op : flying_) {
    if (!op->waiting) continue;
    if (op->due <= now) {
      op->waiting = false;
      submit_again(op);
    } else if (!planted(Bug::kMissedWakeup)) {
      next_retry_ = std::min(next_retry_, op->due);
    }
  }
}

BackendOp* OpTable::find(uint64_t id) const {
  for (BackendOp* op : flying_)
    if (op->id == id && !op->waiting) return op;
  return nullptr;
}

void OpTable::raise_end_floors(uint64_t end) {
  for (BackendOp* op : flying_) op->end_floor = std::max(op->end_floor, end);
}

bool OpTable::writes_overlap(Range range) const {
  return std::any_of(flying_.begin(), flying_.end(),
                     [&](const BackendOp* op) { return op->kind == IoKind::kWrite && op->range.overlaps(range); });
}

bool OpTable::overlaps(Range range) const {
  return std::any_of(flying_.begin(), flying_.end(), [&](const BackendOp* op) {
    return (op->kind == IoKind::kRead || op->kind == IoKind::kWrite) && op->range.overlaps(range);
  });
}

}  // namespace conveyor

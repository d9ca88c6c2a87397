#include "distant_world.hpp"

#include <algorithm>

namespace conveyor::test {

std::byte* PooledMemory::acquire(size_t size) {
  std::vector<std::byte*>& free = free_[size];
  if (free.empty()) {
    storage_.push_back(std::make_unique<std::byte[]>(size));
    return storage_.back().get();
  }
  std::byte* data = free.back();
  free.pop_back();
  return data;
}

void PooledMemory::release(std::byte* data, size_t size) { free_[size].push_back(data); }

DistantWorld::DistantWorld(const EngineConfig& config, const Distance& distance)
    : distance_(distance),
      engine_(std::make_unique<Engine>(config, BackendTraits{false, true, true, true}, memory_)),
      buffer_(16 << 20) {}

// The engine must not go while operations are in flight.
DistantWorld::~DistantWorld() {
  stopped_ = true;
  while (!events_.empty()) {
    Event event = events_.top();
    events_.pop();
    now_ = std::max(now_, event.at);
    event.run();
  }
}

void DistantWorld::run_until(Time end) {
  for (;;) {
    const Time wakeup = std::max(engine_->next_wakeup(), now_);
    const Time next = events_.empty() ? kNever : events_.top().at;
    if (std::min(wakeup, next) > end) break;
    if (wakeup <= next) {
      now_ = wakeup;
      engine_->tick(now_);
      carry_out();
      continue;
    }
    Event event = events_.top();
    events_.pop();
    now_ = event.at;
    event.run();
  }
  now_ = end;
}

Progress DistantWorld::take_progress() {
  look();
  return std::exchange(progress_, Progress{});
}

void DistantWorld::later(Time delay, std::function<void()> then) {
  events_.push({now_ + delay, ++order_, [this, then = std::move(then)] {
                  if (!stopped_) then();
                }});
}

void DistantWorld::write(uint64_t offset, uint64_t count, std::function<void()> then) {
  if (accepted_at_.size() < (offset + count) / kGrain + 1) accepted_at_.resize((offset + count) / kGrain * 2 + 1);
  auto accepted = [this, offset, count, then = std::move(then)](ssize_t) {
    for (uint64_t at = offset; at < offset + count; at += kGrain) accepted_at_[at / kGrain] = now_;
    then();
  };
  if (engine_->pwrite_fast(buffer_.data(), count, offset)) return later(0, [accepted] { accepted(0); });
  start(RequestKind::kWrite, offset, count, std::move(accepted));
}

void DistantWorld::read(uint64_t offset, uint64_t count, std::function<void(ssize_t)> then) {
  auto got = [this, then = std::move(then)](ssize_t result) {
    progress_.bytes_read += static_cast<uint64_t>(std::max<ssize_t>(result, 0));
    then(result);
  };
  if (engine_->pread_fast(buffer_.data(), count, offset))
    return later(0, [got, count] { got(static_cast<ssize_t>(count)); });
  start(RequestKind::kRead, offset, count, std::move(got));
}

void DistantWorld::start(RequestKind kind, uint64_t offset, uint64_t count, std::function<void(ssize_t)> then) {
  auto operation = std::make_unique<Pending>();
  operation->iov = {buffer_.data(), count};
  operation->then = std::move(then);
  Request& request = operation->request;
  request.kind = kind;
  request.at_cursor = false;
  request.offset = static_cast<int64_t>(offset);
  request.iov = &operation->iov;
  request.iov_count = 1;
  request.count = count;
  const bool complete = engine_->start(request, now_);
  if (complete) {
    later(0, [then = operation->then, result = request.result] { then(result); });
  } else {
    pending_[&request] = std::move(operation);
  }
  carry_out();
}

void DistantWorld::look() {
  if (dirty_) progress_.dirty_seconds += static_cast<double>(now_ - looked_) * 1e-9;
  looked_ = now_;
  dirty_ = engine_->dirty_bytes() > 0;
}

void DistantWorld::carry_out() {
  look();
  Actions actions = std::move(engine_->actions());
  engine_->actions().clear();
  for (Request* request : actions.complete) {
    auto node = pending_.extract(request);
    later(0, [then = node.mapped()->then, result = request->result] { then(result); });
  }
  for (BackendOp* op : actions.submit) {
    if (distance_.places != 0 && working_ >= distance_.places) {
      queued_.emplace(op, now_);
    } else {
      begin(op, now_);
    }
  }
}

void DistantWorld::begin(BackendOp* op, Time submitted) {
  ++working_;
  Time done = now_ + distance_.latency;
  if (op->kind == IoKind::kRead || op->kind == IoKind::kWrite) {
    const double transfer = static_cast<double>(op->count) / distance_.bytes_per_second * 1e9;
    done = std::max(done, link_free_) + static_cast<Time>(transfer);
    link_free_ = done;
  }
  events_.push({done, ++order_, [this, op, submitted] { end(op, submitted); }});
}

void DistantWorld::end(BackendOp* op, Time submitted) {
  const auto count = static_cast<ssize_t>(op->count);
  if (op->kind == IoKind::kWrite) landed(op->offset, op->count);
  --working_;
  engine_->counters().backend_done(op->kind, count, now_ - submitted);
  engine_->complete(op, count, now_);
  while (!queued_.empty() && (distance_.places == 0 || working_ < distance_.places)) {
    auto [next, since] = queued_.front();
    queued_.pop();
    begin(next, since);
  }
  carry_out();
}

void DistantWorld::landed(uint64_t offset, uint64_t count) {
  progress_.bytes_landed += count;
  ++progress_.landings;
  for (uint64_t at = offset; at < offset + count; at += kGrain)
    progress_.waited_byte_seconds +=
        static_cast<double>(now_ - accepted_at_[at / kGrain]) * 1e-9 * static_cast<double>(kGrain);
}

}  // namespace conveyor::test

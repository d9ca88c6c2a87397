#include "engine/append_writes.hpp"

#include <algorithm>

namespace conveyor {

void AppendWrites::accept_bytes(Request& request, size_t count) {
  uint64_t position = ring_.append(request.iov, request.iov_count, request.accepted, count);
  if (pending_ == 0) front_ = position;
  records_.push_back(count);
  pending_ += count;
  queued_ += count;
  ledger_.accepted(count);
}

bool AppendWrites::submit_one(bool demanded_only) {
  if (holds_ > 0 || records_.empty()) return false;
  if (demanded_only && front_ >= land_before_) return false;
  if (flying_) {
    ops_.held_back(IoKind::kAppend);
    return false;
  }
  uint64_t length = 0;
  for (size_t record : records_) {
    if (length > 0 && length + record > config_.max_io) break;
    length += record;
  }
  flying_ = true;
  queued_ -= length;
  if (traits_.append) {
    submit_batch(IoKind::kAppend, {0, length}, length);
  } else {
    BackendOp* op = ops_.make(IoKind::kSize, {});
    op->log.push_back({front_, length});
    op->ring_generation = ring_.pin();
    ops_.submit(op);
  }
  return true;
}

void AppendWrites::submit_batch(IoKind kind, Range range, uint64_t length) {
  BackendOp* op = ops_.make(kind, range);
  op->log.push_back({front_, length});
  ring_.for_each_piece(front_, length, [&](std::byte* data, size_t count) { op->pieces.push_back({data, count}); });
  op->ring_generation = ring_.pin();
  ops_.submit(op);
}

void AppendWrites::sized(BackendOp* op) {
  uint64_t size = op->done;
  uint64_t length = op->log.front().length;
  ring_.unpin(op->ring_generation);
  submit_batch(IoKind::kWrite, {size, size + length}, length);
}

void AppendWrites::landed(BackendOp* op) {
  ring_.unpin(op->ring_generation);
  flying_ = false;
  consume(op->log.front().length);
}

void AppendWrites::give_back(BackendOp* op) {
  ring_.unpin(op->ring_generation);
  flying_ = false;
  uint64_t length = op->log.front().length;
  uint64_t landed = op->kind == IoKind::kSize ? 0 : op->done;
  queued_ += length - landed;
  consume(landed);
}

void AppendWrites::consume(uint64_t count) {
  if (count == 0) return;
  ring_.drop(front_, count);
  ledger_.landed(front_, count);
  front_ += count;
  pending_ -= count;
  while (count > 0) {
    size_t part = std::min<uint64_t>(count, records_.front());
    records_.front() -= part;
    count -= part;
    if (records_.front() == 0) records_.pop_front();
  }
}

void AppendWrites::discard() {
  if (flying_) return;
  queued_ = 0;
  consume(pending_);
}

}  // namespace conveyor

// ReadSide's direct reads: what is not worth a chunk, larger than the window, or has to be asked anew.
#include <algorithm>
#include <cassert>

#include "engine/append_writes.hpp"
#include "engine/extent_writes.hpp"
#include "engine/read_side.hpp"
#include "engine/scatter.hpp"

namespace conveyor {
namespace {

constexpr uint8_t kRestartsMax = 8;  // of a read that races with appends; then it gives what it has

}  // namespace

void ReadSide::start_direct(Request& request) {
  if (spare_directs_.empty()) spare_directs_.push_back(std::make_unique<DirectRead>());
  directs_.push_back(std::move(spare_directs_.back()));
  spare_directs_.pop_back();
  DirectRead& direct = *directs_.back();
  std::vector<Range> gaps = std::move(direct.gaps);  // its memory serves again
  direct = DirectRead{};
  direct.gaps = std::move(gaps);
  direct.request = &request;
  direct.begin = static_cast<uint64_t>(request.offset);
  direct.ring_tail = writes_ ? writes_->seal() : 0;
  direct.count = request.count;
  request.direct = &direct;
  request.blocker = nullptr;
  find_gaps(direct);
}

// Copies what is in memory; the rest are the gaps.
void ReadSide::find_gaps(DirectRead& direct) {
  Request& request = *direct.request;
  uint64_t end = direct.begin + direct.count;
  direct.gaps.clear();
  direct.gap = direct.submitted = 0;
  direct.file_end = UINT64_MAX;
  direct.end_is_stale = false;
  for (uint64_t at = direct.begin; at < end;) {
    // Zeros behind an old end of file are not believed: order above every other.
    Reach got = reach({at, end}, UINT64_MAX);
    copy(request, {at, got.end});
    if (got.end >= end) return;
    Range gap = got.stop == Stop::kHole ? got.hole : Range{got.end, std::min(end, got.chunk->range.end)};
    if (got.stop == Stop::kFlying && writes_)
      if (Extent* extent = writes_->extents().at_or_after(gap.begin)) gap.end = std::min(gap.end, extent->offset);
    direct.gaps.push_back(gap);
    at = gap.end;
  }
}

void ReadSide::start_over_appends(Request& request, uint64_t size, const AppendWrites& appends) {
  request.order = ++order_;
  request.waited = true;
  start_direct(request);
  DirectRead& direct = *request.direct;
  uint64_t begin = direct.begin, end = begin + request.count;
  direct.end_floor = size + appends.pending();
  direct.gaps.clear();
  if (begin < size) direct.gaps.push_back({begin, std::min(end, size)});
  Range overlay = Range{size, direct.end_floor}.clipped({begin, end});
  if (!overlay.empty()) {
    appends.copy_pending(overlay.begin - size, overlay.length(), request.iov, request.iov_count, overlay.begin - begin);
  }
  if (end > direct.end_floor) direct.file_end = size;
  if (!pump_direct(direct)) finish_direct(direct);
}

// Starts what may be started. False: all of it has been done.
bool ReadSide::pump_direct(DirectRead& direct) {
  Request& request = *direct.request;
  while (direct.error == 0 && direct.gap < direct.gaps.size()) {
    Range gap = direct.gaps[direct.gap];
    Range rest{gap.begin + direct.submitted, gap.end};
    if (rest.empty() || rest.begin >= direct.file_end) {
      ++direct.gap;
      direct.submitted = 0;
      continue;
    }
    if (!request.runs_inline) {
      if (direct.flying >= config_.read_depth) {
        ops_.held_back(IoKind::kRead);
        return true;
      }
      rest.end = std::min<uint64_t>(rest.end, rest.begin + config_.max_io);
    }
    if (!submit_gap(direct, rest)) {
      actions_.starved = true;
      return true;
    }
    direct.submitted += rest.length();
  }
  return direct.flying > 0 || (direct.error == 0 && direct.gap < direct.gaps.size());
}

// Rounded to read_align, within the range of off_t. Of what is read beside the piece nothing is taken, so accepted
// bytes may stand there.
Range ReadSide::aligned(Range piece) const {
  const uint64_t align = config_.read_align;
  return {piece.begin / align * align, std::min<uint64_t>((piece.end + align - 1) / align * align, INT64_MAX)};
}

bool ReadSide::submit_gap(DirectRead& direct, Range piece) {
  Request& request = *direct.request;
  Range range = config_.read_align > 1 ? aligned(piece) : piece;
  bool into_caller = request.runs_inline && range.begin == piece.begin && range.end == piece.end;
  Block block;
  if (!into_caller) {
    block = acquire_block(memory_, range.length());
    if (!block) return false;
  }
  BackendOp* op = ops_.make(IoKind::kRead, range);
  op->request = &request;
  op->direct = &direct;
  op->wanted = piece;
  if (into_caller) {
    for_each_piece(request.iov, request.iov_count, piece.begin - direct.begin, piece.length(),
                   [&](std::byte* data, size_t length) {
                     op->pieces.push_back({data, length});
                   });
  } else {
    op->pieces.push_back({block.data(), block.size()});
    op->block = std::move(block);
  }
  ++direct.flying;
  ops_.submit(op);
  return true;
}

void ReadSide::direct_fetched(BackendOp* op, int error) {
  DirectRead& direct = *op->direct;
  --direct.flying;
  if (error != 0 && direct.error == 0) direct.error = error;
  if (op->end_of_file) direct.file_end = std::min(direct.file_end, op->offset);
  learn_end(*op, direct.request ? direct.request->order : 0);
  if (direct.request && op->block && error == 0) {
    Range got = op->wanted.clipped({op->range.begin, op->offset});
    if (!got.empty())
      scatter(direct.request->iov, direct.request->iov_count, got.begin - direct.begin,
              op->block.data() + (got.begin - op->range.begin), got.length());
  }
  ops_.release(op);
  if (direct.request && pump_direct(direct)) return;
  if (direct.flying > 0) return;
  if (direct.request) {
    finish_direct(direct);
  } else {
    settle_direct(direct);
  }
}

// True: the request went to finished_. False: it began anew, because the end of file that it met is an old one.
bool ReadSide::finish_direct(DirectRead& direct) {
  Request& request = *direct.request;
  uint64_t end = direct.begin + request.count;
  if (direct.file_end < end && direct.end_is_stale && direct.restarts < kRestartsMax) {
    ++direct.restarts;
    find_gaps(direct);
    if (pump_direct(direct)) return false;
  }
  if (direct.file_end < end) {
    // Behind the backend's end only accepted bytes count, and zeros before them [R2].
    uint64_t zeros_end = std::min(end, std::max(direct.end_floor, writes_ ? writes_->end() : 0));
    for (Range gap : direct.gaps) {
      Range zeros = gap.clipped({direct.file_end, zeros_end});
      if (!zeros.empty()) scatter_zeros(request.iov, request.iov_count, zeros.begin - direct.begin, zeros.length());
    }
    end = std::max(std::max(direct.file_end, zeros_end), direct.begin);
  }
  end = std::min(end, direct.begin + request.count);
  if (writes_) overlay(request, {direct.begin, end});
  ssize_t result = direct.error ? -direct.error : static_cast<ssize_t>(end - direct.begin);
  request.direct = nullptr;
  settle_direct(direct);
  finish(request, result);
  return true;
}

void ReadSide::overlay(Request& request, Range range) {
  ExtentIndex& extents = writes_->extents();
  for (Extent* e = extents.at_or_after(range.begin); e && e->offset < range.end; e = extents.next_of(*e)) {
    Range part = e->range().clipped(range);
    writes_->ring().copy_out(e->position + (part.begin - e->offset), part.length(), request.iov, request.iov_count,
                             part.begin - static_cast<uint64_t>(request.offset));
  }
}

void ReadSide::appended() {
  for (auto& direct : directs_) direct->end_is_stale = true;
}

void ReadSide::settle_direct(DirectRead& direct) {
  auto it = std::find_if(directs_.begin(), directs_.end(), [&](const auto& d) { return d.get() == &direct; });
  assert(it != directs_.end());
  spare_directs_.push_back(std::move(*it));
  directs_.erase(it);
  if (spare_directs_.size() > 4) spare_directs_.pop_back();
}

void ReadSide::go_direct(Request& request) {
  if (paused_) return;
  waiting_.remove(&request);
  start_direct(request);
  if (!pump_direct(*request.direct)) finish_direct(*request.direct);
}

bool ReadSide::pass(Range range) {
  if (paused_ || (writes_ && !writes_->extents().empty())) return false;
  if (!chunks_.empty() && (chunk_at(range.begin) || next_chunk_begin(range.begin) < range.end)) return false;
  if (!config_.read_through && !streams_.pass(range.begin, range.length())) return false;
  passing_.push_back(range);
  return true;
}

void ReadSide::unpass(Range range) {
  auto it = std::find_if(passing_.begin(), passing_.end(),
                         [&](Range r) { return r.begin == range.begin && r.end == range.end; });
  assert(it != passing_.end());
  *it = passing_.back();
  passing_.pop_back();
}

bool ReadSide::reads_now(Range range, uint64_t position) const {
  for (Range passing : passing_)
    if (passing.overlaps(range)) return true;
  for (const auto& direct : directs_)
    if (position >= direct->ring_tail && range.overlaps({direct->begin, direct->begin + direct->count})) return true;
  return false;
}

void ReadSide::cancel(Request& request) {
  if (request.stream) --request.stream->pins;
  request.stream = nullptr;
  if (!request.direct) {
    waiting_.remove(&request);
    return;
  }
  DirectRead& direct = *request.direct;
  request.direct = nullptr;
  direct.request = nullptr;
  if (direct.flying == 0) settle_direct(direct);
}

}  // namespace conveyor

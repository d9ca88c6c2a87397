#include "engine/read_side.hpp"

#include <algorithm>
#include <cassert>

#include "engine/extent_writes.hpp"
#include "engine/scatter.hpp"

namespace conveyor {
namespace {

constexpr uint64_t kChunkMin = 64 << 10;
constexpr uint64_t kAloneChunk = 512 << 10;  // stays in the processor's cache until it is read
constexpr uint8_t kTriesMax = 16;            // waits for chunks before a read goes to the backend itself

}  // namespace

ReadSide::ReadSide(const EngineConfig& config, OpTable& ops, Counters& counters, Memory& memory, Actions& actions)
    : config_(config),
      ops_(ops),
      counters_(counters),
      memory_(memory),
      actions_(actions),
      streams_(config),
      pace_(std::min(config.read_capacity_max, Pace::kSettleMax)) {}

ReadSide::~ReadSide() = default;

Chunk* ReadSide::chunk_at(uint64_t offset) {
  auto after = chunks_.upper_bound(offset);
  if (after == chunks_.begin()) return nullptr;
  Chunk& chunk = std::prev(after)->second;
  return chunk.range.contains(offset) && !chunk.doomed ? &chunk : nullptr;
}

uint64_t ReadSide::next_chunk_begin(uint64_t offset) const {
  auto after = chunks_.upper_bound(offset);
  return after == chunks_.end() ? UINT64_MAX : after->first;
}

// How far [range) can be copied now, and what stands in the way. An end of file counts only if it was seen since
// `order`.
ReadSide::Reach ReadSide::reach(Range range, uint64_t order) {
  uint64_t at = range.begin;
  while (at < range.end) {
    Extent* extent = writes_ ? writes_->extents().at_or_after(at) : nullptr;
    if (extent && extent->offset <= at) {
      at = std::min(range.end, extent->end());
      continue;
    }
    uint64_t limit = extent ? std::min(range.end, extent->offset) : range.end;
    if (Chunk* chunk = chunk_at(at)) {
      if (!chunk->ready()) return {at, Stop::kFlying, {}, chunk};
      at = std::min(limit, chunk->range.end);
      continue;
    }
    if (file_end_order_ >= order && at >= file_end_) {
      if (!extent) return {at, Stop::kEndOfFile, {}, nullptr};
      at = limit;  // zeros up to the accepted bytes behind it [R2]
      continue;
    }
    return {at, Stop::kHole, {at, std::min(limit, next_chunk_begin(at))}, nullptr};
  }
  return {range.end, Stop::kNone, {}, nullptr};
}

// Requires: reach() got this far.
void ReadSide::copy(Request& request, Range range) {
  uint64_t begin = static_cast<uint64_t>(request.offset);
  for (uint64_t at = range.begin; at < range.end;) {
    size_t skip = at - begin;
    Extent* extent = writes_ ? writes_->extents().at_or_after(at) : nullptr;
    if (extent && extent->offset <= at) {
      uint64_t end = std::min(range.end, extent->end());
      writes_->ring().copy_out(extent->position + (at - extent->offset), end - at, request.iov, request.iov_count,
                               skip);
      at = end;
      continue;
    }
    uint64_t limit = extent ? std::min(range.end, extent->offset) : range.end;
    if (Chunk* chunk = chunk_at(at)) {
      limit = std::min(limit, chunk->range.end);
      scatter(request.iov, request.iov_count, skip, chunk->data.data() + (at - chunk->range.begin), limit - at);
      chunk->touched = order_;
      chunk->read_end = std::max(chunk->read_end, limit);
    } else {
      scatter_zeros(request.iov, request.iov_count, skip, limit - at);
    }
    at = limit;
  }
}

void ReadSide::start(Request& request) {
  request.order = ++order_;
  uint64_t offset = static_cast<uint64_t>(request.offset);
  if (!config_.read_through) request.stream = streams_.enter(offset, request.count, share());
  if (request.stream) {
    ++request.stream->pins;
    choose_fetcher(request);
  }
  if (advance(request)) return;
  request.waited = true;
  ++counters_.totals.read_misses;
  if (!request.direct) waiting_.push_back(&request);
}

void ReadSide::choose_fetcher(const Request& request) {
  ReadStream& stream = *request.stream;
  bool windowed = stream.window > 0;
  bool either = request.glances || (windowed && request.runs_inline && counters_.reads_are_quick());
  if (either && windowed) pace_.note(counters_.totals.bytes_read, request.started);
  stream.alone = either && pace_.alone();
}

// True: it went to finished_. False: it waits, in waiting_ or as a direct read.
bool ReadSide::advance(Request& request) {
  uint64_t offset = static_cast<uint64_t>(request.offset);
  request.blocker = nullptr;
  Reach got = reach({offset, offset + request.count}, request.order);
  if (got.stop == Stop::kNone || got.stop == Stop::kEndOfFile) {
    copy(request, {offset, got.end});
    if (!request.waited) ++counters_.totals.read_hits;
    finish(request, static_cast<ssize_t>(got.end - offset));
    return true;
  }
  if (paused_) return false;
  ReadStream* stream = request.stream;
  bool windowed = stream && stream->window >= request.count && request.tries < kTriesMax;
  if (windowed && stream->window > 0) {
    if (request.tries++ == 0 && stream->run > 0) streams_.stalled(*stream, share(), counters_.reads_are_far());
    if (fetch_holes(request)) {
      fetch_ahead(*stream);
      return false;
    }
  } else if (got.stop == Stop::kFlying && request.tries < kTriesMax) {
    ++request.tries;
    request.blocker = got.chunk->op;
    return false;
  }
  start_direct(request);
  if (!request.direct || pump_direct(*request.direct)) return false;
  return finish_direct(*request.direct);
}

// Fetches what the request misses, as far as operations may be started. False: nothing is on its way.
bool ReadSide::fetch_holes(Request& request) {
  Range rest{static_cast<uint64_t>(request.offset), static_cast<uint64_t>(request.offset) + request.count};
  bool coming = false;
  request.blocker = nullptr;
  while (!rest.empty()) {
    Reach got = reach(rest, request.order);
    if (got.stop == Stop::kFlying) {
      if (!request.blocker) request.blocker = got.chunk->op;
      rest.begin = got.chunk->range.end;
      coming = true;
      continue;
    }
    if (got.stop != Stop::kHole) return coming;
    // A known end of file is old here: the hole behind it is asked for exactly, by a direct read.
    if (got.hole.begin >= file_end_) return coming;
    if (ops_.reads() >= config_.read_depth) {
      ops_.held_back(IoKind::kRead);
      return coming || ops_.reads() > 0;
    }
    const ReadStream& stream = *request.stream;
    uint64_t more = stream.alone ? std::min(stream.window, kAloneChunk) : std::min(stream.window / 2, kChunkMin);
    uint64_t length = std::max(got.hole.length(), more);
    uint64_t end = got.hole.begin + std::min<uint64_t>(length, config_.max_io);
    end = std::min(end, next_chunk_begin(got.hole.begin));
    if (writes_)
      if (Extent* extent = writes_->extents().at_or_after(got.hole.begin)) end = std::min(end, extent->offset);
    if (!fetch({got.hole.begin, end})) return coming;
  }
  return coming;
}

// Rounded to read_align as far as no chunk stands there.
Range ReadSide::rounded(Range range) {
  if (config_.read_align == 1) return range;
  Range wide = aligned(range);
  auto after = chunks_.upper_bound(range.begin);
  if (after != chunks_.end()) wide.end = std::min(wide.end, std::max(range.end, after->first));
  if (after != chunks_.begin())
    wide.begin = std::max(wide.begin, std::min(range.begin, std::prev(after)->second.range.end));
  return wide;
}

bool ReadSide::fetch(Range range) {
  auto after = chunks_.upper_bound(range.begin);
  bool taken = after != chunks_.begin() && std::prev(after)->second.range.contains(range.begin);  // by a doomed one
  if (paused_ || taken) return false;
  range = rounded(range);
  // Rounding may take in accepted bytes: those still queued wait until the chunk is there, but not those in flight. Nor
  // do parts of an unbuffered write that has failed.
  if (ops_.writes_overlap(range)) return false;
  if (!make_room(range.length())) return false;
  Block data = acquire_block(memory_, range.length());
  if (!data) return false;
  held_ += range.length();
  Chunk& chunk = chunks_[range.begin];
  chunk = Chunk{range, ops_.make(IoKind::kRead, range), false, ++order_, order_, range.begin, std::move(data)};
  chunk.op->chunk = &chunk;
  chunk.op->pieces.push_back({chunk.data.data(), range.length()});
  ops_.submit(chunk.op);
  return true;
}

void ReadSide::fetch_ahead(ReadStream& stream) {
  if (stream.window == 0 || stream.alone || paused_) return;
  const uint64_t target = stream.next + std::min(stream.window, share());
  const uint64_t chunk_size =
      std::min<uint64_t>(std::max(std::min(kChunkMin, stream.window), stream.window / 4), config_.max_io);
  uint64_t at = stream.next;
  while (at < target && at < file_end_) {
    Extent* extent = writes_ ? writes_->extents().at_or_after(at) : nullptr;
    if (extent && extent->offset <= at) {
      at = extent->end();
      continue;
    }
    if (Chunk* chunk = chunk_at(at)) {
      at = chunk->range.end;
      continue;
    }
    if (target - at < chunk_size / 2) return;  // half a chunk later, not crumbs now
    if (ops_.reads() >= config_.read_depth) return ops_.held_back(IoKind::kRead);
    uint64_t end = std::min({at + chunk_size, target, next_chunk_begin(at)});
    if (extent) end = std::min(end, extent->offset);
    if (!fetch({at, end})) return;
    at = end;
  }
}

// The next pieces of a stride, and nothing between them.
void ReadSide::fetch_strided() {
  for (uint32_t n = 1; n <= config_.read_depth && streams_.guesses_pay_off(); ++n) {
    const std::optional<Range> piece = stride_.ahead(n);
    if (!piece || piece->begin >= file_end_ || piece->length() > config_.max_io || paused_) return;
    const Reach got = reach(*piece, 0);
    if (got.stop != Stop::kHole) continue;
    if (ops_.reads() >= config_.read_depth) return;
    if (!fetch(got.hole)) return;
  }
}

void ReadSide::drop(std::map<uint64_t, Chunk>::iterator chunk) {
  uint64_t used = chunk->second.read_end - chunk->second.range.begin;
  streams_.account(used, chunk->second.range.length() - used);
  held_ -= chunk->second.data.size();
  chunks_.erase(chunk);
}

// Chunks that have been read go first, then the ones not touched for longest, but none that some reader is about to
// reach.
bool ReadSide::make_room(size_t size) {
  uint64_t warm = 0;  // what is read and kept beyond this makes room early: its memory is used again while it is cached
  streams_.for_each([&](ReadStream& s) {
    if (s.window > 0) warm += s.alone ? 2 * kAloneChunk : config_.read_capacity_max;
  });
  while (held_ + size > config_.read_capacity_max || held_ + size > warm) {
    auto victim = dispensable();
    bool must = held_ + size > config_.read_capacity_max;
    if (victim == chunks_.end() || (!must && victim->second.read_end != victim->second.range.end)) return !must;
    drop(victim);
  }
  return true;
}

std::map<uint64_t, Chunk>::iterator ReadSide::dispensable() {
  auto found = chunks_.end();
  bool found_read = false;
  for (auto it = chunks_.begin(); it != chunks_.end(); ++it) {
    const Chunk& chunk = it->second;
    if (!chunk.ready()) continue;
    bool read = chunk.read_end == chunk.range.end;
    bool ahead = false;
    streams_.for_each([&](ReadStream& s) {
      if (!read && s.window > 0 && chunk.range.overlaps({s.next, s.next + s.window})) ahead = true;
    });
    if (ahead) continue;
    if (found == chunks_.end() || (read && !found_read) ||
        (read == found_read && chunk.touched < found->second.touched)) {
      found = it;
      found_read = read;
    }
  }
  return found;
}

void ReadSide::finish(Request& request, ssize_t result) {
  request.result = result;
  if (ReadStream* stream = request.stream) {
    --stream->pins;
    request.stream = nullptr;
    if (result > 0) {
      streams_.leave(*stream, static_cast<uint64_t>(request.offset), static_cast<uint64_t>(result));
      fetch_ahead(*stream);
      stride_.note(static_cast<uint64_t>(request.offset), request.count);
      fetch_strided();
    }
    lane_stream_next_ = stream->next;
  }
  if (result >= 0) {
    ++counters_.totals.reads;
    counters_.totals.bytes_read += static_cast<uint64_t>(result);
  }
  finished_.push_back(&request);
}

// What a read of the backend, begun at `order`, says about the end of the file.
void ReadSide::learn_end(const BackendOp& op, uint64_t order) {
  if (op.end_of_file && op.end_floor <= op.offset) {
    file_end_ = op.offset;
    file_end_order_ = order;
  } else if (op.end_of_file || op.offset > file_end_) {
    file_end_ = UINT64_MAX;
  }
}

void ReadSide::fetched(BackendOp* op, int error) {
  if (!op->chunk) {
    direct_fetched(op, error);
    return;
  }
  auto chunk = chunks_.find(op->range.begin);
  assert(chunk != chunks_.end() && &chunk->second == op->chunk);
  chunk->second.op = nullptr;
  learn_end(*op, chunk->second.order);
  chunk->second.range.end = op->offset;
  // An error here is nobody's: who needs the bytes asks the backend himself [R5].
  if (error != 0) streams_.stop();
  if (error != 0 || chunk->second.doomed || op->done == 0) drop(chunk);
  ops_.release(op);
}

void ReadSide::pump() {
  for (size_t i = 0; i < directs_.size();) {
    DirectRead& direct = *directs_[i];
    bool stuck = direct.request && direct.flying == 0;
    if (!stuck || pump_direct(direct)) {
      ++i;
    } else {
      finish_direct(direct);
    }
  }
  for (Request* r = waiting_.front(); r;) {
    Request* next = r->next;
    waiting_.remove(r);
    if (!advance(*r) && !r->direct) waiting_.insert_before(next, r);
    r = next;
  }
  streams_.for_each([&](ReadStream& s) { fetch_ahead(s); });
}

void ReadSide::prefetch(Range range) {
  uint64_t at = range.begin;
  uint64_t end = std::min(range.end, range.begin + share());
  while (at < end && ops_.reads() < config_.read_depth) {
    Reach got = reach({at, end}, 0);
    if (got.stop == Stop::kFlying) {
      at = got.chunk->range.end;
      continue;
    }
    if (got.stop != Stop::kHole) return;
    if (!fetch({got.hole.begin, std::min<uint64_t>(got.hole.end, got.hole.begin + config_.max_io)})) return;
    at = got.hole.begin;
  }
}

void ReadSide::close_lane() {
  if (lane_.begin == UINT64_MAX) return;
  uint64_t count = lane_.offset - lane_.begin;
  if (count > 0) {
    if (Chunk* chunk = chunk_at(lane_.begin)) chunk->read_end = std::max(chunk->read_end, lane_.offset);
    if (ReadStream* stream = streams_.at(lane_.begin)) streams_.leave(*stream, lane_.begin, count);
    lane_stream_next_ = lane_.offset;
    counters_.totals.bytes_read += count;
    counters_.totals.reads += lane_.reads;
    counters_.totals.read_hits += lane_.reads;
    stride_ = ReadStride{};  // it has not seen these reads: without them, the ends of chunks would look like a pattern
  }
  lane_ = Lane{};
}

void ReadSide::open_lane() {
  uint64_t at = lane_stream_next_;
  Chunk* chunk = chunk_at(at);
  if (!chunk || !chunk->ready() || !waiting_.empty()) return;
  uint64_t end = chunk->range.end;
  if (writes_) {
    Extent* extent = writes_->extents().at_or_after(at);
    if (extent) end = std::min(end, std::max(extent->offset, at));
  }
  if (end <= at) return;
  lane_ = {chunk->data.data() + (at - chunk->range.begin), at, end - at, at, 0};
}

void ReadSide::patch(const BackendOp& op, WriteRing& ring) {
  for (auto& direct : directs_) direct->end_floor = std::max(direct->end_floor, op.range.end);
  if (op.range.end > file_end_) file_end_ = UINT64_MAX;
  uint64_t offset = op.range.begin;
  for (LogRun run : op.log) {
    ring.for_each_piece(run.position, run.length, [&](const std::byte* data, size_t length) {
      for (uint64_t at = offset; at < offset + length;) {
        Chunk* chunk = chunk_at(at);
        uint64_t end = std::min(offset + length, chunk ? chunk->range.end : next_chunk_begin(at));
        if (chunk && chunk->ready())
          std::memcpy(chunk->data.data() + (at - chunk->range.begin), data + (at - offset), end - at);
        at = end;
      }
      offset += length;
    });
  }
}

void ReadSide::forget(Range range) {
  if (file_end_ <= range.end) file_end_ = UINT64_MAX;
  for (auto it = chunks_.begin(); it != chunks_.end();) {
    auto chunk = it++;
    if (!chunk->second.range.overlaps(range)) continue;
    if (chunk->second.ready()) {
      drop(chunk);
    } else {
      chunk->second.doomed = true;
    }
  }
}

void ReadSide::cancel_all(std::vector<Request*>& cancelled) {
  while (Request* r = waiting_.front()) {
    cancel(*r);
    cancelled.push_back(r);
  }
  for (size_t i = directs_.size(); i-- > 0;) {
    Request* r = directs_[i]->request;
    if (!r || r->runs_inline) continue;  // the latter is being run by its own caller, and ends by itself
    cancel(*r);
    cancelled.push_back(r);
  }
}

bool ReadSide::trim() {
  bool some = false;
  for (auto it = chunks_.begin(); it != chunks_.end();) {
    auto chunk = it++;
    if (!chunk->second.ready()) continue;
    drop(chunk);
    some = true;
  }
  streams_.stop();
  return some;
}

}  // namespace conveyor

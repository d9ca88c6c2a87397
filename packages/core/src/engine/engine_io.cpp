// Engine: reads, writes and the cursor they share [P2, P3].
#include <cerrno>

#include "engine/engine.hpp"

namespace conveyor {

// True: nobody else moves the cursor until this request is finished. False: it waits for that.
bool Engine::take_cursor(Request& request) {
  if (!cursor_owner_) {
    cursor_owner_ = &request;
    return true;
  }
  request.stage = Stage::kCursor;
  cursor_queue_.push_back(&request);
  return false;
}

void Engine::start_write(Request& request) {
  if (!config_.writable) return finish(request, -EBADF);
  if (!request.at_cursor && request.offset < 0) return finish(request, -EINVAL);
  if (request.count == 0) return finish(request, 0);
  bool fits = request.count <= writes_->ring().capacity_max() || config_.split_large_writes || config_.write_through;
  if (!fits) return finish(request, -EMSGSIZE);
  if (int error = writes_->take_report()) return finish(request, -error);
  bool busy = !write_queue_.empty() || truncation_.begun || (request.at_cursor && cursor_owner_);
  if (config_.nonblocking && busy) return finish(request, -EAGAIN);
  if (request.at_cursor) {
    if (!take_cursor(request)) return;
    request.offset = static_cast<int64_t>(cursor_);
  }
  if (!config_.append && request.count > static_cast<uint64_t>(INT64_MAX - request.offset))
    return finish(request, -EFBIG);
  writes_->choose_lander(request);
  if (!busy && continue_write(request)) return;
  request.stage = Stage::kRoom;
  write_queue_.push_back(&request);
  ++counters_.totals.stalls;
}

// True: done with it, it waits for room no more.
bool Engine::continue_write(Request& request) {
  if (writes_->accept(request, now_)) {
    accepted(request);
    return true;
  }
  actions_.starved = actions_.starved || writes_->ring().starved();
  if (!config_.nonblocking) return false;
  if (config_.write_through && request.accepted > 0) {
    request.count = request.accepted;  // what was taken is on its way: the write is that part
    accepted(request);
    return true;
  }
  cut_short(request, EAGAIN);
  return true;
}

void Engine::accepted(Request& request) {
  if (!config_.write_through) return written(request, request.count);
  // The cursor stays his: it moves when the bytes have landed, and not at all when they do not.
  request.stage = Stage::kLanding;
  writes_->ledger().wait(request, writes_->ring().tail());
  writes_->demand();
}

// The first `count` bytes of a write count as written, and no others will follow.
void Engine::written(Request& request, size_t count) {
  if (request.at_cursor) {
    cursor_at_end_ = config_.append;
    cursor_ = config_.append ? kUnknownCursor : static_cast<uint64_t>(request.offset) + count;
    // Unbuffered: others may have been accepted since this one was.
    if (appends_) appended_to_ = config_.write_through ? request.land_before : writes_->ring().tail();
  }
  finish(request, static_cast<ssize_t>(count));
}

// How much of a write that does not come to its end its caller may rely on [W6]. Accepted is not enough where a write
// promises to have landed.
size_t Engine::accepted_part(const Request& request) const {
  return request.kind == RequestKind::kWrite && !config_.write_through ? request.accepted : 0;
}

void Engine::cut_short(Request& request, int error) {
  if (size_t count = accepted_part(request)) return written(request, count);
  finish(request, -error);
}

bool Engine::pump_write_queue() {
  bool moved = false;
  while (Request* front = truncation_.begun ? nullptr : write_queue_.front()) {
    if (front->kind == RequestKind::kTruncate) {
      if (!begin_truncate(*front)) break;
      continue;
    }
    // Off the list while it is tried: finishing it may put it on another.
    write_queue_.remove(front);
    if (!continue_write(*front)) {
      write_queue_.insert_before(write_queue_.front(), front);
      break;
    }
    moved = true;
  }
  if (truncation_.begun && !truncation_.flying && quiet()) submit_truncate();
  return moved;
}

void Engine::start_read(Request& request) {
  if (!config_.readable) return finish(request, -EBADF);
  if (!request.at_cursor && request.offset < 0) return finish(request, -EINVAL);
  if (request.count == 0) return finish(request, 0);
  if (request.at_cursor && !take_cursor(request)) return;
  bool at_end = request.at_cursor && cursor_at_end_;
  if (request.at_cursor) request.offset = at_end ? 0 : static_cast<int64_t>(cursor_);
  request.count = std::min<uint64_t>(request.count, static_cast<uint64_t>(INT64_MAX - request.offset));
  if (appends_ && (appends_->pending() > 0 || at_end)) return ask_size(request);
  request.stage = Stage::kReading;
  reads_.start(request);
}

bool Engine::passed(Range range, ssize_t result, Time now) {
  reads_.unpass(range);
  settle_lanes();
  // What was accepted there meanwhile belongs to what the file is now.
  bool whole = result == static_cast<ssize_t>(range.length()) && !(extents_ && extents_->extents().overlaps(range));
  if (whole) {
    ++counters_.totals.reads;
    ++counters_.totals.read_misses;
    counters_.totals.bytes_read += range.length();
  }
  // Somebody may have waited for it to be over.
  if (close_ || truncation_.begun || dirty_bytes() > 0) {
    begin_event(now);
    end_event();
  }
  return whole;
}

void Engine::read_directly(Request& request, Time now) {
  begin_event(now);
  if (request.stage == Stage::kReading && !request.direct) reads_.go_direct(request);
  end_event();
}

void Engine::read_done(Request& request) {
  if (request.at_cursor && request.result > 0) cursor_ = static_cast<uint64_t>(request.offset + request.result);
  finish(request, request.result);
}

void Engine::start_seek(Request& request) {
  if (request.whence != SEEK_SET && request.whence != SEEK_CUR && request.whence != SEEK_END)
    return finish(request, -EINVAL);
  if (!take_cursor(request)) return;
  if (request.whence == SEEK_SET) return seek_from(request, 0);
  if (request.whence == SEEK_CUR && !cursor_at_end_) return seek_from(request, cursor_);
  ask_size(request);
}

void Engine::seek_from(Request& request, uint64_t base) {
  int64_t target;
  if (__builtin_add_overflow(static_cast<int64_t>(base), request.offset, &target)) return finish(request, -EOVERFLOW);
  if (target < 0) return finish(request, -EINVAL);
  cursor_ = static_cast<uint64_t>(target);
  cursor_at_end_ = false;
  finish(request, target);
}

}  // namespace conveyor

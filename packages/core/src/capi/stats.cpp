// Statistics, errors and drain.
#include <condition_variable>
#include <memory>
#include <mutex>

#include "capi/access.hpp"

namespace conveyor {
namespace {

conveyor_latency_t latency_of(const LazyHistogram& lazy) {
  const Histogram* h = lazy.get();
  if (!h) return {};
  return {h->count(),         h->mean(), h->percentile(500), h->percentile(900), h->percentile(990),
          h->percentile(999), h->max()};
}

uint64_t average(uint64_t sum, uint64_t count) { return count ? sum / count : 0; }

void fill_window(conveyor_stats_t* s, const Totals& now, const Totals& then) {
  s->window_bytes_read = now.bytes_read - then.bytes_read;
  s->window_bytes_written = now.bytes_written - then.bytes_written;
  s->window_backend_read_ns_avg =
      average(now.backend_read_ns - then.backend_read_ns, now.backend_reads_timed - then.backend_reads_timed);
  s->window_backend_write_ns_avg =
      average(now.backend_write_ns - then.backend_write_ns, now.backend_writes_timed - then.backend_writes_timed);
  s->window_congestions = now.stalls - then.stalls;
}

void fill_totals(conveyor_stats_t* s, const Totals& t) {
  s->reads = t.reads;
  s->writes = t.writes;
  s->bytes_read = t.bytes_read;
  s->bytes_written = t.bytes_written;
  s->read_hits = t.read_hits;
  s->read_misses = t.read_misses;
  s->backend_reads = t.backend_reads;
  s->backend_writes = t.backend_writes;
  s->backend_others = t.backend_others;
  s->backend_bytes_read = t.backend_bytes_read;
  s->backend_bytes_written = t.backend_bytes_written;
  s->retries = t.retries;
  s->rewrites_in_place = t.rewrites_in_place;
  s->stalls = t.stalls;
  s->stall_ns = t.stall_ns;
  s->unreported_errors = t.unreported_errors;
  s->coalescing_ratio = t.backend_writes ? static_cast<double>(t.writes) / static_cast<double>(t.backend_writes) : 0;
}

// How many flushes of a drain are still to come. Shared with their callbacks, which may outlive a drain that timed out.
struct DrainWait {
  std::mutex mutex;
  std::condition_variable done;
  size_t pending = 0;
  int error = 0;
};

void flushed(void* argument, ssize_t result) {
  std::unique_ptr<std::shared_ptr<DrainWait>> wait(static_cast<std::shared_ptr<DrainWait>*>(argument));
  std::lock_guard lock((*wait)->mutex);
  if (result < 0 && result != -ECANCELED) (*wait)->error = static_cast<int>(-result);
  if (--(*wait)->pending == 0) (*wait)->done.notify_all();
}

void start_flush(uint64_t token, const std::shared_ptr<DrainWait>& wait) {
  auto argument = std::make_unique<std::shared_ptr<DrainWait>>(wait);
  {
    std::lock_guard lock(wait->mutex);
    ++wait->pending;
  }
  ssize_t result = conveyor_flush_async(handle_of(token), flushed, argument.get());
  if (result == CONVEYOR_PENDING) {
    argument.release();
    return;
  }
  flushed(argument.release(), result < 0 && errno != EBADF ? -errno : 0);
}

conveyor_drain_t what_is_left() {
  conveyor_drain_t left{};
  left.struct_size = sizeof left;
  Time now = coarse_now();
  HandleTable::for_each([&](uint64_t token) {
    Handle::Access access(token);
    if (!access) return;
    Engine& engine = access->engine();
    engine.settle_lanes();
    uint64_t bytes = engine.dirty_bytes();
    if (bytes == 0) return;
    ++left.handles;
    left.bytes += bytes;
    left.oldest_ms =
        std::max<uint64_t>(left.oldest_ms, static_cast<uint64_t>((now - engine.dirty_since()) / kMillisecond));
  });
  return left;
}

}  // namespace
}  // namespace conveyor

using namespace conveyor;

extern "C" {

int conveyor_get_stats(conveyor_t* handle, conveyor_stats_t* stats) {
  Handle::Access access(token_of(handle));
  if (!access) return fail(EBADF);
  if (!stats) return fail(EFAULT);
  Engine& engine = access->engine();
  engine.settle_lanes();
  Counters& counters = engine.counters();
  conveyor_stats_t now{};
  now.struct_size = sizeof now;
  const StickyError* sticky = engine.sticky(false);
  now.sticky_error = sticky ? sticky->error : 0;
  fill_window(&now, counters.totals, counters.at_last_look);
  fill_totals(&now, counters.totals);
  now.dirty_bytes = engine.dirty_bytes();
  now.write_capacity = engine.write_capacity();
  now.window_bytes = engine.window_bytes();
  const Tuning tuning = engine.adaptation().tuning();
  now.max_io = tuning.max_io;
  now.flush_threshold = tuning.flush_threshold;
  now.window_limit = tuning.window_limit;
  now.write_depth = tuning.write_depth;
  now.read_depth = tuning.read_depth;
  now.adaptations = engine.adaptation().decisions();
  now.app_read = latency_of(counters.app_read);
  now.app_write = latency_of(counters.app_write);
  now.app_other = latency_of(counters.app_other);
  now.backend_read = latency_of(counters.backend_read);
  now.backend_write = latency_of(counters.backend_write);
  now.backend_other = latency_of(counters.backend_other);
  if (!hand_over(now, stats)) return fail(EINVAL);
  counters.at_last_look = counters.totals;
  return 0;
}

int conveyor_last_error(conveyor_t* handle) {
  Handle::Access access(token_of(handle));
  if (!access) return fail(EBADF);
  const StickyError* sticky = access->engine().sticky(true);
  return sticky ? sticky->error : 0;
}

int conveyor_error_info(conveyor_t* handle, conveyor_error_t* error) {
  Handle::Access access(token_of(handle));
  if (!access) return fail(EBADF);
  if (!error) return fail(EFAULT);
  conveyor_error_t info{};
  info.struct_size = sizeof info;
  info.offset = -1;
  const StickyError* sticky = access->engine().sticky(true);
  if (sticky) {
    info.error = sticky->error;
    info.operation = static_cast<uint32_t>(sticky->kind);
    info.retries = sticky->retries;
    info.offset = sticky->offset;
    info.length = sticky->length;
  }
  return hand_over(info, error) ? 0 : fail(EINVAL);
}

int conveyor_drain(int timeout_ms, conveyor_drain_t* left) {
  if (timeout_ms < -1 || (left && left->struct_size < 2 * sizeof(uint32_t))) return fail(EINVAL);
  auto wait = std::make_shared<DrainWait>();
  wait->pending = 1;  // this function itself
  HandleTable::for_each([&](uint64_t token) { start_flush(token, wait); });
  bool in_time = true;
  int error;
  {
    std::unique_lock lock(wait->mutex);
    auto all = [&] { return wait->pending == 0; };
    if (--wait->pending > 0) {
      if (timeout_ms < 0) {
        wait->done.wait(lock, all);
      } else {
        in_time = wait->done.wait_for(lock, std::chrono::milliseconds(timeout_ms), all);
      }
    }
    error = wait->error;
  }
  if (left) hand_over(what_is_left(), left);
  if (!in_time) return fail(ETIMEDOUT);
  return error ? fail(EIO) : 0;
}
}

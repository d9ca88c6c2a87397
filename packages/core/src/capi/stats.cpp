// Statistics, errors and drain.
#include <conveyor/conveyor_observe.h>

#include <algorithm>
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

void fill_present(conveyor_stats_t* s, const Engine& engine) {
  s->dirty_bytes = engine.dirty_bytes();
  if (s->dirty_bytes > 0)
    s->dirty_age_ns = static_cast<uint64_t>(std::max<Time>(0, coarse_now() - engine.dirty_since()));
  s->write_capacity = engine.write_capacity();
  s->window_bytes = engine.window_bytes();
  const Tuning tuning = engine.adaptation().tuning();
  s->max_io = tuning.max_io;
  s->flush_threshold = tuning.flush_threshold;
  s->window_limit = tuning.window_limit;
  s->write_depth = tuning.write_depth;
  s->read_depth = tuning.read_depth;
  s->adaptations = engine.adaptation().decisions();
}

void fill_latencies(conveyor_stats_t* s, const Counters& counters) {
  s->app_read = latency_of(counters.app_read);
  s->app_write = latency_of(counters.app_write);
  s->app_other = latency_of(counters.app_other);
  s->backend_read = latency_of(counters.backend_read);
  s->backend_write = latency_of(counters.backend_write);
  s->backend_other = latency_of(counters.backend_other);
}

int report(conveyor_t* handle, conveyor_stats_t* stats, bool restarts_window) {
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
  fill_present(&now, engine);
  fill_latencies(&now, counters);
  if (!hand_over(now, stats)) return fail(EINVAL);
  if (restarts_window) counters.at_last_look = counters.totals;
  return 0;
}

const LazyHistogram& histogram_of(const Counters& counters, int which) {
  static constexpr LazyHistogram Counters::*kAll[] = {&Counters::app_read,      &Counters::app_write,
                                                      &Counters::app_other,     &Counters::backend_read,
                                                      &Counters::backend_write, &Counters::backend_other};
  return counters.*kAll[which];
}

static_assert(Histogram::kBuckets == CONVEYOR_HISTOGRAM_BUCKETS);

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

int conveyor_get_stats(conveyor_t* handle, conveyor_stats_t* stats) { return report(handle, stats, true); }

int conveyor_peek_stats(conveyor_t* handle, conveyor_stats_t* stats) { return report(handle, stats, false); }

int conveyor_get_histogram(conveyor_t* handle, int which, conveyor_histogram_t* histogram) {
  if (which < CONVEYOR_APP_READ || which > CONVEYOR_BACKEND_OTHER) return fail(EINVAL);
  if (!histogram) return fail(EFAULT);
  conveyor_histogram_t found{};
  found.struct_size = sizeof found;
  {
    Handle::Access access(token_of(handle));
    if (!access) return fail(EBADF);
    const Histogram* h = histogram_of(access->engine().counters(), which).get();
    if (h) {
      found.count = h->count();
      found.sum_ns = h->sum();
      found.max_ns = h->max();
      std::copy(h->buckets().begin(), h->buckets().end(), found.buckets);
    }
  }
  return hand_over(found, histogram) ? 0 : fail(EINVAL);
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

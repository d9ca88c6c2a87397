// O1 to O3: what a handle counts, and what counting costs.

#include <conveyor/conveyor_observe.h>

#include <vector>

#include "completion.hpp"
#include "fixture.hpp"

namespace conveyor::test {
namespace {

TEST(o1, the_window_restarts_and_totals_go_on) {
  ScriptedBackend backend(pattern(10'000, 1));
  Handle handle(backend);
  REQUIRE(write_at(handle, pattern(300, 2), 0));
  REQUIRE(write_at(handle, pattern(200, 2), 300));
  REQUIRE_EQ(read_at(handle, 1000, 0).size(), 1000U);
  REQUIRE_EQ(read_at(handle, 1000, 9500).size(), 500U);
  REQUIRE_EQ(ERRNO_OF(conveyor_flush(handle)), 0);
  const conveyor_stats_t first = stats_of(handle);
  CHECK_EQ(first.window_bytes_written, 500U);
  CHECK_EQ(first.window_bytes_read, 1500U);
  CHECK_GT(first.window_backend_write_ns_avg, 0U);
  CHECK_GT(first.window_backend_read_ns_avg, 0U);
  CHECK_EQ(first.bytes_written, 500U);
  CHECK_EQ(first.bytes_read, 1500U);
  CHECK_EQ(first.writes, 2U);
  CHECK_EQ(first.reads, 2U);
  CHECK_EQ(first.dirty_bytes, 0U);
  CHECK_EQ(first.backend_bytes_written, backend.bytes_asked(Kind::kWrite));
  CHECK_EQ(first.backend_writes, backend.entered(Kind::kWrite));
  CHECK_EQ(first.read_hits + first.read_misses, first.reads);
  REQUIRE(write_at(handle, "x", 0));
  const conveyor_stats_t second = stats_of(handle);
  CHECK_EQ(second.window_bytes_written, 1U);
  CHECK_EQ(second.window_bytes_read, 0U);
  CHECK_EQ(second.window_backend_write_ns_avg, 0U);
  CHECK_EQ(second.window_backend_read_ns_avg, 0U);
  CHECK_EQ(second.window_congestions, 0U);
  CHECK_EQ(second.bytes_written, 501U);
  CHECK_EQ(second.bytes_read, 1500U);
  CHECK_EQ(second.dirty_bytes, 1U);
  CHECK_EQ(second.writes, 3U);
}

TEST(o1, failed_operations_count_nothing) {
  ScriptedBackend backend;
  Handle handle(backend, O_RDWR, ring_options(4096));
  const std::string large = pattern(5000, 1);
  CHECK_EQ(ERRNO_OF(conveyor_write(handle, large.data(), large.size())), EMSGSIZE);
  CHECK_EQ(ERRNO_OF(conveyor_pwrite(handle, "x", 1, -1)), EINVAL);
  backend.fail(Kind::kRead, EIO);
  char buffer[4];
  backend.append_outside("abcd");
  CHECK_EQ(ERRNO_OF(conveyor_pread(handle, buffer, 4, 0)), EIO);
  const conveyor_stats_t stats = stats_of(handle);
  CHECK_EQ(stats.writes + stats.reads, 0U);
  CHECK_EQ(stats.bytes_written + stats.bytes_read, 0U);
  CHECK_EQ(stats.window_bytes_written + stats.window_bytes_read, 0U);
}

TEST(o1, congestion_and_stalls_are_counted_once_per_wait) {
  ScriptedBackend backend;
  Handle handle(backend, O_RDWR, ring_options(4096));
  backend.hold(Kind::kWrite);
  REQUIRE(write_at(handle, pattern(4096, 1), 0));
  Background writer([&] { return write_at(handle, pattern(4096, 2), 4096) ? 0 : -1; });
  REQUIRE(backend.wait_held(Kind::kWrite, 1));
  CHECK(writer.is_blocked());
  backend.open(Kind::kWrite);
  CHECK_EQ(writer.result(), 0);
  conveyor_stats_t stats = stats_of(handle);
  CHECK_EQ(stats.window_congestions, 1U);
  CHECK_EQ(stats.stalls, 1U);
  CHECK_GT(stats.stall_ns, 0U);
  CHECK_EQ(stats.app_write.count, 1U);
  stats = stats_of(handle);
  CHECK_EQ(stats.window_congestions, 0U);
  CHECK_EQ(stats.stalls, 1U);
}

TEST(o1, latencies_are_ordered) {
  ScriptedBackend backend(pattern(100'000, 1));
  Handle handle(backend);
  for (off_t at = 0; at < 50; ++at) {
    REQUIRE(write_at(handle, "abc", at * 1999));
    REQUIRE_EQ(ERRNO_OF(conveyor_flush(handle)), 0);
  }
  CHECK_EQ(conveyor_invalidate(handle), 0);
  REQUIRE_EQ(read_at(handle, 100'000, 0).size(), 100'000U);
  const conveyor_stats_t stats = stats_of(handle);
  CHECK_EQ(stats.backend_write.count, 50U);
  CHECK_GE(stats.backend_read.count, 1U);
  for (const conveyor_latency_t &latency : {stats.backend_write, stats.backend_read}) {
    CHECK_GT(latency.mean_ns, 0U);
    CHECK_LE(latency.p50_ns, latency.p90_ns);
    CHECK_LE(latency.p90_ns, latency.p99_ns);
    CHECK_LE(latency.p99_ns, latency.p999_ns);
    CHECK_LE(latency.p999_ns, latency.max_ns + latency.max_ns / 16 + 1);
    CHECK_LE(latency.mean_ns, latency.max_ns);
  }
  CHECK_EQ(stats.coalescing_ratio, 1.0);
  CHECK_EQ(stats.window_backend_read_ns_avg > 0, true);
}

TEST(o1, an_untouched_handle_owns_nothing) {
  ScriptedBackend backend("abc");
  Handle handle(backend);
  const conveyor_stats_t stats = stats_of(handle);
  CHECK_EQ(stats.write_capacity, 0U);
  CHECK_EQ(stats.window_bytes, 0U);
  CHECK_EQ(stats.coalescing_ratio, 0.0);
  CHECK_EQ(stats.app_read.count + stats.app_write.count + stats.backend_read.count + stats.backend_write.count, 0U);
  CHECK_EQ(stats.app_read.p999_ns + stats.app_read.max_ns, 0U);
  CHECK(backend.calls().empty());
}

TEST(o1, an_older_caller_gets_the_part_it_knows) {
  ScriptedBackend backend;
  Handle handle(backend);
  REQUIRE(write_at(handle, "abc", 0));
  union {
    conveyor_stats_t stats;
    unsigned char bytes[sizeof(conveyor_stats_t)];
  } small;
  std::memset(&small, 0x5A, sizeof small);
  const std::uint32_t known = offsetof(conveyor_stats_t, window_backend_read_ns_avg);
  small.stats.struct_size = known;
  CHECK_EQ(ERRNO_OF(conveyor_get_stats(handle, &small.stats)), 0);
  CHECK_EQ(small.stats.window_bytes_written, 3U);
  for (std::size_t i = known; i < sizeof small; ++i) CHECK_EQ(small.bytes[i], 0x5A);
}

TEST(o3, looking_does_not_restart_the_window) {
  ScriptedBackend backend(pattern(10'000, 1));
  Handle handle(backend);
  const auto peek = [&] {
    conveyor_stats_t stats{};
    stats.struct_size = sizeof stats;
    CHECK_EQ(ERRNO_OF(conveyor_peek_stats(handle, &stats)), 0);
    return stats;
  };
  CHECK_EQ(peek().dirty_age_ns, 0U);
  REQUIRE(write_at(handle, "abc", 0));
  CHECK_EQ(peek().window_bytes_written, 3U);
  CHECK_EQ(peek().dirty_bytes, 3U);
  while (peek().dirty_bytes == 3 && peek().dirty_age_ns == 0) {
  }
  CHECK_EQ(peek().bytes_written, 3U);
  CHECK_EQ(stats_of(handle).window_bytes_written, 3U);
  CHECK_EQ(peek().window_bytes_written, 0U);
  REQUIRE_EQ(ERRNO_OF(conveyor_flush(handle)), 0);
  CHECK_EQ(peek().dirty_age_ns, 0U);
  CHECK_EQ(ERRNO_OF(conveyor_peek_stats(handle, nullptr)), EFAULT);
}

TEST(o3, histograms_hold_what_the_percentiles_come_from) {
  ScriptedBackend backend(pattern(10'000, 1));
  Handle handle(backend);
  conveyor_histogram_t histogram{};
  histogram.struct_size = sizeof histogram;
  REQUIRE_EQ(ERRNO_OF(conveyor_get_histogram(handle, CONVEYOR_BACKEND_READ, &histogram)), 0);
  CHECK_EQ(histogram.count + histogram.sum_ns + histogram.max_ns, 0U);
  REQUIRE_EQ(read_at(handle, 1000, 0).size(), 1000U);
  REQUIRE(backend.wait_idle());
  REQUIRE_EQ(ERRNO_OF(conveyor_get_histogram(handle, CONVEYOR_BACKEND_READ, &histogram)), 0);
  const conveyor_latency_t latency = stats_of(handle).backend_read;
  CHECK_GT(histogram.count, 0U);
  CHECK_EQ(histogram.count, latency.count);
  CHECK_EQ(histogram.max_ns, latency.max_ns);
  CHECK_EQ(histogram.sum_ns / histogram.count, latency.mean_ns);
  std::uint64_t counted = 0;
  std::size_t last = 0;
  for (std::size_t i = 0; i < CONVEYOR_HISTOGRAM_BUCKETS; ++i) {
    counted += histogram.buckets[i];
    if (histogram.buckets[i] != 0) last = i;
  }
  CHECK_EQ(counted, histogram.count);
  REQUIRE(last > 15);
  CHECK_GE(histogram.max_ns, std::uint64_t{16 + last % 16} << (last / 16 - 1));
  CHECK_LT(histogram.max_ns, std::uint64_t{17 + last % 16} << (last / 16 - 1));
  CHECK_EQ(ERRNO_OF(conveyor_get_histogram(handle, 6, &histogram)), EINVAL);
  CHECK_EQ(ERRNO_OF(conveyor_get_histogram(handle, -1, &histogram)), EINVAL);
  CHECK_EQ(ERRNO_OF(conveyor_get_histogram(handle, 0, nullptr)), EFAULT);
  histogram.struct_size = 4;
  CHECK_EQ(ERRNO_OF(conveyor_get_histogram(handle, 0, &histogram)), EINVAL);
}

TEST(o2, operations_that_are_served_at_once_are_not_timed) {
  ScriptedBackend backend(pattern(100'000, 1));
  Handle handle(backend, O_RDWR, ring_options(1 << 20));
  REQUIRE_EQ(read_at(handle, 4096, 0).size(), 4096U);
  REQUIRE(backend.wait_idle());  // what was read ahead is there
  const conveyor_stats_t before = stats_of(handle);
  for (int i = 0; i < 1000; ++i) {
    REQUIRE_EQ(read_at(handle, 64, i).size(), 64U);
    REQUIRE(write_at(handle, pattern(64, 2), 200'000 + i * 64));
  }
  const conveyor_stats_t after = stats_of(handle);
  CHECK_EQ(after.reads - before.reads, 1000U);
  CHECK_EQ(after.writes - before.writes, 1000U);
  CHECK_EQ(after.read_hits - before.read_hits, 1000U);
  CHECK_EQ(after.app_read.count, before.app_read.count);
  CHECK_EQ(after.app_write.count, before.app_write.count);
}

}  // namespace
}  // namespace conveyor::test

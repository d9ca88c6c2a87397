// A1: the controller's decisions, from windows alone.
#include "adapt/controller.hpp"

#include <conveyor/testkit/check.hpp>

namespace conveyor::test {
namespace {

constexpr int64_t kMs = 1'000'000;
constexpr int64_t kWindow = 1'000 * kMs;
const Tuning kStart{1 << 20, 1 << 20, 6 << 20, 4, 4};
const TuningRange kRange{{1 << 20, 64 << 10, 512 << 10, 4, 4}, {2 << 20, 2 << 20, 6 << 20, 64, 64}};

// A second in which writes were held back all the time.
ClosedWindow saturated(double megabytes_per_second, int64_t latency_ms, size_t operation = 64 << 10) {
  ClosedWindow window;
  window.length_ns = kWindow;
  window.writes.bytes = window.writes.app_bytes = static_cast<uint64_t>(megabytes_per_second * 1e6);
  window.writes.operations = window.writes.timed = window.writes.bytes / operation;
  window.writes.latency_ns = window.writes.timed * static_cast<uint64_t>(latency_ms * kMs);
  window.writes.busy_ns = window.writes.held_back_ns = kWindow;
  return window;
}

ClosedWindow trickle(uint64_t bytes, int64_t latency_ms) {
  ClosedWindow window = saturated(static_cast<double>(bytes) / 1e6, latency_ms, 64 << 10);
  window.writes.busy_ns = kWindow / 3;
  window.writes.held_back_ns = 0;
  return window;
}

TEST(a1, depth_rises_while_throughput_follows_and_no_further) {
  Controller controller(kStart, kRange);
  // Throughput is depth times 2 MB/s, up to 32 MB/s.
  for (int tick = 0; tick < 10; ++tick)
    controller.close(saturated(std::min(controller.tuning().write_depth * 2.0, 32.0), 20));
  CHECK_EQ(controller.tuning().write_depth, 16U);
  CHECK_EQ(controller.tuning().read_depth, 4U);
  const uint64_t decisions = controller.decisions();
  for (int tick = 0; tick < 50; ++tick) controller.close(saturated(32, 20));
  CHECK_EQ(controller.decisions(), decisions);
}

TEST(a1, depth_that_is_not_missed_is_given_back) {
  Controller controller(kStart, kRange);
  for (int tick = 0; tick < 10; ++tick) controller.close(saturated(controller.tuning().write_depth * 2.0, 20));
  REQUIRE_EQ(controller.tuning().write_depth, 64U);
  for (int tick = 0; tick < 10; ++tick) controller.close(saturated(20, 20));
  CHECK_EQ(controller.tuning().write_depth, 4U);
}

TEST(a1, operations_grow_where_depth_does_not_help) {
  Controller controller(kStart, kRange);
  // Each operation takes 20 ms whatever its size, one at a time.
  for (int tick = 0; tick < 10; ++tick) {
    const size_t io = controller.tuning().max_io;
    controller.close(saturated(static_cast<double>(io) * 50 / 1e6, 20, io));
  }
  CHECK_EQ(controller.tuning().max_io, size_t{2} << 20);
  CHECK_EQ(controller.tuning().write_depth, 4U);
}

TEST(a1, what_is_pinned_stays) {
  Controller controller(kStart, {kStart, kStart});
  for (int tick = 0; tick < 20; ++tick) controller.close(saturated(10.0 + tick, 1 + 10 * tick));
  for (int tick = 0; tick < 20; ++tick) controller.close(trickle(1 << 20, 1));
  CHECK(controller.tuning() == kStart);
  CHECK_EQ(controller.decisions(), 0U);
}

TEST(a1, a_near_backend_is_not_probed) {
  Controller controller(kStart, kRange);
  for (int tick = 0; tick < 20; ++tick) controller.close(saturated(2000, 0, 1 << 20));
  CHECK(controller.tuning() == kStart);
}

TEST(a1, landing_begins_early_near_a_backend_and_late_far_from_it) {
  Controller controller(kStart, kRange);
  for (int tick = 0; tick < 10; ++tick) controller.close(trickle(3 << 20, 1));
  CHECK_EQ(controller.tuning().flush_threshold, size_t{64} << 10);
  for (int tick = 0; tick < 10; ++tick) controller.close(trickle(3 << 20, 100));
  CHECK_GE(controller.tuning().flush_threshold, size_t{256} << 10);
}

TEST(a1, a_threshold_that_held_landings_back_is_not_tried_again_soon) {
  Controller controller(kStart, kRange);
  int changes = 0;
  for (int tick = 0; tick < 50; ++tick) {
    ClosedWindow window = trickle(3 << 20, 10);
    if (controller.tuning().flush_threshold < 256 << 10) window.writes.held_back_ns = window.writes.busy_ns;
    const size_t before = controller.tuning().flush_threshold;
    controller.close(window);
    if (tick > 10 && controller.tuning().flush_threshold != before) ++changes;
  }
  CHECK_EQ(changes, 0);
  CHECK_GE(controller.tuning().flush_threshold, size_t{256} << 10);
}

TEST(a1, a_probe_is_judged_by_windows_that_are_long_enough) {
  Controller controller(kStart, kRange);
  // Operations of 2 s: a window of 1 s says nothing, eight of them do.
  for (int tick = 0; tick < 7; ++tick) controller.close(saturated(8, 2000, 1 << 20));
  CHECK(controller.tuning() == kStart);
  for (int tick = 0; tick < 17; ++tick) controller.close(saturated(8, 2000, 1 << 20));
  CHECK_GT(controller.decisions(), 0U);
}

TEST(a1, windows_shrink_for_slow_readers_that_never_wait_and_grow_again) {
  Controller controller(kStart, kRange);
  ClosedWindow window;
  window.length_ns = kWindow;
  window.reads.operations = window.reads.timed = 16;
  window.reads.bytes = window.reads.app_bytes = 1 << 20;
  window.reads.latency_ns = 16 * kMs;
  window.reads.busy_ns = 16 * kMs;
  window.reads.waits = 1;
  for (int tick = 0; tick < 10; ++tick) controller.close(window);
  CHECK_EQ(controller.tuning().window_limit, kStart.window_limit);
  window.reads.waits = 0;
  for (int tick = 0; tick < 10; ++tick) controller.close(window);
  CHECK_EQ(controller.tuning().window_limit, size_t{512} << 10);
  window.reads.bytes = window.reads.app_bytes = 100 << 20;
  window.reads.latency_ns = 16 * 50 * kMs;
  window.reads.busy_ns = kWindow;
  window.reads.waits = 10;
  for (int tick = 0; tick < 10; ++tick) controller.close(window);
  CHECK_EQ(controller.tuning().window_limit, kStart.window_limit);
}

}  // namespace
}  // namespace conveyor::test

// conveyor_runtime_configure and the memory budget of the process. A program of its own: the limits are set once,
// before the first handle. Every test begins with configured(), so that each also stands alone.

#include <memory>
#include <vector>

#include "../capi/completion.hpp"
#include "../capi/fixture.hpp"
#include "process_status.hpp"

namespace conveyor::test {
namespace {

constexpr std::size_t kMiB = 1 << 20;
constexpr std::uint32_t kWorkers = 3;
constexpr std::size_t kBudget = kMiB;

int configure(std::uint32_t workers, std::uint64_t budget, std::uint32_t size = sizeof(conveyor_runtime_t)) {
  conveyor_runtime_t runtime{};
  runtime.struct_size = size;
  runtime.worker_threads = workers;
  runtime.memory_budget = budget;
  return ERRNO_OF(conveyor_runtime_configure(&runtime));
}

/// Threads before the first handle.
std::uint64_t configured() {
  static const std::uint64_t threads = [] {
    CHECK_EQ(configure(257, 0), EINVAL);
    CHECK_EQ(configure(UINT32_MAX, 0), EINVAL);
    CHECK_EQ(configure(0, kMiB - 1), EINVAL);
    CHECK_EQ(configure(0, 0, 0), EINVAL);
    CHECK_EQ(configure(0, 0, 5), EINVAL);
    CHECK_EQ(ERRNO_OF(conveyor_runtime_configure(nullptr)), EINVAL);
    CHECK_EQ(configure(0, 0), 0);
    CHECK_EQ(configure(kWorkers, kBudget), 0);  // again: still before the first handle
    return process_status("Threads");
  }();
  return threads;
}

conveyor_options_t greedy_options() {
  conveyor_options_t options = patient_options();
  options.write_capacity_initial = 4096;
  options.write_capacity_max = kMiB;
  options.read_capacity_initial = 64 * 1024;
  options.read_capacity_max = kMiB;
  return options;
}

TEST(lesson_21, the_pool_has_as_many_threads_as_configured) {
  const std::uint64_t threads = configured();
  ScriptedBackend backend(pattern(100'000, 1));
  conveyor_options_t options = patient_options();
  options.write_depth = 16;
  Handle handle(backend, O_RDWR, options);
  backend.hold(Kind::kWrite);
  for (off_t i = 0; i < 16; ++i) REQUIRE(write_at(handle, "x", i * 1'000'000));
  Completion flush;
  REQUIRE_EQ(conveyor_flush_async(handle, Completion::done, &flush), CONVEYOR_PENDING);
  REQUIRE(backend.wait_held(Kind::kWrite, kWorkers));
  CHECK_EQ(backend.running(Kind::kWrite), kWorkers);
  CHECK_LE(process_status("Threads"), threads + kWorkers + 1);
  backend.open(Kind::kWrite);
  CHECK_EQ(flush.result(), 0);
  CHECK_EQ(backend.running_max(Kind::kWrite), kWorkers);
}

TEST(lesson_21, limits_cannot_change_under_a_handle) {
  configured();
  ScriptedBackend backend;
  {
    Handle handle(backend);
    CHECK_EQ(configure(2, 0), EBUSY);
  }
  CHECK_EQ(configure(2, 0), EBUSY);
}

TEST(lesson_18, a_full_budget_is_eagain_and_never_a_zero) {
  configured();
  constexpr std::size_t kHandles = 8;
  std::vector<std::unique_ptr<ScriptedBackend>> backends;
  std::vector<std::unique_ptr<Handle>> handles;
  conveyor_options_t options = greedy_options();
  options.nonblocking = 1;
  for (std::size_t i = 0; i < kHandles; ++i) {
    backends.push_back(std::make_unique<ScriptedBackend>());
    backends.back()->hold(Kind::kWrite);
    handles.push_back(std::make_unique<Handle>(*backends.back(), O_RDWR, options));
  }
  std::vector<std::size_t> accepted(kHandles, 0);
  std::size_t sum = 0;
  std::size_t refused = 0;
  for (std::size_t round = 0; round < 256; ++round) {
    for (std::size_t i = 0; i < kHandles; ++i) {
      const std::string block = pattern(4096, i, accepted[i]);
      errno = 0;
      const ssize_t got = conveyor_pwrite(*handles[i], block.data(), 4096, static_cast<off_t>(accepted[i]));
      if (got == 4096) {
        accepted[i] += 4096;
        sum += 4096;
        continue;
      }
      CHECK_EQ(got, -1);
      CHECK_EQ(errno, EAGAIN);
      ++refused;
    }
  }
  CHECK_GT(refused, 0U);
  CHECK_LE(sum, kBudget);
  CHECK_GE(sum, kBudget / 4);
  std::uint64_t held = 0;
  for (const auto &handle : handles) held += stats_of(*handle).write_capacity + stats_of(*handle).window_bytes;
  CHECK_LE(held, kBudget);
  for (std::size_t i = 0; i < kHandles; ++i) {
    backends[i]->open(Kind::kWrite);
    CHECK_EQ(ERRNO_OF(conveyor_flush(*handles[i])), 0);
    CHECK(backends[i]->bytes() == pattern(accepted[i], i));
  }
}

TEST(lesson_25, the_sum_over_all_handles_is_bounded_and_nobody_starves) {
  configured();
  constexpr std::size_t kHandles = 6;
  std::vector<std::unique_ptr<ScriptedBackend>> backends;
  std::vector<std::unique_ptr<Handle>> handles;
  for (std::size_t i = 0; i < kHandles; ++i) {
    backends.push_back(std::make_unique<ScriptedBackend>(pattern(2 * kMiB, i)));
    handles.push_back(std::make_unique<Handle>(*backends.back(), O_RDWR, greedy_options()));
  }
  std::vector<std::unique_ptr<Background>> workers;
  for (std::size_t i = 0; i < kHandles; ++i) {
    workers.push_back(std::make_unique<Background>([&handle = *handles[i], i]() -> ssize_t {
      for (std::size_t at = 0; at < 2 * kMiB; at += 8192) {
        if (read_next(handle, 8192) != pattern(8192, i, at)) return -1;
        if (!write_at(handle, pattern(8192, i + 100, at), static_cast<off_t>(at))) return -1;
      }
      return conveyor_flush(handle);
    }));
  }
  bool running = true;
  while (running) {
    std::uint64_t held = 0;
    running = false;
    for (std::size_t i = 0; i < kHandles; ++i) {
      const conveyor_stats_t stats = stats_of(*handles[i]);
      held += stats.write_capacity + stats.window_bytes;
      running = running || !workers[i]->has_returned();
    }
    CHECK_LE(held, 2 * kBudget);  // one reading is not taken at one moment
    sched_yield();
  }
  for (std::size_t i = 0; i < kHandles; ++i) {
    CHECK_EQ(workers[i]->result(), 0);
    CHECK(backends[i]->bytes() == pattern(2 * kMiB, i + 100));
  }
}

TEST(w6, a_writer_that_waits_for_the_budget_goes_on_when_another_handle_gives_room) {
  configured();
  ScriptedBackend rich;
  ScriptedBackend poor;
  conveyor_options_t options = greedy_options();
  options.tick_ms = 10;
  options.write_depth = 1;  // one held call leaves the pool to the other handle
  Handle holder(rich, O_RDWR, options);
  Handle waiter(poor, O_RDWR, options);
  rich.hold(Kind::kWrite);
  for (off_t at = 0; at < 7 * 65'536; at += 65'536) REQUIRE(write_at(holder, pattern(65'536, 1), at));
  Background writer([&]() -> ssize_t {
    for (std::size_t at = 0; at < 2 * kMiB; at += 65'536) {
      if (!write_at(waiter, pattern(65'536, 2, at), static_cast<off_t>(at))) return -1;
    }
    return conveyor_flush(waiter);
  });
  CHECK_EQ(writer.result(), 0);  // with what the other does not use, or with what it gives back
  CHECK(poor.bytes() == pattern(2 * kMiB, 2));
  rich.open(Kind::kWrite);
  CHECK_EQ(ERRNO_OF(conveyor_flush(holder)), 0);
}

}  // namespace
}  // namespace conveyor::test

CONVEYOR_TEST_MAIN()

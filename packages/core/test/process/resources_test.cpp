// Threads and memory of a process with the default limits. A program of its own, so that no other test has started the
// pool; the tests run in the order in which they stand here, and each also stands alone.

#include <memory>
#include <vector>

#include <conveyor/testkit/prng.hpp>

#include "../capi/fixture.hpp"
#include "../capi/temporary_file.hpp"
#include "process_status.hpp"

namespace conveyor::test {
namespace {

constexpr std::size_t kMiB = 1 << 20;
constexpr std::uint64_t kPoolThreadsMax = 7;  // six workers and a timer; main makes eight

/// Threads of the harness and the sanitizer, counted before the first handle of the process.
std::uint64_t threads_before() {
  static const std::uint64_t threads = process_status("Threads");
  return threads;
}

TEST(lesson_26, random_reads_of_a_file_go_straight_to_the_caller) {
  threads_before();
  constexpr std::size_t kReads = 2000;
  TemporaryFile file(pattern(8 * kMiB, 1));
  const std::string bytes = pattern(8 * kMiB, 1);
  conveyor_t *handle = nullptr;
  REQUIRE_EQ(ERRNO_OF(conveyor_open_fd(&handle, file.fd(), O_RDONLY, nullptr)), 0);
  testkit::Prng prng(testkit::seed());
  std::string buffer(4096, '\0');
  const auto read_randomly = [&](std::size_t times) {
    for (std::size_t i = 0; i < times; ++i) {
      const std::size_t offset = prng.below(8 * kMiB - 4096);
      CHECK_EQ(conveyor_pread(handle, buffer.data(), 4096, static_cast<off_t>(offset)), 4096);
      CHECK(bytes.compare(offset, 4096, buffer) == 0);
    }
  };
  read_randomly(16);  // the pattern becomes known
  const conveyor_stats_t before = stats_of(handle);
  const long switches = voluntary_switches();
  const std::uint64_t threads = process_status("Threads");
  read_randomly(kReads);
  const conveyor_stats_t after = stats_of(handle);
  if (!testkit::kSanitized) CHECK_LE(voluntary_switches() - switches, static_cast<long>(kReads / 20));
  CHECK_EQ(process_status("Threads"), threads);
  CHECK_LE(after.backend_bytes_read - before.backend_bytes_read, 2 * kReads * 4096);
  CHECK_LE(after.backend_reads - before.backend_reads, kReads);
  CHECK_EQ(ERRNO_OF(conveyor_close(handle)), 0);
}

TEST(lesson_26, sequential_reads_of_a_file_cost_fewer_calls_than_pread) {
  threads_before();
  TemporaryFile file(pattern(8 * kMiB, 1));
  conveyor_t *handle = nullptr;
  REQUIRE_EQ(ERRNO_OF(conveyor_open_fd(&handle, file.fd(), O_RDONLY, nullptr)), 0);
  for (std::size_t at = 0; at < 8 * kMiB; at += 4096) REQUIRE_EQ(read_next(handle, 4096), pattern(4096, 1, at));
  const conveyor_stats_t stats = stats_of(handle);
  CHECK_LE(stats.backend_reads, 2048U / 8);
  CHECK_LE(stats.backend_bytes_read, 9 * kMiB);
  CHECK_EQ(ERRNO_OF(conveyor_close(handle)), 0);
}

TEST(lesson_21, ten_thousand_idle_handles_run_on_a_handful_of_threads) {
  constexpr std::size_t kHandles = 10'000;
  const std::uint64_t threads = threads_before();
  ScriptedBackend backend(pattern(1000, 1));
  const conveyor_backend_t table = backend.table();
  const std::uint64_t resident_kib = process_status("VmRSS");
  std::vector<conveyor_t *> handles(kHandles, nullptr);
  for (conveyor_t *&handle : handles) REQUIRE_EQ(ERRNO_OF(conveyor_create(&handle, &table, O_RDWR, nullptr)), 0);
  CHECK_LE(process_status("Threads"), threads + kPoolThreadsMax);
  if (!testkit::kSanitized) CHECK_LE(process_status("VmRSS"), resident_kib + 50 * 1024);
  CHECK(write_at(handles[kHandles / 2], "x", 0));
  CHECK_EQ(read_at(handles[kHandles - 1], 10, 100), pattern(1000, 1).substr(100, 10));
  for (conveyor_t *handle : handles) CHECK_EQ(ERRNO_OF(conveyor_close(handle)), 0);
  CHECK_LE(process_status("Threads"), threads + kPoolThreadsMax);
  CHECK_EQ(backend.bytes().substr(0, 1), "x");
}

TEST(lesson_21, a_thousand_busy_handles_run_on_a_handful_of_threads) {
  constexpr std::size_t kHandles = 1000;
  const std::uint64_t threads = threads_before();
  std::vector<std::unique_ptr<ScriptedBackend>> backends;
  std::vector<conveyor_t *> handles(kHandles, nullptr);
  for (conveyor_t *&handle : handles) {
    backends.push_back(std::make_unique<ScriptedBackend>());
    const conveyor_backend_t table = backends.back()->table();
    conveyor_options_t options = default_options();
    options.max_dirty_ms = 1;
    REQUIRE_EQ(ERRNO_OF(conveyor_create(&handle, &table, O_RDWR, &options)), 0);
  }
  for (std::size_t round = 0; round < 3; ++round) {
    for (conveyor_t *handle : handles) CHECK(write_next(handle, pattern(100, round)));
  }
  CHECK_LE(process_status("Threads"), threads + kPoolThreadsMax);
  CHECK_EQ(ERRNO_OF(conveyor_drain(-1, nullptr)), 0);
  for (const auto &backend : backends) CHECK_EQ(backend->bytes(), pattern(100, 0) + pattern(100, 1) + pattern(100, 2));
  for (conveyor_t *handle : handles) CHECK_EQ(ERRNO_OF(conveyor_close(handle)), 0);
}

TEST(lesson_25, idle_rings_and_windows_shrink) {
  ScriptedBackend backend(pattern(4 * kMiB, 1));
  conveyor_options_t options = default_options();
  options.tick_ms = 10;
  Handle handle(backend, O_RDWR, options);
  for (std::size_t at = 0; at < kMiB; at += 4096) REQUIRE_EQ(read_next(handle, 4096).size(), 4096U);
  for (std::size_t at = 0; at < kMiB; at += 4096) REQUIRE(write_at(handle, pattern(4096, 2), static_cast<off_t>(at)));
  REQUIRE_EQ(ERRNO_OF(conveyor_flush(handle)), 0);
  CHECK(eventually([&] {
    const conveyor_stats_t stats = stats_of(handle);
    return stats.write_capacity == 0 && stats.window_bytes == 0;
  }));
  CHECK_EQ(read_at(handle, 4096, 0), pattern(4096, 2));
}

TEST(lesson_25, a_handle_holds_each_byte_about_once) {
  if (testkit::kSanitized) SKIP("a sanitizer's own memory hides ours");
  constexpr std::size_t kRing = 64 * kMiB;
  ScriptedBackend backend;
  conveyor_options_t options = patient_options();
  options.write_capacity_max = kRing;
  const std::string block = pattern(kMiB, 1);
  Handle handle(backend, O_WRONLY, options);
  backend.hold(Kind::kWrite);
  const std::uint64_t resident_kib = process_status("VmRSS");
  for (std::size_t at = 0; at < kRing; at += kMiB) REQUIRE(write_at(handle, block, static_cast<off_t>(at)));
  const std::uint64_t grown_kib = process_status("VmRSS") - resident_kib;
  CHECK_GE(grown_kib, kRing / 1024 / 2);  // the measurement sees the ring
  CHECK_LE(grown_kib, kRing / 1024 * 5 / 4);
  const auto swallow = [](const Call &call) { return static_cast<ssize_t>(call.count); };
  backend.add_fault({.kind = Kind::kWrite, .answer = swallow});
  backend.open(Kind::kWrite);
  CHECK_EQ(ERRNO_OF(conveyor_flush(handle)), 0);
}

}  // namespace
}  // namespace conveyor::test

CONVEYOR_TEST_MAIN()

// Threads times handles, mixed operations, real pool: every thread owns ranges of every file and checks each of its
// bytes. CONVEYOR_TEST_ITERATIONS, CONVEYOR_TEST_WORKERS and CONVEYOR_TEST_SEED vary it (environment.hpp).

#include <memory>
#include <vector>

#include <conveyor/testkit/prng.hpp>

#include "../capi/releaser.hpp"
#include "../capi/temporary_file.hpp"
#include "environment.hpp"

namespace conveyor::test {
namespace {

constexpr std::size_t kThreads = 4;
constexpr std::size_t kHandles = 6;
constexpr std::size_t kShare = 40'000;  // bytes of each file that belong to one thread
constexpr int kOperations = testkit::kSanitized ? 300 : 1000;

/// One open file under stress.
struct Target {
  std::unique_ptr<ScriptedBackend> backend;  // or
  std::unique_ptr<TemporaryFile> file;
  conveyor_t *handle = nullptr;

  std::string bytes() const { return backend ? backend->bytes() : file->bytes(); }
};

conveyor_options_t random_options(testkit::Prng &prng) {
  conveyor_options_t options = default_options();
  options.max_dirty_ms = 1 + static_cast<std::uint32_t>(prng.below(20));
  options.write_capacity_initial = 4096;
  options.write_capacity_max = std::size_t{4096} << prng.below(6);
  options.read_capacity_initial = 4096;
  options.read_capacity_max = std::size_t{8192} << prng.below(6);
  options.max_io = 4096 << prng.below(5);
  options.write_depth = 1 + static_cast<std::uint32_t>(prng.below(8));
  options.read_depth = 1 + static_cast<std::uint32_t>(prng.below(8));
  options.keep_until_sync = prng.chance(1, 4) ? 1 : 0;
  options.tick_ms = 5;
  if (prng.chance(1, 6)) options.write_capacity_initial = 0, options.write_capacity_max = CONVEYOR_UNBUFFERED;
  if (prng.chance(1, 6)) options.read_capacity_initial = 0, options.read_capacity_max = CONVEYOR_UNBUFFERED;
  return options;
}

Target open_target(testkit::Prng &prng) {
  Target target;
  const conveyor_options_t options = random_options(prng);
  const std::string start(kThreads * kShare, '.');
  if (prng.chance(1, 2)) {
    target.file = std::make_unique<TemporaryFile>(start);
    REQUIRE_EQ(ERRNO_OF(conveyor_open_fd(&target.handle, target.file->fd(), O_RDWR, &options)), 0);
    return target;
  }
  target.backend = std::make_unique<ScriptedBackend>(start);
  const std::size_t most = 1 + prng.below(6000);
  target.backend->limit(Kind::kWrite, [most](std::size_t) { return most; });
  target.backend->limit(Kind::kRead, [most](std::size_t) { return most; });
  const conveyor_backend_t table = target.backend->table();
  REQUIRE_EQ(ERRNO_OF(conveyor_create(&target.handle, &table, O_RDWR, &options)), 0);
  return target;
}

/// The work of one thread; `mine[h]` is what its share of file h must hold.
class Worker {
 public:
  Worker(std::vector<Target> &targets, std::size_t number, std::uint64_t seed)
      : targets_(targets), begin_(number * kShare), prng_(seed), mine_(targets.size(), std::string(kShare, '.')) {}

  ssize_t run() {
    for (int i = 0; i < kOperations; ++i) {
      if (!operate(prng_.below(targets_.size()))) return -1;
    }
    for (std::size_t h = 0; h < targets_.size(); ++h) {
      if (!CHECK(read_at(targets_[h].handle, kShare, static_cast<off_t>(begin_)) == mine_[h])) return -1;
    }
    return 0;
  }
  const std::string &share(std::size_t handle) const { return mine_[handle]; }

 private:
  bool operate(std::size_t h) {
    conveyor_t *handle = targets_[h].handle;
    const std::size_t at = prng_.below(kShare - 1);
    const std::size_t count = 1 + prng_.below(std::min<std::size_t>(kShare - at, 3000));
    const auto offset = static_cast<off_t>(begin_ + at);
    switch (prng_.below(16)) {
      case 0: return CHECK_EQ(ERRNO_OF(conveyor_flush(handle)), 0);
      case 1: return CHECK_EQ(ERRNO_OF(conveyor_sync(handle, 0)), 0);
      case 2: return CHECK_EQ(ERRNO_OF(conveyor_prefetch(handle, offset, count)), 0);
      case 3: return prng_.chance(1, 4) ? CHECK_EQ(ERRNO_OF(conveyor_invalidate(handle)), 0) : true;
      case 4: return CHECK_GE(stats_of(handle).writes, 0U);
      case 5: return CHECK_EQ(conveyor_size(handle), kThreads * kShare);
      case 6: case 7: case 8: case 9: case 10: {
        const std::string bytes = pattern(count, prng_.next_u64());
        mine_[h].replace(at, count, bytes);
        return CHECK(write_at(handle, bytes, offset));
      }
      default: return CHECK(read_at(handle, count, offset) == mine_[h].substr(at, count));
    }
  }

  std::vector<Target> &targets_;
  const std::size_t begin_;
  testkit::Prng prng_;
  std::vector<std::string> mine_;
};

TEST(c1, threads_times_handles) {
  configure_workers();
  testkit::Prng prng(stress_seed());
  for (std::uint64_t round = 0; round < stress_iterations(); ++round) {
    std::vector<Target> targets;
    for (std::size_t h = 0; h < kHandles; ++h) targets.push_back(open_target(prng));
    std::vector<std::unique_ptr<Worker>> workers;
    {
      std::vector<std::unique_ptr<Background>> threads;
      for (std::size_t t = 0; t < kThreads; ++t) {
        workers.push_back(std::make_unique<Worker>(targets, t, prng.next_u64()));
        threads.push_back(std::make_unique<Background>([worker = workers.back().get()] { return worker->run(); }));
      }
      for (const auto &thread : threads) CHECK_EQ(thread->result(), 0);
    }
    for (std::size_t h = 0; h < kHandles; ++h) {
      CHECK_EQ(ERRNO_OF(conveyor_close(targets[h].handle)), 0);
      std::string expected;
      for (const auto &worker : workers) expected += worker->share(h);
      CHECK(targets[h].bytes() == expected);
      if (targets[h].backend) CHECK_EQ(targets[h].backend->overlaps_in_flight(), 0U);
    }
  }
}

/// What one thread does with its slot of each of many files; and what the slots must hold.
ssize_t use_many(const std::vector<conveyor_t *> &handles, std::vector<std::string> &slots, off_t begin,
                 testkit::Prng prng) {
  const std::size_t size = slots.front().size();
  for (std::size_t i = 0; i < 6 * handles.size(); ++i) {
    const std::size_t h = prng.below(handles.size());
    switch (prng.below(8)) {
      case 0: if (conveyor_flush(handles[h]) != 0) return -1; break;
      case 1: if (conveyor_prefetch(handles[h], 0, 10 * size) != 0) return -2; break;
      case 2: if (stats_of(handles[h]).sticky_error != 0) return -3; break;
      case 3: case 4: case 5:
        slots[h] = pattern(size, prng.next_u64());
        if (!write_at(handles[h], slots[h], begin)) return -4;
        break;
      default: if (read_at(handles[h], size, begin) != slots[h]) return -5;
    }
  }
  return 0;
}

TEST(c1, threads_times_a_thousand_handles) {
  configure_workers();
  constexpr std::size_t kMany = 1000;
  constexpr std::size_t kSlot = 200;
  testkit::Prng prng(stress_seed());
  std::vector<std::unique_ptr<ScriptedBackend>> backends;
  std::vector<conveyor_t *> handles(kMany, nullptr);
  for (conveyor_t *&handle : handles) {
    backends.push_back(std::make_unique<ScriptedBackend>(std::string(kThreads * kSlot, '.')));
    const conveyor_backend_t table = backends.back()->table();
    conveyor_options_t options = random_options(prng);
    options.max_dirty_ms = 1 + static_cast<std::uint32_t>(prng.below(100));
    REQUIRE_EQ(ERRNO_OF(conveyor_create(&handle, &table, O_RDWR, &options)), 0);
  }
  std::vector<std::vector<std::string>> slots(kThreads, std::vector<std::string>(kMany, std::string(kSlot, '.')));
  {
    std::vector<std::unique_ptr<Background>> threads;
    for (std::size_t t = 0; t < kThreads; ++t) {
      threads.push_back(std::make_unique<Background>([&, t, own = prng.fork()] {
        return use_many(handles, slots[t], static_cast<off_t>(t * kSlot), own);
      }));
    }
    for (const auto &thread : threads) CHECK_EQ(thread->result(), 0);
  }
  for (std::size_t h = 0; h < kMany; ++h) {
    CHECK_EQ(ERRNO_OF(conveyor_close(handles[h])), 0);
    std::string expected;
    for (const auto &mine : slots) expected += mine[h];
    CHECK(backends[h]->bytes() == expected);
  }
}

TEST(f5, handles_open_and_close_under_load) {
  configure_workers();
  testkit::Prng prng(stress_seed());
  for (std::uint64_t round = 0; round < stress_iterations(); ++round) {
    std::vector<std::unique_ptr<Background>> threads;
    for (std::size_t t = 0; t < kThreads; ++t) {
      threads.push_back(std::make_unique<Background>([seed = prng.next_u64()]() -> ssize_t {
        testkit::Prng own(seed);
        for (int i = 0; i < kOperations / 20; ++i) {
          Target target = open_target(own);
          const std::string bytes = pattern(1 + own.below(3000), own.next_u64());
          for (std::size_t piece = 0; piece < 8; ++piece) {
            if (!write_at(target.handle, bytes, static_cast<off_t>(piece * bytes.size()))) return -1;
          }
          if (read_at(target.handle, bytes.size(), static_cast<off_t>(bytes.size())) != bytes) return -1;
          if (conveyor_prefetch(target.handle, 0, kShare) != 0 || conveyor_close(target.handle) != 0) return -1;
          const std::string stored = target.bytes();
          for (std::size_t piece = 0; piece < 8; ++piece) {
            if (stored.compare(piece * bytes.size(), bytes.size(), bytes) != 0) return -1;
          }
        }
        return 0;
      }));
    }
    for (const auto &thread : threads) CHECK_EQ(thread->result(), 0);
  }
}

TEST(f9, drain_runs_beside_everything_else) {
  configure_workers();
  testkit::Prng prng(stress_seed());
  std::vector<Target> targets;
  for (std::size_t h = 0; h < kHandles; ++h) targets.push_back(open_target(prng));
  std::vector<std::unique_ptr<Worker>> workers;
  {
    std::vector<std::unique_ptr<Background>> threads;
    for (std::size_t t = 0; t < 2; ++t) {
      workers.push_back(std::make_unique<Worker>(targets, t, prng.next_u64()));
      threads.push_back(std::make_unique<Background>([worker = workers.back().get()] { return worker->run(); }));
    }
    while (!threads[0]->has_returned() || !threads[1]->has_returned()) {
      CHECK_EQ(ERRNO_OF(conveyor_drain(-1, nullptr)), 0);
      sched_yield();
    }
    for (const auto &thread : threads) CHECK_EQ(thread->result(), 0);
  }
  for (Target &target : targets) CHECK_EQ(ERRNO_OF(conveyor_close(target.handle)), 0);
}

}  // namespace
}  // namespace conveyor::test

CONVEYOR_TEST_MAIN()

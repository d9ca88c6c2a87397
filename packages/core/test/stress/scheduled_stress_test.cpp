// Threads and handles under a seeded scheduler, which decides at the sync points of the shell who runs next: orders
// that the system would take long to come across. The shell of this program is compiled with CONVEYOR_SYNC_POINTS.
//
// Not built for ThreadSanitizer: the scheduler's own lock would hide what it looks for.

#include <memory>
#include <vector>

#include "../capi/completion.hpp"
#include "../capi/fixture.hpp"
#include "../capi/temporary_file.hpp"
#include "environment.hpp"
#include "scheduler.hpp"

namespace conveyor {

void sync_point(const char *name) noexcept { test::Scheduler::instance().point(name); }
void sync_waits(const char *name) noexcept { test::Scheduler::instance().waits(name); }

}  // namespace conveyor

namespace conveyor::test {
namespace {

constexpr std::size_t kSlot = 300;
constexpr std::size_t kSlots = 24;  // of one thread

void configure_process() {
  static const bool configured = [] {
    conveyor_runtime_t runtime{};
    runtime.struct_size = sizeof runtime;
    runtime.worker_threads = 3;
    runtime.memory_budget = 1 << 20;
    return conveyor_runtime_configure(&runtime) == 0;
  }();
  REQUIRE(configured);
}

conveyor_options_t random_options(testkit::Prng &prng) {
  conveyor_options_t options = default_options();
  options.write_capacity_initial = 512;
  options.write_capacity_max = std::size_t{512} << prng.below(4);
  options.read_capacity_initial = 512;
  options.read_capacity_max = std::size_t{512} << prng.below(5);
  options.max_dirty_ms = prng.chance(1, 2) ? 1 : 1000;
  options.write_depth = 1 + static_cast<std::uint32_t>(prng.below(3));
  options.read_depth = 1 + static_cast<std::uint32_t>(prng.below(3));
  return options;
}

/// A handle over a file or over callbacks.
struct Target {
  std::unique_ptr<ScriptedBackend> backend;
  std::unique_ptr<TemporaryFile> file;
  conveyor_t *handle = nullptr;

  Target(testkit::Prng &prng, const std::string &start) {
    const conveyor_options_t options = random_options(prng);
    if (prng.chance(1, 2)) {
      file = std::make_unique<TemporaryFile>(start);
      REQUIRE_EQ(ERRNO_OF(conveyor_open_fd(&handle, file->fd(), O_RDWR, &options)), 0);
      return;
    }
    backend = std::make_unique<ScriptedBackend>(start);
    const conveyor_backend_t table = backend->table();
    REQUIRE_EQ(ERRNO_OF(conveyor_create(&handle, &table, O_RDWR, &options)), 0);
  }
  std::string bytes() const { return backend ? backend->bytes() : file->bytes(); }
};

/// Lets threads run one at a time, in the order that the seed gives, for its lifetime.
class Scheduled {
 public:
  Scheduled(std::uint64_t seed, unsigned threads) {
    Scheduler::instance().begin(seed, threads, static_cast<unsigned>(seed % 6), expected());
  }
  ~Scheduled() { expected() = static_cast<unsigned>(50 + Scheduler::instance().end()); }
  Scheduled(const Scheduled &) = delete;

 private:
  /// As many steps as the last time.
  static unsigned &expected() {
    static unsigned steps = 400;
    return steps;
  }
};

/// The end of a thread's work: whoever is left goes on without it.
ssize_t finished(ssize_t result) {
  sync_waits("thread.ends");
  return result;
}

std::uint64_t rounds() { return stress_iterations() * (testkit::kSanitized ? 20 : 60); }

/// One thread's slots of a file: each holds what was written last.
class Owner {
 public:
  Owner(conveyor_t *handle, std::size_t number, std::uint64_t seed)
      : handle_(handle), begin_(number * kSlot * kSlots), prng_(seed), mine_(kSlot * kSlots, '.') {}

  /// Until `count` operations are through, or the handle is closed. False when one has gone wrong.
  bool run(int count) {
    for (int i = 0; i < count && !closed_; ++i) {
      if (!operate()) return false;
    }
    return true;
  }
  const std::string &bytes() const { return mine_; }

 private:
  bool operate() {
    const std::size_t at = prng_.below(kSlots) * kSlot;
    const auto offset = static_cast<off_t>(begin_ + at);
    switch (prng_.below(10)) {
      case 0: return good(conveyor_flush(handle_), 0);
      case 1: return good(conveyor_prefetch(handle_, offset, 2 * kSlot), 0);
      case 2: return good(conveyor_invalidate(handle_), 0);
      case 3: case 4: case 5: case 6: {
        const std::string bytes = pattern(kSlot, prng_.next_u64());
        if (!good(conveyor_pwrite(handle_, bytes.data(), kSlot, offset), kSlot)) return false;
        if (!closed_) mine_.replace(at, kSlot, bytes);
        return true;
      }
      default: {
        std::string bytes(kSlot, '\0');
        if (!good(conveyor_pread(handle_, bytes.data(), kSlot, offset), kSlot)) return false;
        return closed_ || CHECK(bytes == mine_.substr(at, kSlot));
      }
    }
  }

  bool good(ssize_t got, ssize_t wanted) {
    closed_ = got == -1 && errno == EBADF;
    return closed_ || CHECK_EQ(got, wanted);
  }

  conveyor_t *handle_;
  const std::size_t begin_;
  testkit::Prng prng_;
  std::string mine_;
  bool closed_ = false;
};

/// Rounds of `kThreads` owners of one file, beside whatever `other` does; then every byte is compared.
template <typename Other>
void run_owners(Other other) {
  configure_process();
  constexpr std::size_t kThreads = 3;
  testkit::Prng seeds(stress_seed());
  for (std::uint64_t round = 0; round < rounds(); ++round) {
    const std::uint64_t seed = seeds.next_u64();
    testkit::Prng prng(seed);
    Target target(prng, std::string(kThreads * kSlot * kSlots, '.'));
    std::vector<std::unique_ptr<Owner>> owners;
    for (std::size_t t = 0; t < kThreads; ++t) {
      owners.push_back(std::make_unique<Owner>(target.handle, t, prng.next_u64()));
    }
    bool closed = false;
    {
      const Scheduled scheduled(seed, kThreads + 1);
      std::vector<std::unique_ptr<Background>> threads;
      for (const auto &owner : owners) {
        threads.push_back(std::make_unique<Background>([&owner] { return finished(owner->run(25) ? 0 : -1); }));
      }
      Background beside([&] { return finished(other(target.handle, prng, closed)); });
      for (const auto &thread : threads) CHECK_EQ(thread->result(), 0);
      CHECK_EQ(beside.result(), 0);
    }
    if (!closed) CHECK_EQ(ERRNO_OF(conveyor_close(target.handle)), 0);
    std::string expected;
    for (const auto &owner : owners) expected += owner->bytes();
    if (!CHECK_MSG(target.bytes() == expected, "round " + std::to_string(round))) return;
  }
}

TEST(c2, scheduled_threads_keep_each_byte) {
  run_owners([](conveyor_t *handle, testkit::Prng &prng, bool &) -> ssize_t {
    for (int i = 0; i < 10; ++i) {
      if (prng.chance(1, 2) ? conveyor_flush(handle) != 0 : conveyor_size(handle) < 0) return -1;
    }
    return 0;
  });
}

TEST(f6, scheduled_close_under_load_lands_all_that_was_accepted) {
  run_owners([](conveyor_t *handle, testkit::Prng &prng, bool &closed) -> ssize_t {
    for (std::uint64_t i = prng.below(10); i > 0; --i) static_cast<void>(stats_of(handle));
    closed = true;
    return conveyor_close(handle);
  });
}

TEST(f6, scheduled_closes_of_one_handle_succeed_once) {
  configure_process();
  testkit::Prng seeds(stress_seed());
  for (std::uint64_t round = 0; round < rounds(); ++round) {
    const std::uint64_t seed = seeds.next_u64();
    testkit::Prng prng(seed);
    Target target(prng, "");
    const std::string bytes = pattern(500, seed);
    REQUIRE(write_at(target.handle, bytes, 0));
    std::atomic<int> closed{0};
    {
      const Scheduled scheduled(seed, 3);
      std::vector<std::unique_ptr<Background>> threads;
      for (int t = 0; t < 3; ++t) {
        threads.push_back(std::make_unique<Background>([&] {
          const int result = conveyor_close(target.handle);
          if (result == 0) ++closed;
          return finished(result == 0 || errno == EBADF ? 0 : -1);
        }));
      }
      for (const auto &thread : threads) CHECK_EQ(thread->result(), 0);
    }
    CHECK_EQ(closed.load(), 1);
    CHECK(target.bytes() == bytes);
  }
}

TEST(c1, threads_that_end_leave_their_operations_to_the_others) {
  configure_process();
  testkit::Prng seeds(stress_seed());
  for (std::uint64_t round = 0; round < rounds(); ++round) {
    const std::uint64_t seed = seeds.next_u64();
    testkit::Prng prng(seed);
    Target target(prng, std::string(4000, '.'));
    std::array<Completion, 6> completions;
    std::array<std::string, 6> buffers;
    std::array<ssize_t, 6> begun{};
    {
      const Scheduled scheduled(seed, 2);
      // They end with what they have begun still pending.
      std::vector<std::unique_ptr<Background>> threads;
      for (std::size_t t = 0; t < 2; ++t) {
        threads.push_back(std::make_unique<Background>([&, t] {
          for (std::size_t i = 3 * t; i < 3 * t + 3; ++i) {
            buffers[i] = std::string(300, static_cast<char>('a' + i));
            const auto offset = static_cast<off_t>(i * 300);
            begun[i] = conveyor_write_async(target.handle, buffers[i].data(), 300, offset, Completion::done,
                                            &completions[i]);
          }
          return finished(0);
        }));
      }
      for (const auto &thread : threads) CHECK_EQ(thread->result(), 0);
      threads.clear();
      CHECK_EQ(ERRNO_OF(conveyor_flush(target.handle)), 0);
    }
    std::string expected(4000, '.');
    for (std::size_t i = 0; i < 6; ++i) {
      CHECK_EQ(begun[i] == CONVEYOR_PENDING ? completions[i].result() : begun[i], 300);
      expected.replace(i * 300, 300, buffers[i]);
    }
    CHECK_EQ(ERRNO_OF(conveyor_close(target.handle)), 0);
    CHECK(target.bytes() == expected);
  }
}

TEST(w6, scheduled_handles_that_starve_each_other_all_go_on) {
  configure_process();
  constexpr std::size_t kHandles = 12;
  constexpr std::size_t kBlock = 64 * 1024;  // of sixteen in the budget
  testkit::Prng seeds(stress_seed());
  for (std::uint64_t round = 0; round < 1 + rounds() / 10; ++round) {
    const std::uint64_t seed = seeds.next_u64();
    std::vector<std::unique_ptr<ScriptedBackend>> backends;
    std::vector<std::unique_ptr<Handle>> handles;
    conveyor_options_t options = default_options();
    options.write_capacity_max = 1 << 20;
    options.read_capacity_max = 1 << 20;
    options.tick_ms = 5;
    for (std::size_t i = 0; i < kHandles; ++i) {
      backends.push_back(std::make_unique<ScriptedBackend>(pattern(4 * kBlock, i)));
      handles.push_back(std::make_unique<Handle>(*backends.back(), O_RDWR, options));
    }
    {
      const Scheduled scheduled(seed, kHandles);
      std::vector<std::unique_ptr<Background>> threads;
      for (std::size_t i = 0; i < kHandles; ++i) {
        threads.push_back(std::make_unique<Background>([&handle = *handles[i], i]() -> ssize_t {
          for (std::size_t at = 0; at < 4 * kBlock; at += kBlock) {
            if (read_next(handle, kBlock) != pattern(kBlock, i, at)) return finished(-1);
            if (!write_at(handle, pattern(kBlock, i + 100, at), static_cast<off_t>(at))) return finished(-2);
          }
          return finished(conveyor_flush(handle));
        }));
      }
      for (const auto &thread : threads) CHECK_EQ(thread->result(), 0);
    }
    for (std::size_t i = 0; i < kHandles; ++i) CHECK(backends[i]->bytes() == pattern(4 * kBlock, i + 100));
  }
}

TEST(c1, the_scheduler_meets_the_points_of_the_shell) {
  configure_process();
  testkit::Prng prng(stress_seed());
  {
    const Scheduled scheduled(1, 1);
    const Target target(prng, std::string(1000, '.'));
    CHECK_EQ(read_at(target.handle, 10, 0), "..........");
    CHECK(write_at(target.handle, "bytes", 0));
    CHECK_EQ(ERRNO_OF(conveyor_close(target.handle)), 0);
  }
  const std::set<std::string> met = Scheduler::instance().met();
  for (const char *name : {"table.adds", "table.removed", "cell.locked", "handle.unlocked", "handle.closed"}) {
    CHECK_MSG(met.contains(name), name);
  }
}

}  // namespace
}  // namespace conveyor::test

CONVEYOR_TEST_MAIN()

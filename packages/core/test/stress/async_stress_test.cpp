// The asynchronous API under load: operations that complete, are cancelled, run out of time or meet a close at any
// moment. Each ends exactly once, and its buffer is freed the moment it ends.

#include <memory>
#include <vector>

#include <conveyor/testkit/prng.hpp>

#include "../capi/fd_handle.hpp"
#include "../capi/releaser.hpp"
#include "../capi/scripted_async_backend.hpp"
#include "../capi/temporary_file.hpp"
#include "environment.hpp"

namespace conveyor::test {
namespace {

constexpr std::size_t kFileSize = 60'000;
constexpr std::size_t kPieceMax = 5000;

/// What all operations of one round share.
struct Tally {
  std::atomic<int> begun{0};
  std::atomic<int> ended{0};
  std::atomic<int> cancelled{0};
};

/// One operation that owns its buffer, and goes away when it ends. Reads check their bytes: the file never changes what
/// it says, because writes write what is there already.
class Operation {
 public:
  Operation(Tally &tally, testkit::Prng &prng)
      : tally_(tally),
        count_(1 + prng.below(kPieceMax)),
        offset_(static_cast<off_t>(prng.below(kFileSize - count_))),
        writes_(prng.chance(1, 2)),
        buffer_(std::make_unique<char[]>(count_)) {
    const std::string bytes = pattern(count_, 1, static_cast<std::uint64_t>(offset_));
    if (writes_) std::memcpy(buffer_.get(), bytes.data(), count_);
  }

  /// Starts it. True: it is pending, and ends by itself.
  bool start(conveyor_t *handle) {
    ++tally_.begun;
    errno = 0;
    const ssize_t result = writes_ ? conveyor_write_async(handle, buffer_.get(), count_, offset_, done, this)
                                   : conveyor_read_async(handle, buffer_.get(), count_, offset_, done, this);
    if (result == CONVEYOR_PENDING) return true;
    judge(result == -1 ? -errno : result);
    return false;
  }

 private:
  static void done(void *arg, ssize_t result) {
    const std::unique_ptr<Operation> self(static_cast<Operation *>(arg));
    self->judge(result);
  }

  void judge(ssize_t result) {
    if (result == static_cast<ssize_t>(count_)) {
      if (!writes_) {
        const std::string bytes = pattern(count_, 1, static_cast<std::uint64_t>(offset_));
        CHECK(std::memcmp(buffer_.get(), bytes.data(), count_) == 0);
      }
    } else {
      CHECK(result == -ECANCELED || result == -EBADF);
    }
    if (result == -ECANCELED) ++tally_.cancelled;
    ++tally_.ended;
  }

  Tally &tally_;
  const std::size_t count_;
  const off_t offset_;
  const bool writes_;
  std::unique_ptr<char[]> buffer_;
};

/// Starts operations and cancels some of them, until the handle is closed or `count` are through.
void operate(conveyor_t *handle, Tally &tally, testkit::Prng prng, int count) {
  std::vector<const void *> started;
  for (int i = 0; i < count; ++i) {
    auto operation = std::make_unique<Operation>(tally, prng);
    const void *argument = operation.get();
    if (operation->start(handle)) {
      static_cast<void>(operation.release());
      started.push_back(argument);
    }
    // The argument may be that of an operation that has ended, or even of a younger one at the same address.
    if (!started.empty() && prng.chance(1, 3)) conveyor_cancel(handle, started[prng.below(started.size())]);
    if (prng.chance(1, 10)) conveyor_flush(handle);
    if (prng.chance(1, 20)) conveyor_invalidate(handle);
  }
}

conveyor_options_t small_options(testkit::Prng &prng) {
  conveyor_options_t options = default_options();
  options.max_dirty_ms = 1;
  options.write_capacity_initial = 4096;
  options.write_capacity_max = std::size_t{8192} << prng.below(3);
  options.read_capacity_initial = 4096;
  options.read_capacity_max = std::size_t{8192} << prng.below(4);
  if (prng.chance(1, 4)) options.read_capacity_initial = 0, options.read_capacity_max = CONVEYOR_UNBUFFERED;
  return options;
}

TEST(c1, every_asynchronous_operation_ends_once) {
  configure_workers();
  testkit::Prng prng(stress_seed());
  for (std::uint64_t round = 0; round < 10 * stress_iterations(); ++round) {
    Tally tally;
    ScriptedBackend backend(pattern(kFileSize, 1));
    const conveyor_options_t options = small_options(prng);
    Handle handle(backend, O_RDWR, options);
    for (const Kind kind : {Kind::kWrite, Kind::kRead}) {
      backend.hold(kind, prng.chance(1, 2) ? Side::kBefore : Side::kAfter);
    }
    Releaser releaser(backend, prng.next_u64());
    {
      std::vector<std::unique_ptr<Background>> threads;
      for (int t = 0; t < 3; ++t) {
        threads.push_back(std::make_unique<Background>([&, own = prng.fork()]() -> ssize_t {
          operate(handle, tally, own, 60);
          return 0;
        }));
      }
      for (const auto &thread : threads) CHECK_EQ(thread->result(), 0);
    }
    CHECK(eventually([&] { return tally.begun == tally.ended; }));
    CHECK_EQ(ERRNO_OF(conveyor_flush(handle)), 0);
    CHECK(backend.bytes() == pattern(kFileSize, 1));
  }
}

TEST(c1, every_asynchronous_operation_on_a_file_ends_once) {
  configure_workers();
  testkit::Prng prng(stress_seed());
  for (std::uint64_t round = 0; round < 10 * stress_iterations(); ++round) {
    Tally tally;
    TemporaryFile file(pattern(kFileSize, 1), prng.chance(1, 2) ? TemporaryFile::in_memory() : "/var/tmp");
    FdHandle handle(file.fd(), O_RDWR, small_options(prng));
    {
      std::vector<std::unique_ptr<Background>> threads;
      for (int t = 0; t < 3; ++t) {
        threads.push_back(std::make_unique<Background>([&, own = prng.fork()]() -> ssize_t {
          operate(handle, tally, own, 300);
          return 0;
        }));
      }
      for (const auto &thread : threads) CHECK_EQ(thread->result(), 0);
    }
    CHECK(eventually([&] { return tally.begun == tally.ended; }));
    CHECK_EQ(ERRNO_OF(conveyor_flush(handle)), 0);
    CHECK(file.bytes() == pattern(kFileSize, 1));
  }
}

TEST(f6, close_ends_every_asynchronous_operation) {
  configure_workers();
  testkit::Prng prng(stress_seed());
  for (std::uint64_t round = 0; round < 20 * stress_iterations(); ++round) {
    Tally tally;
    ScriptedBackend backend(pattern(kFileSize, 1));
    const conveyor_options_t options = small_options(prng);
    Handle owner(backend, O_RDWR, options);
    conveyor_t *handle = owner;
    for (const Kind kind : {Kind::kWrite, Kind::kRead}) backend.hold(kind);
    Releaser releaser(backend, prng.next_u64());
    Background operator_thread([&, own = prng.fork()]() -> ssize_t {
      operate(handle, tally, own, 100);
      return 0;
    });
    const int enough = static_cast<int>(prng.below(60));
    REQUIRE(eventually([&] { return tally.begun >= enough; }));
    CHECK_EQ(owner.close(), 0);
    CHECK_EQ(operator_thread.result(), 0);
    CHECK(eventually([&] { return tally.begun == tally.ended; }));
    CHECK_EQ(backend.running(Kind::kRead) + backend.running(Kind::kWrite), 0U);
    CHECK(backend.bytes() == pattern(kFileSize, 1));
  }
}

TEST(c1, an_asynchronous_backend_that_completes_from_several_threads) {
  configure_workers();
  testkit::Prng prng(stress_seed());
  for (std::uint64_t round = 0; round < 10 * stress_iterations(); ++round) {
    Tally tally;
    ScriptedAsyncBackend backend(pattern(kFileSize, 1));
    const conveyor_options_t options = small_options(prng);
    AsyncHandle handle(backend, O_RDWR, options);
    std::atomic<bool> stop{false};
    const auto complete = [&] {
      while (!stop) {
        backend.complete_all();
        sched_yield();
      }
      return 0;
    };
    Background first(complete);
    Background second(complete);
    operate(handle, tally, prng.fork(), 100);
    CHECK(eventually([&] { return tally.begun == tally.ended; }));
    CHECK_EQ(ERRNO_OF(conveyor_close(handle.release())), 0);
    stop = true;
    CHECK_EQ(first.result() + second.result(), 0);
    CHECK(backend.bytes() == pattern(kFileSize, 1));
  }
}

}  // namespace
}  // namespace conveyor::test

CONVEYOR_TEST_MAIN()

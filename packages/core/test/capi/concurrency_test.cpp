// C1 to C3: threads, closed handles, fork. C2 is also searched by stress/linearizability_stress_test.cpp.

#include <memory>
#include <set>
#include <vector>

#include <sys/wait.h>

#include <conveyor/testkit/barrier.hpp>

#include "completion.hpp"
#include "fixture.hpp"

namespace conveyor::test {
namespace {

/// Every function over one handle; returns the first that does not fail with EBADF, or nullptr.
const char *first_that_is_not_ebadf(conveyor_t *handle) {
  char buffer[4] = {};
  iovec part = {buffer, 4};
  conveyor_stats_t stats{};
  stats.struct_size = sizeof stats;
  conveyor_error_t error{};
  error.struct_size = sizeof error;
  Completion ignored;
  const std::pair<const char *, std::function<ssize_t()>> functions[] = {
      {"read", [&] { return conveyor_read(handle, buffer, 4); }},
      {"write", [&] { return conveyor_write(handle, buffer, 4); }},
      {"pread", [&] { return conveyor_pread(handle, buffer, 4, 0); }},
      {"pwrite", [&] { return conveyor_pwrite(handle, buffer, 4, 0); }},
      {"readv", [&] { return conveyor_readv(handle, &part, 1); }},
      {"writev", [&] { return conveyor_writev(handle, &part, 1); }},
      {"preadv", [&] { return conveyor_preadv(handle, &part, 1, 0); }},
      {"pwritev", [&] { return conveyor_pwritev(handle, &part, 1, 0); }},
      {"lseek", [&] { return conveyor_lseek(handle, 0, SEEK_SET); }},
      {"size", [&] { return conveyor_size(handle); }},
      {"truncate", [&] { return conveyor_truncate(handle, 0); }},
      {"flush", [&] { return conveyor_flush(handle); }},
      {"sync", [&] { return conveyor_sync(handle, 0); }},
      {"prefetch", [&] { return conveyor_prefetch(handle, 0, 4); }},
      {"invalidate", [&] { return conveyor_invalidate(handle); }},
      {"get_stats", [&] { return conveyor_get_stats(handle, &stats); }},
      {"last_error", [&] { return conveyor_last_error(handle); }},
      {"error_info", [&] { return conveyor_error_info(handle, &error); }},
      {"clear_error", [&] { return conveyor_clear_error(handle); }},
      {"read_async", [&] { return conveyor_read_async(handle, buffer, 4, 0, Completion::done, &ignored); }},
      {"write_async", [&] { return conveyor_write_async(handle, buffer, 4, 0, Completion::done, &ignored); }},
      {"readv_async", [&] { return conveyor_readv_async(handle, &part, 1, 0, Completion::done, &ignored); }},
      {"writev_async", [&] { return conveyor_writev_async(handle, &part, 1, 0, Completion::done, &ignored); }},
      {"lseek_async", [&] { return conveyor_lseek_async(handle, 0, SEEK_SET, Completion::done, &ignored); }},
      {"size_async", [&] { return conveyor_size_async(handle, Completion::done, &ignored); }},
      {"truncate_async", [&] { return conveyor_truncate_async(handle, 0, Completion::done, &ignored); }},
      {"flush_async", [&] { return conveyor_flush_async(handle, Completion::done, &ignored); }},
      {"sync_async", [&] { return conveyor_sync_async(handle, 0, Completion::done, &ignored); }},
      {"close_async", [&] { return conveyor_close_async(handle, Completion::done, &ignored); }},
      {"cancel", [&] { return conveyor_cancel(handle, &ignored); }},
      {"complete", [&] { return conveyor_complete(handle, 1, 0); }},
      {"close", [&] { return conveyor_close(handle); }},
  };
  for (const auto &[name, function] : functions) {
    if (errno_of(function) != EBADF) return name;
  }
  return ignored.times() == 0 ? nullptr : "done was called";
}

TEST(c1, a_closed_handle_is_ebadf_everywhere) {
  ScriptedBackend backend("0123456789");
  Handle owner(backend);
  conveyor_t *handle = owner;
  REQUIRE_EQ(owner.close(), 0);
  const std::size_t calls = backend.calls().size();
  CHECK_EQ(first_that_is_not_ebadf(handle), static_cast<const char *>(nullptr));
  conveyor_destroy(handle);
  CHECK_EQ(backend.calls().size(), calls);
}

TEST(c1, a_null_handle_is_ebadf_everywhere) {
  CHECK_EQ(first_that_is_not_ebadf(nullptr), static_cast<const char *>(nullptr));
  conveyor_destroy(nullptr);
}

TEST(c1, a_closed_handle_never_means_a_newer_one) {
  std::set<conveyor_t *> closed;
  for (int i = 0; i < 200; ++i) {
    ScriptedBackend backend;
    Handle owner(backend);
    conveyor_t *handle = owner;
    CHECK(!closed.contains(handle));
    for (conveyor_t *old : closed) CHECK_EQ(ERRNO_OF(conveyor_write(old, "x", 1)), EBADF);
    REQUIRE(write_next(handle, "ours"));
    REQUIRE_EQ(owner.close(), 0);
    CHECK_EQ(backend.bytes(), "ours");
    closed.insert(handle);
  }
}

TEST(c1, two_closes_race_and_one_wins) {
  for (int round = 0; round < 50; ++round) {
    ScriptedBackend backend;
    Handle owner(backend);
    REQUIRE(write_next(owner, "abc"));
    conveyor_t *handle = owner.release();
    testkit::Barrier start(3);
    const auto close = [&] {
      start.arrive_and_wait();
      return conveyor_close(handle);
    };
    Background first(close);
    Background second(close);
    start.arrive_and_wait();
    const int errors[2] = {first.error(), second.error()};
    CHECK((errors[0] == 0 && errors[1] == EBADF) || (errors[0] == EBADF && errors[1] == 0));
    CHECK_EQ(backend.entered(Kind::kClose), 1U);
    CHECK_EQ(backend.bytes(), "abc");
  }
}

TEST(c1, operations_race_with_close_and_are_whole_or_refused) {
  for (int round = 0; round < 20; ++round) {
    ScriptedBackend backend(pattern(4096, 1));
    Handle owner(backend, O_RDWR, ring_options(4096));
    conveyor_t *handle = owner.release();
    testkit::Barrier start(4);
    std::atomic<std::size_t> accepted{0};
    Background writer([&] {
      start.arrive_and_wait();
      while (write_at(handle, pattern(16, 1, accepted * 16), static_cast<off_t>(accepted) * 16)) ++accepted;
      return -1;
    });
    Background reader([&] {
      start.arrive_and_wait();
      char buffer[64];
      while (conveyor_pread(handle, buffer, 64, 100) == 64) CHECK_EQ(std::string(buffer, 64), pattern(64, 1, 100));
      return -1;
    });
    Background seeker([&] {
      start.arrive_and_wait();
      while (conveyor_lseek(handle, 10, SEEK_SET) == 10 && conveyor_flush(handle) == 0) {
      }
      return -1;
    });
    start.arrive_and_wait();
    REQUIRE(eventually([&] { return accepted > static_cast<std::size_t>(round) * 10; }));
    CHECK_EQ(ERRNO_OF(conveyor_close(handle)), 0);
    CHECK_EQ(writer.error(), EBADF);
    CHECK_EQ(reader.error(), EBADF);
    CHECK_EQ(seeker.error(), EBADF);
    CHECK_EQ(backend.bytes().substr(0, accepted * 16), pattern(accepted * 16, 1));
  }
}

TEST(c1, no_lock_is_held_across_a_backend_call) {
  ScriptedBackend backend(pattern(100'000, 1));
  Completion flush;
  Completion truncated;
  Handle handle(backend);
  for (const Kind kind : {Kind::kWrite, Kind::kRead, Kind::kSync}) backend.hold(kind);
  REQUIRE(write_at(handle, "abc", 0));
  REQUIRE_EQ(conveyor_flush_async(handle, Completion::done, &flush), CONVEYOR_PENDING);
  REQUIRE_EQ(ERRNO_OF(conveyor_prefetch(handle, 50'000, 1000)), 0);
  REQUIRE(backend.wait_held(Kind::kWrite, 1));
  REQUIRE(backend.wait_held(Kind::kRead, 1));
  // Everything that needs no backend answers.
  Background others([&] {
    if (conveyor_lseek(handle, 10, SEEK_SET) != 10 || !write_next(handle, "x")) return -1;
    stats_of(handle);
    return conveyor_last_error(handle);
  });
  CHECK_EQ(others.result(), 0);
  backend.open_gates();
  CHECK_EQ(flush.result(), 0);
}

TEST(c1, a_done_callback_may_call_back) {
  ScriptedBackend backend(pattern(10'000, 1));
  Completion second;
  Completion first;
  std::string buffer(100, '\0');
  Handle handle(backend);
  backend.hold(Kind::kRead);
  first.then = [&](ssize_t) {
    CHECK_EQ(conveyor_write_async(handle, "z", 1, 0, Completion::done, &second), 1);
    CHECK_EQ(conveyor_flush_async(handle, Completion::done, &second), CONVEYOR_PENDING);
    CHECK_EQ(stats_of(handle).sticky_error, 0);
  };
  REQUIRE_EQ(conveyor_read_async(handle, buffer.data(), 100, 0, Completion::done, &first), CONVEYOR_PENDING);
  backend.open(Kind::kRead);
  CHECK_EQ(first.result(), 100);
  CHECK_EQ(second.result(), 0);
  CHECK_EQ(buffer, pattern(100, 1));
  CHECK_EQ(backend.bytes().substr(0, 1), "z");
}

TEST(c2, a_write_that_returned_is_seen_by_every_later_read) {
  constexpr int kRounds = 2000;
  ScriptedBackend backend(std::string(8, '\0'));
  conveyor_options_t options = default_options();
  options.max_dirty_ms = 1;
  Handle handle(backend, O_RDWR, options);
  std::atomic<std::uint64_t> written{0};
  Background writer([&] {
    for (std::uint64_t i = 1; i <= kRounds; ++i) {
      if (conveyor_pwrite(handle, &i, 8, 0) != 8) return -1;
      written.store(i);
      if (i % 64 == 0 && conveyor_flush(handle) != 0) return -1;
    }
    return 0;
  });
  std::uint64_t last = 0;
  while (last < kRounds && !(writer.has_returned() && writer.result() != 0)) {
    const std::uint64_t before = written.load();
    std::uint64_t value = 0;
    REQUIRE_EQ(conveyor_pread(handle, &value, 8, 0), 8);
    CHECK_GE(value, before);
    CHECK_GE(value, last);  // and never goes back
    last = value;
  }
  CHECK_EQ(writer.result(), 0);
}

/// Runs `body` in a forked child and returns its exit code.
int in_child(const std::function<int()> &body) {
  std::fflush(nullptr);
  const pid_t child = fork();
  if (child == 0) {
    alarm(testkit::kSanitized ? 100 : 20);
    _exit(body());
  }
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child) return -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

TEST(c3, inherited_handles_are_ebadf_in_the_child) {
  ScriptedBackend backend("0123456789");
  Handle handle(backend);
  REQUIRE(write_at(handle, "abc", 0));
  const int code = in_child([&] {
    if (first_that_is_not_ebadf(handle) != nullptr) return 1;
    conveyor_drain_t left{};
    left.struct_size = sizeof left;
    if (conveyor_drain(-1, &left) != 0 || left.handles != 0) return 2;
    conveyor_destroy(handle);
    return backend.calls().empty() ? 0 : 3;
  });
  CHECK_EQ(code, 0);
  CHECK_EQ(read_at(handle, 10, 0), "abc3456789");  // the parent does not notice
  REQUIRE_EQ(ERRNO_OF(conveyor_flush(handle)), 0);
  CHECK_EQ(backend.bytes(), "abc3456789");
  CHECK_EQ(backend.entered(Kind::kWrite), 1U);
}

TEST(c3, a_fork_in_the_middle_of_traffic_harms_neither) {
  ScriptedBackend backend(pattern(65'536, 1));
  conveyor_options_t options = ring_options(4096);
  options.max_dirty_ms = 1;
  Handle handle(backend, O_RDWR, options);
  std::atomic<bool> stop{false};
  std::atomic<std::size_t> passes{0};
  Background writer([&] {
    for (std::size_t i = 0; !stop; i = (i + 1) % 64, ++passes) {
      if (!write_at(handle, pattern(1024, 2, i * 1024), static_cast<off_t>(i) * 1024)) return -1;
    }
    return 0;
  });
  for (std::size_t i = 0; i < 20; ++i) {
    REQUIRE(eventually([&] { return passes > i; }));
    CHECK_EQ(in_child([&] { return first_that_is_not_ebadf(handle) == nullptr ? 0 : 1; }), 0);
  }
  REQUIRE(eventually([&] { return passes > 64; }));
  stop = true;
  CHECK_EQ(writer.result(), 0);
  REQUIRE_EQ(ERRNO_OF(conveyor_flush(handle)), 0);
  CHECK_EQ(backend.bytes(), pattern(65'536, 2));
}

TEST(c3, a_child_may_open_handles_of_its_own) {
  if (testkit::kSanitized) SKIP("sanitizers refuse threads in the child of a threaded process");
  ScriptedBackend inherited;
  Handle handle(inherited);
  REQUIRE(write_at(handle, "abc", 0));
  REQUIRE_EQ(ERRNO_OF(conveyor_flush(handle)), 0);  // the pool runs
  char path[] = "/tmp/conveyor-fork-XXXXXX";
  const int fd = mkstemp(path);
  REQUIRE(fd >= 0);
  const int code = in_child([&] {
    conveyor_t *own = nullptr;
    const conveyor_options_t options = default_options();
    if (conveyor_open_fd(&own, fd, O_RDWR, &options) != 0) return 1;
    if (!write_at(own, pattern(300'000, 1), 0)) return 2;
    return conveyor_close(own) == 0 ? 0 : 3;
  });
  CHECK_EQ(code, 0);
  std::string bytes(300'000, '\0');
  CHECK_EQ(pread(fd, bytes.data(), bytes.size(), 0), 300'000);
  CHECK(bytes == pattern(300'000, 1));
  close(fd);
  unlink(path);
}

}  // namespace
}  // namespace conveyor::test

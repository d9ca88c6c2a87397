// F5, F6, F9: close, close against waiting operations, deadlines, drain.

#include <memory>
#include <vector>

#include "completion.hpp"
#include "fixture.hpp"

namespace conveyor::test {
namespace {

TEST(f5, close_flushes_reports_and_closes_the_backend_last) {
  ScriptedBackend backend;
  Handle handle(backend);
  backend.hold(Kind::kWrite);
  const std::string expected = pattern(10'000, 1);
  REQUIRE(write_at(handle, expected, 0));
  Background close([&] { return handle.close() == 0 ? 0 : -1; });
  REQUIRE(backend.wait_held(Kind::kWrite, 1));
  CHECK(close.is_blocked());
  CHECK_EQ(backend.entered(Kind::kClose), 0U);
  backend.open(Kind::kWrite);
  CHECK_EQ(close.result(), 0);
  CHECK_EQ(backend.bytes(), expected);
  const std::vector<Call> calls = backend.calls();
  CHECK_EQ(backend.entered(Kind::kClose), 1U);
  for (const Call &call : calls) {
    if (call.kind != Kind::kClose) CHECK_LT(call.finished, calls.back().entered);
  }
  CHECK(calls.back().kind == Kind::kClose);
}

TEST(f5, close_returns_the_error_of_bytes_that_did_not_land) {
  ScriptedBackend backend;
  Handle handle(backend);
  backend.fail(Kind::kWrite, ENOSPC);
  REQUIRE(write_at(handle, "abc", 0));
  CHECK_EQ(handle.close(), ENOSPC);
  CHECK_EQ(backend.entered(Kind::kClose), 1U);
}

TEST(f5, close_returns_a_sticky_error_once_more) {
  ScriptedBackend backend;
  Handle handle(backend);
  backend.fail(Kind::kWrite, EDQUOT);
  REQUIRE(write_at(handle, "abc", 0));
  CHECK_EQ(ERRNO_OF(conveyor_flush(handle)), EDQUOT);
  CHECK_EQ(handle.close(), EDQUOT);
}

TEST(f5, close_returns_the_backend_close_error) {
  ScriptedBackend backend;
  Handle handle(backend);
  backend.fail(Kind::kClose, EIO);
  REQUIRE(write_at(handle, "abc", 0));
  CHECK_EQ(handle.close(), EIO);
  CHECK_EQ(backend.bytes(), "abc");
  CHECK_EQ(backend.entered(Kind::kClose), 1U);
}

TEST(f5, a_backend_is_closed_once_whatever_it_says) {
  ScriptedBackend backend;
  Handle handle(backend);
  backend.fail(Kind::kClose, EINTR, 1);
  CHECK_EQ(handle.close(), EINTR);
  CHECK_EQ(backend.entered(Kind::kClose), 1U);
}

TEST(f5, close_without_a_backend_close_works) {
  ScriptedBackend backend;
  Handle handle(backend, O_RDWR, patient_options(), kLacksClose);
  REQUIRE(write_at(handle, "abc", 0));
  CHECK_EQ(handle.close(), 0);
  CHECK_EQ(backend.bytes(), "abc");
}

TEST(f5, destroy_lands_everything_too) {
  ScriptedBackend backend;
  Handle handle(backend);
  REQUIRE(write_at(handle, "abc", 0));
  conveyor_destroy(handle.release());
  CHECK_EQ(backend.bytes(), "abc");
  CHECK_EQ(backend.entered(Kind::kClose), 1U);
  conveyor_destroy(nullptr);
}

TEST(f5, destroy_returns_only_when_the_backend_is_free) {
  ScriptedBackend backend;
  conveyor_options_t options = patient_options();
  options.flush_timeout_ms = 1;
  Handle handle(backend, O_RDWR, options);
  backend.hold(Kind::kWrite);
  REQUIRE(write_at(handle, "abc", 0));
  REQUIRE_EQ(ERRNO_OF(conveyor_flush(handle)), ETIMEDOUT);
  conveyor_t *raw = handle.release();
  Background destroy([raw]() -> ssize_t {
    conveyor_destroy(raw);
    return 0;
  });
  REQUIRE(eventually([raw] { return ERRNO_OF(conveyor_lseek(raw, 0, SEEK_CUR)) == EBADF; }));  // it has begun
  CHECK(!destroy.has_returned());
  backend.open(Kind::kWrite);
  CHECK_EQ(destroy.result(), 0);
  CHECK_EQ(backend.bytes(), "abc");
  CHECK_EQ(backend.finished(Kind::kClose), 1U);
}

TEST(f5, a_close_that_times_out_leaves_the_handle_open) {
  ScriptedBackend backend("0123456789");
  conveyor_options_t options = patient_options();
  options.flush_timeout_ms = 20;
  Handle handle(backend, O_RDWR, options);
  backend.hold(Kind::kWrite);
  REQUIRE(write_at(handle, "abc", 0));
  CHECK_EQ(ERRNO_OF(conveyor_close(handle)), ETIMEDOUT);
  CHECK_EQ(backend.entered(Kind::kClose), 0U);
  CHECK_EQ(read_at(handle, 10, 0), "abc3456789");
  REQUIRE(write_at(handle, "d", 3));
  backend.open(Kind::kWrite);
  CHECK_EQ(ERRNO_OF(repeated([&] { return conveyor_flush(handle); })), 0);
  CHECK_EQ(handle.close(), 0);
  CHECK_EQ(backend.bytes(), "abcd456789");
  CHECK_EQ(backend.entered(Kind::kClose), 1U);
}

TEST(f5, close_of_an_idle_reader_waits_for_its_read_ahead) {
  ScriptedBackend backend(pattern(1'000'000, 1));
  Handle handle(backend, O_RDONLY);
  backend.hold(Kind::kRead);
  REQUIRE_EQ(ERRNO_OF(conveyor_prefetch(handle, 0, 200'000)), 0);
  REQUIRE(backend.wait_held(Kind::kRead, 1));
  Background close([&] { return handle.close() == 0 ? 0 : -1; });
  CHECK(close.is_blocked());  // the backend still writes into our memory
  backend.open(Kind::kRead);
  CHECK_EQ(close.result(), 0);
  CHECK_EQ(backend.entered(Kind::kClose), 1U);
}

struct CloseAgainstReader {
  const char *name;
  std::size_t read_capacity_max;
  std::size_t count;
};

/// A reader waits for the backend; close wakes it while the backend still holds the call, and the reader frees its
/// buffer at once. Under ASan a late store into that buffer is found.
void close_against_reader(const CloseAgainstReader &setup) {
  ScriptedBackend backend(pattern(400'000, 1));
  conveyor_options_t options = patient_options();
  options.read_capacity_max = setup.read_capacity_max;
  Handle handle(backend, O_RDWR, options);
  backend.hold(Kind::kRead);
  std::vector<std::unique_ptr<Background>> readers;
  for (off_t i = 0; i < 2; ++i) {
    readers.push_back(std::make_unique<Background>([&, i] {
      auto buffer = std::make_unique<char[]>(setup.count);
      const ssize_t got = conveyor_pread(handle, buffer.get(), setup.count, i * 200'000);
      const int error = errno;
      buffer.reset();
      errno = error;
      return got;
    }));
  }
  REQUIRE(backend.wait_held(Kind::kRead, 2));
  for (const auto &reader : readers) CHECK(reader->is_blocked());
  Background close([&] { return handle.close() == 0 ? 0 : -1; });
  for (const auto &reader : readers) CHECK_MSG(reader->error() == EBADF, setup.name);  // with the gate still closed
  CHECK(close.is_blocked());
  CHECK_EQ(backend.entered(Kind::kClose), 0U);
  backend.open(Kind::kRead);
  CHECK_EQ(close.result(), 0);
  CHECK_EQ(backend.entered(Kind::kClose), 1U);
}

TEST(f6, close_wakes_waiting_readers) { close_against_reader({"small reads", 0, 4096}); }
TEST(f6, close_wakes_readers_of_more_than_the_window) { close_against_reader({"large reads", 65'536, 150'000}); }
TEST(f6, close_wakes_unbuffered_readers) { close_against_reader({"unbuffered", CONVEYOR_UNBUFFERED, 4096}); }

TEST(f6, close_wakes_writers_that_wait_for_room) {
  ScriptedBackend backend;
  Handle handle(backend, O_RDWR, ring_options(4096));
  backend.hold(Kind::kWrite);
  REQUIRE(write_at(handle, pattern(4096, 1), 0));
  Background writer([&] { return write_at(handle, pattern(100, 2), 5000) ? 0 : -1; });
  Background cursor_writer([&] { return write_next(handle, pattern(100, 3)) ? 0 : -1; });
  REQUIRE(backend.wait_held(Kind::kWrite, 1));
  CHECK(writer.is_blocked());
  CHECK(cursor_writer.is_blocked());
  Background close([&] { return handle.close() == 0 ? 0 : -1; });
  CHECK_EQ(writer.error(), EBADF);
  CHECK_EQ(cursor_writer.error(), EBADF);
  CHECK(close.is_blocked());
  backend.open(Kind::kWrite);
  CHECK_EQ(close.result(), 0);
  CHECK_EQ(backend.bytes(), pattern(4096, 1));  // what was accepted, and nothing of what was refused
}

TEST(f6, close_does_not_wait_for_reads_that_are_tried_again) {
  ScriptedBackend backend(pattern(100'000, 1));
  conveyor_options_t options = patient_options();
  options.retry_deadline_ms = kNeverMs;
  Handle handle(backend, O_RDWR, options);
  backend.fail(Kind::kRead, EAGAIN);
  Background reader([&] {
    char buffer[64];
    return conveyor_pread(handle, buffer, sizeof buffer, 50'000);
  });
  REQUIRE(backend.wait_finished(Kind::kRead, 2));
  REQUIRE_EQ(ERRNO_OF(conveyor_prefetch(handle, 0, 1000)), 0);
  REQUIRE(backend.wait_finished(Kind::kRead, 4));
  Background close([&] { return handle.close() == 0 ? 0 : -1; });
  CHECK_EQ(reader.error(), EBADF);
  CHECK_EQ(close.result(), 0);  // the backend still fails
  CHECK_EQ(backend.finished(Kind::kClose), 1U);
}

TEST(f6, close_refuses_new_operations_while_it_waits) {
  ScriptedBackend backend("0123456789");
  Handle owner(backend);
  conveyor_t *handle = owner;
  backend.hold(Kind::kWrite);
  REQUIRE(write_at(handle, "abc", 0));
  Background close([&] { return owner.close() == 0 ? 0 : -1; });
  REQUIRE(backend.wait_held(Kind::kWrite, 1));
  CHECK(close.is_blocked());
  char buffer[4];
  CHECK_EQ(ERRNO_OF(conveyor_pwrite(handle, "z", 1, 0)), EBADF);
  CHECK_EQ(ERRNO_OF(conveyor_pread(handle, buffer, 4, 0)), EBADF);
  CHECK_EQ(ERRNO_OF(conveyor_lseek(handle, 0, SEEK_SET)), EBADF);
  CHECK_EQ(ERRNO_OF(conveyor_flush(handle)), EBADF);
  CHECK_EQ(ERRNO_OF(conveyor_close(handle)), EBADF);
  backend.open(Kind::kWrite);
  CHECK_EQ(close.result(), 0);
  CHECK_EQ(backend.bytes(), "abc3456789");
}

TEST(f6, a_flush_that_waits_ends_when_the_handle_closes) {
  ScriptedBackend backend;
  Handle handle(backend);
  backend.hold(Kind::kWrite);
  REQUIRE(write_at(handle, "abc", 0));
  Background flush([&] { return conveyor_flush(handle); });
  REQUIRE(backend.wait_held(Kind::kWrite, 1));
  CHECK(flush.is_blocked());
  Background close([&] { return handle.close() == 0 ? 0 : -1; });
  CHECK(close.is_blocked());
  backend.open(Kind::kWrite);
  CHECK_EQ(close.result(), 0);
  CHECK(flush.returns());
  CHECK(flush.result() == 0 || flush.error() == EBADF);
  CHECK_EQ(backend.bytes(), "abc");
}

TEST(f9, a_read_past_its_deadline_changes_nothing_and_can_be_repeated) {
  for (const std::size_t capacity : {std::size_t{0}, CONVEYOR_UNBUFFERED}) {
    ScriptedBackend backend(pattern(10'000, 1));
    conveyor_options_t options = patient_options();
    options.read_timeout_ms = 20;
    options.read_capacity_max = capacity;
    Handle handle(backend, O_RDONLY, options);
    backend.hold(Kind::kRead);
    auto buffer = std::make_unique<char[]>(4096);
    CHECK_EQ(ERRNO_OF(conveyor_read(handle, buffer.get(), 4096)), ETIMEDOUT);
    buffer.reset();  // nobody may store there any more
    CHECK_EQ(conveyor_lseek(handle, 0, SEEK_CUR), 0);
    backend.open(Kind::kRead);
    std::string again(4096, '\0');
    CHECK_EQ(repeated([&] { return conveyor_read(handle, again.data(), again.size()); }), 4096);
    CHECK_EQ(again, pattern(4096, 1));
    CHECK_EQ(conveyor_lseek(handle, 0, SEEK_CUR), 4096);
    CHECK_EQ(conveyor_last_error(handle), 0);
  }
}

TEST(f9, a_deadline_passes_while_a_read_is_tried_again) {
  ScriptedBackend backend(pattern(1000, 1));
  conveyor_options_t options = patient_options();
  options.retry_deadline_ms = kNeverMs;
  options.read_timeout_ms = 20;
  Handle handle(backend, O_RDONLY, options);
  backend.fail(Kind::kRead, EINTR);
  char buffer[64];
  CHECK_EQ(ERRNO_OF(conveyor_read(handle, buffer, sizeof buffer)), ETIMEDOUT);
  backend.clear_faults();
  std::string again(100, '\0');
  CHECK_EQ(repeated([&] { return conveyor_read(handle, again.data(), again.size()); }), 100);
  CHECK_EQ(again, pattern(100, 1));
}

TEST(f9, asynchronous_operations_have_the_same_deadlines) {
  ScriptedBackend backend(pattern(10'000, 1));
  Completion read;
  Completion write;
  Completion flush;
  conveyor_options_t options = ring_options(4096);
  options.read_timeout_ms = 20;
  options.write_timeout_ms = 20;
  options.flush_timeout_ms = 20;
  Handle handle(backend, O_RDWR, options);
  backend.hold(Kind::kRead);
  backend.hold(Kind::kWrite);
  auto buffer = std::make_unique<char[]>(4096);
  const std::string full = pattern(4096, 2);
  REQUIRE_EQ(conveyor_read_async(handle, buffer.get(), 4096, 0, Completion::done, &read), CONVEYOR_PENDING);
  REQUIRE(write_at(handle, full, 20'000));
  REQUIRE_EQ(conveyor_write_async(handle, full.data(), 100, 30'000, Completion::done, &write), CONVEYOR_PENDING);
  REQUIRE_EQ(conveyor_flush_async(handle, Completion::done, &flush), CONVEYOR_PENDING);
  CHECK_EQ(read.result(), -ETIMEDOUT);
  buffer.reset();
  CHECK_EQ(write.result(), -ETIMEDOUT);
  CHECK_EQ(flush.result(), -ETIMEDOUT);
  backend.open_gates();
  CHECK_EQ(ERRNO_OF(repeated([&] { return conveyor_flush(handle); })), 0);
  CHECK_EQ(backend.bytes().size(), 24'096U);
  CHECK_EQ(read.times() + write.times() + flush.times(), 3);
}

TEST(f9, a_flush_past_its_deadline_can_be_repeated) {
  ScriptedBackend backend;
  conveyor_options_t options = patient_options();
  options.flush_timeout_ms = 20;
  Handle handle(backend, O_RDWR, options);
  backend.hold(Kind::kWrite);
  REQUIRE(write_at(handle, "abc", 0));
  CHECK_EQ(ERRNO_OF(conveyor_flush(handle)), ETIMEDOUT);
  CHECK_EQ(ERRNO_OF(conveyor_flush(handle)), ETIMEDOUT);
  CHECK_EQ(ERRNO_OF(conveyor_sync(handle, 0)), ETIMEDOUT);
  CHECK_EQ(conveyor_last_error(handle), 0);
  CHECK_EQ(backend.entered(Kind::kWrite), 1U);
  REQUIRE(write_at(handle, "d", 3));
  backend.open(Kind::kWrite);
  CHECK_EQ(ERRNO_OF(repeated([&] { return conveyor_flush(handle); })), 0);
  CHECK_EQ(backend.bytes(), "abcd");
}

TEST(f9, a_sync_past_its_deadline_can_be_repeated) {
  ScriptedBackend backend;
  conveyor_options_t options = patient_options();
  options.flush_timeout_ms = 20;
  Handle handle(backend, O_RDWR, options);
  backend.hold(Kind::kSync);
  REQUIRE(write_at(handle, "abc", 0));
  CHECK_EQ(ERRNO_OF(conveyor_sync(handle, 0)), ETIMEDOUT);
  backend.open(Kind::kSync);
  CHECK_EQ(ERRNO_OF(repeated([&] { return conveyor_sync(handle, 0); })), 0);
  CHECK_EQ(backend.durable(), "abc");
}

TEST(f9, a_truncate_that_could_not_start_in_time_changes_nothing) {
  ScriptedBackend backend;
  conveyor_options_t options = patient_options();
  options.flush_timeout_ms = 20;
  Handle handle(backend, O_RDWR, options);
  backend.hold(Kind::kWrite);
  REQUIRE(write_at(handle, pattern(100, 1), 0));
  Completion flush;
  REQUIRE_EQ(conveyor_flush_async(handle, Completion::done, &flush), CONVEYOR_PENDING);
  REQUIRE(backend.wait_held(Kind::kWrite, 1));
  const int truncated = ERRNO_OF(conveyor_truncate(handle, 10));
  if (truncated != 0) {  // it may also be accepted like a write; then it happens
    CHECK_EQ(truncated, ETIMEDOUT);
    CHECK_EQ(conveyor_size(handle), 100);
  }
  backend.open(Kind::kWrite);
  flush.result();
  CHECK_EQ(ERRNO_OF(repeated([&] { return conveyor_truncate(handle, 20); })), 0);
  REQUIRE_EQ(ERRNO_OF(repeated([&] { return conveyor_flush(handle); })), 0);
  const std::string kept = truncated == 0 ? pattern(10, 1) + std::string(10, '\0') : pattern(20, 1);
  CHECK_EQ(backend.bytes(), kept);
}

TEST(f9, drain_says_what_is_left) {
  ScriptedBackend first;
  ScriptedBackend second;
  ScriptedBackend idle("abc");
  Handle one(first);
  Handle two(second);
  Handle three(idle);
  conveyor_drain_t left{};
  left.struct_size = sizeof left;
  CHECK_EQ(ERRNO_OF(conveyor_drain(-1, &left)), 0);
  CHECK_EQ(left.handles, 0U);
  first.hold(Kind::kWrite);
  second.hold(Kind::kWrite);
  REQUIRE(write_at(one, pattern(100, 1), 0));
  REQUIRE(write_at(two, pattern(50, 1), 0));
  REQUIRE(write_at(two, pattern(50, 2), 1000));
  CHECK_EQ(ERRNO_OF(conveyor_drain(20, &left)), ETIMEDOUT);
  CHECK_EQ(left.handles, 2U);
  CHECK_EQ(left.bytes, 200U);
  CHECK_GE(left.oldest_ms, 10U);  // ages are taken from a clock that ticks every few milliseconds
  CHECK_LE(left.oldest_ms, 600'000U);
  CHECK_EQ(ERRNO_OF(conveyor_drain(0, nullptr)), ETIMEDOUT);
  first.open(Kind::kWrite);
  second.open(Kind::kWrite);
  CHECK_EQ(ERRNO_OF(conveyor_drain(-1, &left)), 0);
  CHECK_EQ(left.handles, 0U);
  CHECK_EQ(left.bytes, 0U);
  CHECK_EQ(left.oldest_ms, 0U);
  CHECK_EQ(first.bytes(), pattern(100, 1));
  CHECK_EQ(second.bytes().size(), 1050U);
}

TEST(f9, drain_reports_bytes_that_cannot_land) {
  ScriptedBackend bad;
  ScriptedBackend good;
  Handle failing(bad);
  Handle working(good);
  bad.fail(Kind::kWrite, ENOSPC);
  REQUIRE(write_at(failing, "abc", 0));
  REQUIRE(write_at(working, "defg", 0));
  conveyor_drain_t left{};
  left.struct_size = sizeof left;
  CHECK_EQ(ERRNO_OF(conveyor_drain(-1, &left)), EIO);
  CHECK_EQ(left.handles, 1U);
  CHECK_EQ(left.bytes, 3U);
  CHECK_EQ(good.bytes(), "defg");
  bad.clear_faults();
  REQUIRE_EQ(ERRNO_OF(conveyor_clear_error(failing)), 0);
  CHECK_EQ(ERRNO_OF(conveyor_drain(-1, &left)), 0);
  CHECK_EQ(bad.bytes(), "abc");
}

TEST(f9, waiting_operations_can_be_cancelled) {
  ScriptedBackend backend(pattern(10'000, 1));
  Completion read;
  Completion write;
  Completion flush;
  Handle handle(backend, O_RDWR, ring_options(4096));
  backend.hold(Kind::kRead);
  backend.hold(Kind::kWrite);
  auto buffer = std::make_unique<char[]>(4096);
  REQUIRE_EQ(conveyor_read_async(handle, buffer.get(), 4096, 0, Completion::done, &read), CONVEYOR_PENDING);
  REQUIRE(write_at(handle, pattern(4096, 2), 20'000));
  const std::string more = pattern(100, 3);
  REQUIRE_EQ(conveyor_write_async(handle, more.data(), 100, 30'000, Completion::done, &write), CONVEYOR_PENDING);
  REQUIRE_EQ(conveyor_flush_async(handle, Completion::done, &flush), CONVEYOR_PENDING);
  REQUIRE(backend.wait_held(Kind::kRead, 1));
  CHECK_EQ(conveyor_cancel(handle, &backend), 0);  // nobody's argument
  CHECK_EQ(conveyor_cancel(handle, &read), 1);
  CHECK_EQ(read.result(), -ECANCELED);
  buffer.reset();  // ours again
  CHECK_EQ(conveyor_cancel(handle, &write), 1);
  CHECK_EQ(write.result(), -ECANCELED);
  CHECK_EQ(conveyor_cancel(handle, &flush), 1);
  CHECK_EQ(flush.result(), -ECANCELED);
  CHECK_EQ(conveyor_cancel(handle, &read), 0);
  backend.open_gates();
  REQUIRE_EQ(ERRNO_OF(conveyor_flush(handle)), 0);
  CHECK_EQ(backend.bytes().size(), 24'096U);  // the cancelled write was never accepted
  CHECK_EQ(read_at(handle, 100, 0), pattern(100, 1));
  CHECK_EQ(read.times() + write.times() + flush.times(), 3);
}

}  // namespace
}  // namespace conveyor::test

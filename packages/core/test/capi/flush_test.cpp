// F1 to F4, F8, F10: flush, sync, errors.

#include <memory>
#include <vector>

#include "completion.hpp"
#include "fixture.hpp"

namespace conveyor::test {
namespace {

TEST(f1, flush_waits_for_the_last_extent_in_flight) {
  for (const Side side : {Side::kBefore, Side::kAfter}) {
    ScriptedBackend backend;
    Completion flush;
    Handle handle(backend);
    backend.hold(Kind::kWrite, side);
    REQUIRE(write_at(handle, pattern(100, 1), 0));
    Background first([&] { return conveyor_flush(handle); });
    REQUIRE(backend.wait_held(Kind::kWrite, 1, side));  // in flight: the queue is empty, the ring is not
    CHECK_EQ(conveyor_flush_async(handle, Completion::done, &flush), CONVEYOR_PENDING);
    CHECK(first.is_blocked());
    CHECK(!flush.is_done());
    backend.open(Kind::kWrite, side);
    CHECK_EQ(flush.result(), 0);
    CHECK_EQ(first.result(), 0);
    const std::uint64_t landed_at = backend.calls(Kind::kWrite).at(0).finished;
    CHECK_GT(first.returned_at(), landed_at);
    CHECK_GT(flush.done_at(), landed_at);
    CHECK_EQ(backend.bytes(), pattern(100, 1));
  }
}

TEST(f1, flush_waits_for_every_extent) {
  ScriptedBackend backend;
  Completion flush;
  conveyor_options_t options = patient_options();
  options.write_depth = 2;
  Handle handle(backend, O_RDWR, options);
  backend.hold(Kind::kWrite, Side::kAfter);
  for (off_t i = 0; i < 10; ++i) REQUIRE(write_at(handle, pattern(100, 1), i * 100'000));
  REQUIRE_EQ(conveyor_flush_async(handle, Completion::done, &flush), CONVEYOR_PENDING);
  for (std::size_t i = 0; i < 10; ++i) {
    REQUIRE(backend.wait_held(Kind::kWrite, 1, Side::kAfter));
    CHECK(!flush.is_done());
    REQUIRE(backend.release_one(Kind::kWrite, 0, Side::kAfter));
  }
  CHECK_EQ(flush.result(), 0);
  CHECK_EQ(backend.finished(Kind::kWrite), 10U);
}

TEST(f1, flush_of_nothing_returns_at_once) {
  ScriptedBackend backend("abc");
  Handle handle(backend);
  Completion flush;
  CHECK_EQ(conveyor_flush_async(handle, Completion::done, &flush), 0);
  CHECK_EQ(ERRNO_OF(conveyor_flush(handle)), 0);
  CHECK_EQ(read_at(handle, 3, 0), "abc");
  CHECK_EQ(ERRNO_OF(conveyor_flush(handle)), 0);
  CHECK_EQ(backend.entered(Kind::kWrite) + backend.entered(Kind::kSync), 0U);
  CHECK_EQ(flush.times(), 0);
}

TEST(f1, a_writer_that_never_stops_does_not_starve_flush) {
  ScriptedBackend backend;
  Handle handle(backend, O_RDWR, ring_options(16 * 1024));
  std::atomic<bool> stop{false};
  Background writer([&] {
    for (std::size_t i = 0; !stop; i = (i + 1) % 64) {
      if (!write_at(handle, pattern(1000, i), static_cast<off_t>(i) * 1000)) return -1;
    }
    return 0;
  });
  for (int i = 0; i < 20; ++i) CHECK_EQ(ERRNO_OF(conveyor_flush(handle)), 0);
  stop = true;
  CHECK_EQ(writer.result(), 0);
}

TEST(f2, sync_flushes_first_and_then_syncs) {
  ScriptedBackend backend;
  Handle handle(backend);
  const std::string expected = pattern(5000, 1);
  REQUIRE(write_at(handle, expected, 0));
  REQUIRE_EQ(ERRNO_OF(conveyor_sync(handle, 0)), 0);
  CHECK_EQ(backend.durable(), expected);
  REQUIRE(write_at(handle, "x", 0));
  REQUIRE_EQ(ERRNO_OF(conveyor_sync(handle, 1)), 0);
  const std::vector<Call> syncs = backend.calls(Kind::kSync);
  REQUIRE_EQ(syncs.size(), 2U);
  CHECK_EQ(syncs[0].data_only, 0);
  CHECK_EQ(syncs[1].data_only, 1);
  CHECK_EQ(backend.durable().substr(0, 1), "x");
}

TEST(f2, a_sync_that_already_runs_does_not_count_for_later_bytes) {
  ScriptedBackend backend;
  Completion first;
  Completion second;
  Handle handle(backend);
  backend.hold(Kind::kSync, Side::kAfter);
  REQUIRE(write_at(handle, "first", 0));
  REQUIRE_EQ(conveyor_sync_async(handle, 0, Completion::done, &first), CONVEYOR_PENDING);
  REQUIRE(backend.wait_held(Kind::kSync, 1, Side::kAfter));
  REQUIRE(write_at(handle, "second", 5));
  REQUIRE_EQ(conveyor_sync_async(handle, 0, Completion::done, &second), CONVEYOR_PENDING);
  CHECK(!first.is_done());
  REQUIRE(backend.release_one(Kind::kSync, 0, Side::kAfter));
  CHECK_EQ(first.result(), 0);
  REQUIRE(backend.wait_held(Kind::kSync, 1, Side::kAfter));  // another one, for the later bytes
  CHECK(!second.is_done());
  CHECK_EQ(backend.durable(), "firstsecond");
  backend.open(Kind::kSync, Side::kAfter);
  CHECK_EQ(second.result(), 0);
}

TEST(f2, sync_without_a_backend_sync_is_a_flush) {
  ScriptedBackend backend;
  Handle handle(backend, O_RDWR, patient_options(), kLacksSync);
  REQUIRE(write_at(handle, "abc", 0));
  CHECK_EQ(ERRNO_OF(conveyor_sync(handle, 0)), 0);
  CHECK_EQ(backend.bytes(), "abc");
}

TEST(f2, a_failed_sync_is_reported_and_not_forgotten) {
  ScriptedBackend backend;
  Handle handle(backend);
  REQUIRE(write_at(handle, "abc", 0));
  backend.lose_on_failed_sync();
  backend.fail(Kind::kSync, EIO, 1);
  CHECK_EQ(ERRNO_OF(conveyor_sync(handle, 0)), EIO);
  CHECK_EQ(ERRNO_OF(conveyor_sync(handle, 0)), EIO);  // the backend would say 0 now, and the bytes are gone
  CHECK_EQ(conveyor_last_error(handle), EIO);
  CHECK_EQ(error_of(handle).operation, CONVEYOR_IO_SYNC);
}

TEST(f2, keep_until_sync_brings_back_what_a_failed_sync_lost) {
  ScriptedBackend backend("old old old");
  conveyor_options_t options = patient_options();
  options.keep_until_sync = 1;
  Handle handle(backend, O_RDWR, options);
  REQUIRE(write_at(handle, "new", 4));
  REQUIRE_EQ(ERRNO_OF(conveyor_flush(handle)), 0);
  CHECK_EQ(backend.bytes(), "old new old");
  REQUIRE(write_at(handle, "end", 11));
  backend.lose_on_failed_sync();
  backend.fail(Kind::kSync, EIO, 1);
  CHECK_EQ(ERRNO_OF(conveyor_sync(handle, 0)), EIO);
  CHECK_EQ(backend.bytes(), "old old old");
  CHECK_EQ(read_at(handle, 100, 0), "old new oldend");  // still ours, whatever the backend says
  conveyor_clear_error(handle);
  REQUIRE_EQ(ERRNO_OF(conveyor_sync(handle, 0)), 0);
  CHECK_EQ(backend.durable(), "old new oldend");
}

TEST(f2, keep_until_sync_with_a_small_ring_does_not_hang) {
  ScriptedBackend backend;
  conveyor_options_t options = ring_options(16 * 1024);
  options.keep_until_sync = 1;
  Handle handle(backend, O_RDWR, options);
  const std::string expected = pattern(100 * 1024, 1);
  for (std::size_t at = 0; at < expected.size(); at += 4096) {
    REQUIRE(write_at(handle, expected.substr(at, 4096), static_cast<off_t>(at)));
  }
  REQUIRE_EQ(ERRNO_OF(conveyor_sync(handle, 0)), 0);
  CHECK_EQ(backend.durable(), expected);
}

TEST(f3, transient_write_errors_are_retried_and_counted) {
  for (const int error : {EINTR, EAGAIN}) {
    ScriptedBackend backend;
    Handle handle(backend);
    backend.fail(Kind::kWrite, error, 3);
    REQUIRE(write_at(handle, "abc", 0));
    CHECK_EQ(ERRNO_OF(conveyor_flush(handle)), 0);
    CHECK_EQ(backend.bytes(), "abc");
    CHECK_EQ(stats_of(handle).retries, 3U);
    CHECK_EQ(conveyor_last_error(handle), 0);
    CHECK_EQ(backend.entered(Kind::kWrite), 4U);
  }
}

TEST(f3, every_kind_of_operation_is_retried) {
  ScriptedBackend backend("0123456789");
  Handle handle(backend);
  for (const Kind kind : {Kind::kRead, Kind::kSize, Kind::kTruncate, Kind::kSync}) backend.fail(kind, EINTR, 2);
  CHECK_EQ(read_at(handle, 4, 2), "2345");
  CHECK_EQ(conveyor_lseek(handle, 0, SEEK_END), 10);
  CHECK_EQ(ERRNO_OF(conveyor_truncate(handle, 5)), 0);
  CHECK_EQ(ERRNO_OF(conveyor_sync(handle, 0)), 0);
  CHECK_EQ(backend.durable(), "01234");
  CHECK_GE(stats_of(handle).retries, 8U);
}

TEST(f3, a_backend_may_declare_more_errors_transient) {
  ScriptedBackend backend;
  backend.declare_retryable({ECONNRESET});
  Handle handle(backend);
  backend.fail(Kind::kWrite, ECONNRESET, 2);
  REQUIRE(write_at(handle, "abc", 0));
  CHECK_EQ(ERRNO_OF(conveyor_flush(handle)), 0);
  CHECK_EQ(backend.bytes(), "abc");
  backend.fail(Kind::kWrite, ENOSPC, 1);
  REQUIRE(write_at(handle, "d", 3));
  CHECK_EQ(ERRNO_OF(conveyor_flush(handle)), ENOSPC);  // not declared: permanent at once
  CHECK_EQ(stats_of(handle).retries, 2U);
}

TEST(f3, retries_end_at_the_deadline_and_back_off) {
  ScriptedBackend backend("0123456789");
  conveyor_options_t options = patient_options();
  options.retry_deadline_ms = 50;
  Handle handle(backend, O_RDWR, options);
  backend.fail(Kind::kWrite, EAGAIN);
  backend.fail(Kind::kRead, EINTR);
  REQUIRE(write_at(handle, "abc", 0));
  CHECK_EQ(ERRNO_OF(conveyor_flush(handle)), EAGAIN);
  CHECK_EQ(conveyor_last_error(handle), EAGAIN);
  char buffer[4];
  CHECK_EQ(ERRNO_OF(conveyor_pread(handle, buffer, 4, 5)), EINTR);
  CHECK_GE(backend.entered(Kind::kWrite), 2U);
  CHECK_LE(backend.entered(Kind::kWrite), 50U);  // exponential, not a storm
  CHECK_LE(backend.entered(Kind::kRead), 50U);
  CHECK_GE(error_of(handle).retries, 1U);
  backend.clear_faults();
  REQUIRE_EQ(ERRNO_OF(conveyor_clear_error(handle)), 0);
  CHECK_EQ(ERRNO_OF(conveyor_flush(handle)), 0);
  CHECK_EQ(backend.bytes(), "abc3456789");
}

TEST(f3, accepted_bytes_are_read_while_their_write_is_retried) {
  ScriptedBackend backend("0123456789");
  Handle handle(backend);
  backend.fail(Kind::kWrite, EINTR, 6);
  REQUIRE(write_at(handle, "abc", 0));
  Background flush([&] { return conveyor_flush(handle); });
  REQUIRE(backend.wait_finished(Kind::kWrite, 1));
  CHECK_EQ(read_at(handle, 10, 0), "abc3456789");
  REQUIRE(write_at(handle, "B", 1));
  CHECK_EQ(flush.result(), 0);
  CHECK_EQ(ERRNO_OF(conveyor_flush(handle)), 0);
  CHECK_EQ(backend.bytes(), "aBc3456789");
}

TEST(f4, a_permanent_error_is_sticky_and_keeps_the_data) {
  ScriptedBackend backend("0123456789");
  Handle handle(backend);
  backend.fail(Kind::kWrite, ENOSPC);
  REQUIRE(write_at(handle, "abc", 2));
  CHECK_EQ(ERRNO_OF(conveyor_flush(handle)), ENOSPC);
  CHECK_EQ(conveyor_last_error(handle), ENOSPC);
  CHECK_EQ(stats_of(handle).sticky_error, ENOSPC);
  for (int i = 0; i < 2; ++i) {
    CHECK_EQ(ERRNO_OF(conveyor_pwrite(handle, "zz", 2, 0)), ENOSPC);
    CHECK_EQ(ERRNO_OF(conveyor_write(handle, "zz", 2)), ENOSPC);
    CHECK_EQ(ERRNO_OF(conveyor_flush(handle)), ENOSPC);
    CHECK_EQ(ERRNO_OF(conveyor_sync(handle, 0)), ENOSPC);
  }
  CHECK_EQ(conveyor_lseek(handle, 0, SEEK_CUR), 0);
  CHECK_EQ(read_at(handle, 100, 0), "01abc56789");  // reading goes on, the kept bytes included
  CHECK_EQ(stats_of(handle).dirty_bytes, 3U);
  backend.clear_faults();
  CHECK_EQ(ERRNO_OF(conveyor_flush(handle)), ENOSPC);  // sticky until cleared
  REQUIRE_EQ(ERRNO_OF(conveyor_clear_error(handle)), 0);
  CHECK_EQ(conveyor_last_error(handle), 0);
  CHECK_EQ(ERRNO_OF(conveyor_flush(handle)), 0);
  CHECK_EQ(backend.bytes(), "01abc56789");
}

TEST(f4, the_first_error_is_kept) {
  ScriptedBackend backend;
  conveyor_options_t options = patient_options();
  options.write_depth = 2;
  Handle handle(backend, O_RDWR, options);
  backend.hold(Kind::kWrite);
  backend.fail_range(Kind::kWrite, ENOSPC, 0, 100);
  backend.fail_range(Kind::kWrite, EDQUOT, 1'000'000, 1'000'100);
  REQUIRE(write_at(handle, pattern(100, 1), 0));
  REQUIRE(write_at(handle, pattern(100, 2), 1'000'000));
  Background flush([&] { return conveyor_flush(handle); });
  REQUIRE(backend.wait_held(Kind::kWrite, 2));
  const std::size_t pick = backend.calls(Kind::kWrite).at(0).offset == 0 ? 0 : 1;
  REQUIRE(backend.release_one(Kind::kWrite, pick));
  REQUIRE(eventually([&] { return stats_of(handle).sticky_error != 0; }));
  backend.open(Kind::kWrite);
  CHECK_EQ(flush.error(), ENOSPC);
  // The engine has heard of the second failure too: after clear_error it would be a first one.
  REQUIRE(eventually([&] { return stats_of(handle).backend_writes == 2; }));
  CHECK_EQ(conveyor_last_error(handle), ENOSPC);
  const conveyor_error_t error = error_of(handle);
  CHECK_EQ(error.error, ENOSPC);
  CHECK_EQ(error.offset, 0);
  CHECK_EQ(error.length, 100U);
  backend.clear_faults();
  REQUIRE_EQ(ERRNO_OF(conveyor_clear_error(handle)), 0);
  CHECK_EQ(ERRNO_OF(conveyor_flush(handle)), 0);
  CHECK_EQ(backend.bytes().substr(0, 100), pattern(100, 1));
  CHECK_EQ(backend.bytes().substr(1'000'000), pattern(100, 2));
}

TEST(f4, nothing_is_dropped_and_the_order_stays) {
  ScriptedBackend backend;
  Handle handle(backend);
  backend.hold(Kind::kWrite);
  backend.fail_range(Kind::kWrite, EIO, 0, 100);
  REQUIRE(write_at(handle, pattern(100, 1), 0));
  Background flush([&] { return conveyor_flush(handle); });
  REQUIRE(backend.wait_held(Kind::kWrite, 1));
  // Accepted before anybody knows of the failure: over the failing bytes, beside them, far away.
  REQUIRE(write_at(handle, pattern(100, 2), 50));
  REQUIRE(write_at(handle, pattern(100, 3), 5000));
  REQUIRE(write_at(handle, pattern(30, 4), 10));
  std::string expected(5100, '\0');
  expected.replace(0, 100, pattern(100, 1)).replace(50, 100, pattern(100, 2)).replace(5000, 100, pattern(100, 3));
  expected.replace(10, 30, pattern(30, 4));
  backend.open(Kind::kWrite);
  CHECK_EQ(flush.error(), EIO);
  CHECK_EQ(read_at(handle, 10'000, 0), expected);
  backend.clear_faults();
  REQUIRE_EQ(ERRNO_OF(conveyor_clear_error(handle)), 0);
  REQUIRE_EQ(ERRNO_OF(conveyor_flush(handle)), 0);
  CHECK_EQ(backend.bytes(), expected);
  CHECK_EQ(backend.overlaps_in_flight(), 0U);
}

TEST(f4, a_torn_failure_is_repaired_after_clear_error) {
  ScriptedBackend backend;
  Handle handle(backend);
  backend.add_fault({.kind = Kind::kWrite, .answer = [](const Call &) { return -EIO; }, .times = 1, .torn = 37});
  REQUIRE(write_at(handle, pattern(100, 1), 0));
  CHECK_EQ(ERRNO_OF(conveyor_flush(handle)), EIO);
  REQUIRE_EQ(ERRNO_OF(conveyor_clear_error(handle)), 0);
  REQUIRE_EQ(ERRNO_OF(conveyor_flush(handle)), 0);
  CHECK_EQ(backend.bytes(), pattern(100, 1));
}

TEST(f4, clear_error_over_a_backend_that_still_fails_does_not_make_flush_succeed) {
  ScriptedBackend backend;
  Handle handle(backend);
  backend.fail(Kind::kWrite, EIO);
  REQUIRE(write_at(handle, "abc", 0));
  for (int i = 0; i < 3; ++i) {
    CHECK_EQ(ERRNO_OF(conveyor_flush(handle)), EIO);
    CHECK_EQ(ERRNO_OF(conveyor_clear_error(handle)), 0);
  }
  CHECK_EQ(ERRNO_OF(conveyor_flush(handle)), EIO);
  CHECK_EQ(read_at(handle, 10, 0), "abc");
  CHECK_LE(backend.entered(Kind::kWrite), 8U);
}

TEST(f4, writers_waiting_for_room_are_told) {
  ScriptedBackend backend;
  Handle handle(backend, O_RDWR, ring_options(4096));
  backend.hold(Kind::kWrite);
  backend.fail(Kind::kWrite, ENOSPC);
  REQUIRE(write_at(handle, pattern(4096, 1), 0));
  Background writer([&] { return write_at(handle, pattern(100, 2), 4096) ? 0 : -1; });
  REQUIRE(backend.wait_held(Kind::kWrite, 1));
  CHECK(writer.is_blocked());
  backend.open(Kind::kWrite);
  CHECK_EQ(writer.error(), ENOSPC);
  CHECK_EQ(conveyor_size(handle), 4096);
}

TEST(f4, a_failing_backend_is_not_hammered) {
  ScriptedBackend backend;
  conveyor_options_t options = default_options();
  options.max_dirty_ms = 1;
  Handle handle(backend, O_RDWR, options);
  backend.fail(Kind::kWrite, EIO);
  REQUIRE(write_at(handle, "abc", 0));
  REQUIRE(eventually([&] { return stats_of(handle).sticky_error == EIO; }));
  for (int i = 0; i < 100; ++i) CHECK_EQ(ERRNO_OF(conveyor_flush(handle)), EIO);
  CHECK_EQ(backend.entered(Kind::kWrite), 1U);
}

TEST(f8, an_error_nobody_asked_about_stays_in_the_stats) {
  ScriptedBackend backend;
  conveyor_options_t options = default_options();
  options.max_dirty_ms = 1;
  Handle handle(backend, O_RDWR, options);
  backend.fail(Kind::kWrite, EDQUOT);
  REQUIRE(write_at(handle, pattern(100, 1), 300));
  REQUIRE(eventually([&] { return stats_of(handle).sticky_error == EDQUOT; }));
  CHECK_EQ(stats_of(handle).unreported_errors, 1U);
  CHECK_EQ(stats_of(handle).unreported_errors, 1U);  // looking at the statistics is not being told
  CHECK_EQ(ERRNO_OF(conveyor_flush(handle)), EDQUOT);
  CHECK_EQ(stats_of(handle).unreported_errors, 0U);
}

TEST(f8, an_error_names_its_bytes) {
  ScriptedBackend backend;
  Handle handle(backend);
  CHECK_EQ(error_of(handle).error, 0);
  backend.fail(Kind::kWrite, EFBIG);
  REQUIRE(write_at(handle, pattern(100, 1), 12'345));
  CHECK_EQ(ERRNO_OF(conveyor_flush(handle)), EFBIG);
  const conveyor_error_t error = error_of(handle);
  CHECK_EQ(error.error, EFBIG);
  CHECK_EQ(error.operation, CONVEYOR_IO_WRITE);
  CHECK_EQ(error.offset, 12'345);
  CHECK_EQ(error.length, 100U);
  CHECK_EQ(error.retries, 0U);
  backend.clear_faults();
  REQUIRE_EQ(ERRNO_OF(conveyor_clear_error(handle)), 0);
  CHECK_EQ(error_of(handle).error, 0);
}

TEST(f8, a_failed_sync_has_no_range) {
  ScriptedBackend backend;
  Handle handle(backend);
  backend.fail(Kind::kSync, EIO);
  REQUIRE(write_at(handle, "abc", 0));
  CHECK_EQ(ERRNO_OF(conveyor_sync(handle, 0)), EIO);
  const conveyor_error_t error = error_of(handle);
  CHECK_EQ(error.operation, CONVEYOR_IO_SYNC);
  CHECK_EQ(error.offset, -1);
}

TEST(f10, durability_memory_promises_acceptance_only) {
  ScriptedBackend backend;
  conveyor_options_t options = patient_options();
  options.durability = CONVEYOR_MEMORY;
  Handle handle(backend, O_RDWR, options);
  backend.hold(Kind::kWrite);
  backend.hold(Kind::kSync);
  REQUIRE(write_at(handle, "abc", 0));
  Background sync([&] { return conveyor_sync(handle, 0); });
  CHECK_EQ(sync.result(), 0);
  backend.open_gates();
  CHECK_EQ(ERRNO_OF(conveyor_flush(handle)), 0);  // flush means the backend, whatever the level of sync
  CHECK_EQ(backend.bytes(), "abc");
}

TEST(f10, durability_stored_is_the_default) {
  ScriptedBackend backend;
  Completion sync;
  Handle handle(backend);
  backend.hold(Kind::kSync);
  REQUIRE(write_at(handle, "abc", 0));
  REQUIRE_EQ(conveyor_sync_async(handle, 0, Completion::done, &sync), CONVEYOR_PENDING);
  REQUIRE(backend.wait_held(Kind::kSync, 1));
  CHECK(!sync.is_done());
  backend.open(Kind::kSync);
  CHECK_EQ(sync.result(), 0);
  CHECK_EQ(backend.durable(), "abc");
}

TEST(f10, durability_staged_needs_a_journal) {
  ScriptedBackend backend;
  const conveyor_backend_t table = backend.table();
  conveyor_options_t options = patient_options();
  options.durability = CONVEYOR_STAGED;
  conveyor_t *handle = nullptr;
  CHECK_EQ(ERRNO_OF(conveyor_create(&handle, &table, O_RDWR, &options)), ENOTSUP);
  options.durability = 3;
  CHECK_EQ(ERRNO_OF(conveyor_create(&handle, &table, O_RDWR, &options)), EINVAL);
  CHECK(handle == nullptr);
}

}  // namespace
}  // namespace conveyor::test

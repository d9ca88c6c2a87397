// W9: append mode.

#include <memory>
#include <vector>

#include "completion.hpp"
#include "fixture.hpp"

namespace conveyor::test {
namespace {

constexpr int kAppendFlags = O_RDWR | O_APPEND;

TEST(w9, write_ignores_the_cursor) {
  ScriptedBackend backend("base");
  Handle handle(backend, kAppendFlags);
  REQUIRE_EQ(conveyor_lseek(handle, 0, SEEK_SET), 0);
  REQUIRE(write_next(handle, "one"));
  REQUIRE_EQ(conveyor_lseek(handle, 1, SEEK_SET), 1);
  REQUIRE(write_next(handle, "two"));
  REQUIRE_EQ(ERRNO_OF(conveyor_flush(handle)), 0);
  CHECK_EQ(backend.bytes(), "baseonetwo");
}

TEST(w9, pwrite_appends_as_on_linux) {
  ScriptedBackend backend("base");
  Handle handle(backend, kAppendFlags);
  REQUIRE(write_at(handle, "one", 0));
  iovec part = {const_cast<char *>("two"), 3};
  REQUIRE_EQ(conveyor_pwritev(handle, &part, 1, 2), 3);
  REQUIRE_EQ(ERRNO_OF(conveyor_flush(handle)), 0);
  CHECK_EQ(backend.bytes(), "baseonetwo");
  CHECK_EQ(ERRNO_OF(conveyor_pwrite(handle, "x", 1, -1)), EINVAL);
}

TEST(p3, a_positional_append_leaves_the_cursor_behind_the_last_write_through_it) {
  ScriptedBackend backend("base");
  Handle handle(backend, kAppendFlags);
  REQUIRE(write_next(handle, "one"));
  REQUIRE(write_at(handle, "two", 0));
  CHECK_EQ(conveyor_lseek(handle, 0, SEEK_CUR), 7);
  CHECK_EQ(read_next(handle, 100), "two");
  REQUIRE(write_next(handle, "three"));
  REQUIRE(write_at(handle, "4", 0));
  REQUIRE_EQ(ERRNO_OF(conveyor_flush(handle)), 0);
  CHECK_EQ(read_next(handle, 100), "4");
  CHECK_EQ(conveyor_lseek(handle, 0, SEEK_CUR), 16);
}

TEST(w9, an_append_that_was_accepted_in_part_leaves_the_cursor_behind_that_part) {
  ScriptedBackend backend("base");
  conveyor_options_t options = ring_options(64);
  options.nonblocking = 1;
  options.large_write = CONVEYOR_LARGE_WRITE_SPLIT;
  Handle handle(backend, kAppendFlags, options);
  backend.hold(Kind::kAppend);
  REQUIRE_EQ(conveyor_write(handle, pattern(100).data(), 100), 64);
  backend.open(Kind::kAppend);
  REQUIRE_EQ(ERRNO_OF(conveyor_flush(handle)), 0);
  CHECK_EQ(conveyor_lseek(handle, 0, SEEK_CUR), 68);
}

TEST(w9, an_append_works_wherever_the_cursor_stood) {
  ScriptedBackend backend("base");
  Handle handle(backend, kAppendFlags);
  REQUIRE_EQ(conveyor_lseek(handle, INT64_MAX, SEEK_SET), INT64_MAX);
  REQUIRE(write_next(handle, "tail"));
  CHECK_EQ(read_next(handle, 10), "");
  CHECK_EQ(conveyor_lseek(handle, 0, SEEK_CUR), 8);
}

TEST(p3, a_read_behind_an_append_is_at_the_end_and_not_where_somebody_else_reads) {
  ScriptedBackend backend(pattern(1000));
  Handle handle(backend, kAppendFlags);
  REQUIRE(write_next(handle, "12345678"));
  REQUIRE_EQ(ERRNO_OF(conveyor_flush(handle)), 0);
  REQUIRE_EQ(read_at(handle, 8, 0), pattern(8));  // the next bytes are in a window now
  CHECK_EQ(read_next(handle, 8), "");
  CHECK_EQ(conveyor_lseek(handle, 0, SEEK_CUR), 1008);
}

TEST(p4, truncate_leaves_the_cursor_where_an_append_has_left_it) {
  for (const unsigned lacks : {kLacksNothing, kLacksAppend}) {
    ScriptedBackend backend("base");
    Handle handle(backend, kAppendFlags, patient_options(), lacks);
    REQUIRE(write_next(handle, "tail"));
    REQUIRE(write_at(handle, "more", 0));
    REQUIRE_EQ(ERRNO_OF(conveyor_truncate(handle, 2)), 0);
    CHECK_EQ(conveyor_lseek(handle, 0, SEEK_CUR), 8);
    CHECK_EQ(conveyor_size(handle), 2);
  }
}

TEST(p4, a_truncate_that_cannot_learn_where_the_cursor_is_changes_nothing) {
  ScriptedBackend backend("base");
  Handle handle(backend, kAppendFlags);
  REQUIRE(write_next(handle, "tail"));
  REQUIRE_EQ(ERRNO_OF(conveyor_flush(handle)), 0);
  backend.fail(Kind::kSize, ENXIO);
  CHECK_EQ(ERRNO_OF(conveyor_truncate(handle, 2)), ENXIO);
  backend.clear_faults();
  CHECK_EQ(backend.bytes(), "basetail");
  CHECK_EQ(conveyor_lseek(handle, 0, SEEK_CUR), 8);
  CHECK_EQ(ERRNO_OF(conveyor_truncate(handle, 2)), 0);
  CHECK_EQ(conveyor_lseek(handle, 0, SEEK_CUR), 8);
}

TEST(w9, what_was_appended_is_read_before_it_landed) {
  ScriptedBackend backend("base");
  Handle handle(backend, kAppendFlags);
  backend.hold(Kind::kAppend);
  REQUIRE(write_next(handle, "queued"));
  CHECK_EQ(read_at(handle, 100, 0), "basequeued");
  CHECK_EQ(conveyor_size(handle), 10);
  REQUIRE(write_next(handle, "more"));
  CHECK_EQ(read_at(handle, 100, 2), "sequeuedmore");
  CHECK_EQ(backend.entered(Kind::kAppend), 0U);
  backend.open(Kind::kAppend);
  REQUIRE_EQ(ERRNO_OF(conveyor_flush(handle)), 0);
  CHECK_EQ(backend.bytes(), "basequeuedmore");
  CHECK_EQ(read_at(handle, 100, 0), "basequeuedmore");
}

TEST(w9, what_is_appended_in_flight_is_read) {
  ScriptedBackend backend("base");
  Handle handle(backend, kAppendFlags);
  backend.hold(Kind::kAppend);
  REQUIRE(write_next(handle, "flying"));
  Background flush([&] { return conveyor_flush(handle); });
  REQUIRE(backend.wait_held(Kind::kAppend, 1));
  REQUIRE(write_next(handle, "more"));
  // These may wait until the append has its place in the file, or answer before.
  Background size([&] { return conveyor_size(handle); });
  Background read([&] { return read_at(handle, 100, 2) == "seflyingmore" ? 1 : 0; });
  size.is_blocked();
  read.is_blocked();
  backend.open(Kind::kAppend);
  CHECK_EQ(flush.result(), 0);
  CHECK_EQ(size.result(), 14);
  CHECK_EQ(read.result(), 1);
}

TEST(w9, an_append_that_landed_unconfirmed_is_counted_once) {
  ScriptedBackend backend("base");
  Handle handle(backend, kAppendFlags);
  backend.hold(Kind::kAppend, Side::kAfter);
  REQUIRE(write_next(handle, "tail"));
  Background flush([&] { return conveyor_flush(handle); });
  REQUIRE(backend.wait_held(Kind::kAppend, 1, Side::kAfter));  // the backend's size is 8 already
  Background size([&] { return conveyor_size(handle); });
  Background read([&] { return read_at(handle, 100, 0) == "basetail" ? 1 : 0; });
  size.is_blocked();  // may wait for the append, may answer at once
  read.is_blocked();
  backend.open(Kind::kAppend, Side::kAfter);
  CHECK_EQ(size.result(), 8);
  CHECK_EQ(read.result(), 1);
  CHECK_EQ(flush.result(), 0);
}

TEST(w9, the_end_is_asked_for_when_the_data_lands) {
  ScriptedBackend backend("base");
  Handle handle(backend, kAppendFlags);
  REQUIRE(write_next(handle, "ours"));
  backend.append_outside("theirs");
  REQUIRE_EQ(ERRNO_OF(conveyor_flush(handle)), 0);
  CHECK_EQ(backend.bytes(), "basetheirsours");
  CHECK_EQ(backend.entered(Kind::kWrite), 0U);
  CHECK_EQ(read_at(handle, 100, 0), "basetheirsours");
}

TEST(w9, without_a_backend_append_the_size_is_asked_when_the_data_lands) {
  ScriptedBackend backend("base");
  Handle handle(backend, kAppendFlags, patient_options(), kLacksAppend);
  REQUIRE(write_next(handle, "ours"));
  backend.append_outside("theirs");
  REQUIRE_EQ(ERRNO_OF(conveyor_flush(handle)), 0);
  CHECK_EQ(backend.bytes(), "basetheirsours");
  CHECK_EQ(read_at(handle, 100, 0), "basetheirsours");
  backend.append_outside("again");
  REQUIRE(write_next(handle, "ours2"));
  REQUIRE_EQ(ERRNO_OF(conveyor_flush(handle)), 0);
  CHECK_EQ(backend.bytes(), "basetheirsoursagainours2");
}

/// Appends numbered records from several threads, lands them with short appends, and checks that each thread's records
/// are whole and in order.
void append_in_order(unsigned lacks, Kind kind) {
  constexpr std::size_t kThreads = 3;
  constexpr std::size_t kRecords = 60;
  ScriptedBackend backend;
  conveyor_options_t options = ring_options(4096);
  options.max_io = 4096;
  Handle handle(backend, kAppendFlags, options, lacks);
  backend.limit(kind, [](std::size_t count) { return 1 + count / 2; });
  std::vector<std::unique_ptr<Background>> writers;
  for (std::size_t t = 0; t < kThreads; ++t) {
    writers.push_back(std::make_unique<Background>([&handle, t]() -> ssize_t {
      for (std::size_t i = 0; i < kRecords; ++i) {
        std::string record = "thread " + std::to_string(t) + " record " + std::to_string(i) + " ";
        record.resize(31, '.');
        if (!write_next(handle, record + "\n")) return -1;
      }
      return 0;
    }));
  }
  for (const auto &writer : writers) REQUIRE_EQ(writer->result(), 0);
  REQUIRE_EQ(ERRNO_OF(conveyor_flush(handle)), 0);
  CHECK_EQ(backend.running_max(kind), 1U);
  const std::string bytes = backend.bytes();
  REQUIRE_EQ(bytes.size(), kThreads * kRecords * 32);
  std::vector<std::size_t> next(kThreads, 0);
  for (std::size_t at = 0; at < bytes.size(); at += 32) {
    unsigned thread = 99;
    std::size_t record = 0;
    REQUIRE_EQ(std::sscanf(bytes.c_str() + at, "thread %u record %zu ", &thread, &record), 2);
    CHECK_EQ(bytes[at + 31], '\n');
    REQUIRE(thread < kThreads);
    CHECK_EQ(record, next[thread]++);
  }
}

TEST(w9, appends_land_one_at_a_time_and_in_order) { append_in_order(kLacksNothing, Kind::kAppend); }

TEST(w9, appends_without_backend_append_land_in_order) { append_in_order(kLacksAppend, Kind::kWrite); }

TEST(w9, a_failed_append_lands_once_after_clear_error) {
  ScriptedBackend backend("base");
  Handle handle(backend, kAppendFlags);
  backend.fail(Kind::kAppend, ENOSPC);
  REQUIRE(write_next(handle, "kept"));
  CHECK_EQ(ERRNO_OF(conveyor_flush(handle)), ENOSPC);
  CHECK_EQ(error_of(handle).operation, CONVEYOR_IO_APPEND);
  CHECK_EQ(read_at(handle, 100, 0), "basekept");
  backend.clear_faults();
  REQUIRE_EQ(ERRNO_OF(conveyor_clear_error(handle)), 0);
  REQUIRE_EQ(ERRNO_OF(conveyor_flush(handle)), 0);
  CHECK_EQ(backend.bytes(), "basekept");
}

TEST(w9, small_appends_coalesce) {
  ScriptedBackend backend;
  Handle handle(backend, O_WRONLY | O_APPEND);
  for (int i = 0; i < 1000; ++i) REQUIRE(write_next(handle, pattern(64, 1, static_cast<std::uint64_t>(i) * 64)));
  REQUIRE_EQ(ERRNO_OF(conveyor_flush(handle)), 0);
  CHECK_EQ(backend.bytes(), pattern(64'000, 1));
  CHECK_LE(backend.entered(Kind::kAppend), 4U);
}

TEST(w9, truncate_is_ordered_with_appends) {
  ScriptedBackend backend("base");
  Handle handle(backend, kAppendFlags);
  REQUIRE(write_next(handle, "before"));
  REQUIRE_EQ(ERRNO_OF(conveyor_truncate(handle, 2)), 0);
  REQUIRE(write_next(handle, "after"));
  CHECK_EQ(read_at(handle, 100, 0), "baafter");
  REQUIRE_EQ(ERRNO_OF(conveyor_flush(handle)), 0);
  CHECK_EQ(backend.bytes(), "baafter");
}

}  // namespace
}  // namespace conveyor::test

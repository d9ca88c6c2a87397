// P1 to P5: modes, the cursor, the size.

#include <memory>
#include <vector>

#include "completion.hpp"
#include "fixture.hpp"

namespace conveyor::test {
namespace {

TEST(p1, read_only_has_no_write_ring) {
  ScriptedBackend backend("0123456789");
  Handle handle(backend, O_RDONLY);
  iovec part = {const_cast<char *>("xy"), 2};
  CHECK_EQ(ERRNO_OF(conveyor_write(handle, "xy", 2)), EBADF);
  CHECK_EQ(ERRNO_OF(conveyor_write(handle, "xy", 0)), EBADF);
  CHECK_EQ(ERRNO_OF(conveyor_pwrite(handle, "xy", 2, 0)), EBADF);
  CHECK_EQ(ERRNO_OF(conveyor_writev(handle, &part, 1)), EBADF);
  CHECK_EQ(ERRNO_OF(conveyor_pwritev(handle, &part, 1, 0)), EBADF);
  const int truncated = ERRNO_OF(conveyor_truncate(handle, 0));
  CHECK(truncated == EBADF || truncated == EINVAL);  // ftruncate(2) allows both
  CHECK_EQ(read_next(handle, 100), "0123456789");
  CHECK_EQ(stats_of(handle).write_capacity, 0U);
  CHECK_EQ(ERRNO_OF(conveyor_flush(handle)), 0);
  CHECK_EQ(backend.bytes(), "0123456789");
}

TEST(p1, write_only_has_no_read_ring) {
  ScriptedBackend backend("0123456789");
  Handle handle(backend, O_WRONLY);
  char buffer[4];
  iovec part = {buffer, 4};
  CHECK_EQ(ERRNO_OF(conveyor_read(handle, buffer, 4)), EBADF);
  CHECK_EQ(ERRNO_OF(conveyor_read(handle, buffer, 0)), EBADF);
  CHECK_EQ(ERRNO_OF(conveyor_pread(handle, buffer, 4, 0)), EBADF);
  CHECK_EQ(ERRNO_OF(conveyor_readv(handle, &part, 1)), EBADF);
  CHECK_EQ(ERRNO_OF(conveyor_preadv(handle, &part, 1, 0)), EBADF);
  CHECK_EQ(ERRNO_OF(conveyor_prefetch(handle, 0, 4)), EBADF);
  REQUIRE(write_at(handle, "ab", 2));
  CHECK_EQ(conveyor_size(handle), 10);
  REQUIRE_EQ(ERRNO_OF(conveyor_flush(handle)), 0);
  CHECK_EQ(backend.bytes(), "01ab456789");
  CHECK_EQ(backend.entered(Kind::kRead), 0U);
  CHECK_EQ(stats_of(handle).window_bytes, 0U);
}

TEST(p1, read_write_has_both) {
  ScriptedBackend backend("0123456789");
  Handle handle(backend, O_RDWR);
  REQUIRE(write_next(handle, "ab"));
  CHECK_EQ(read_next(handle, 3), "234");
  CHECK_EQ(read_at(handle, 3, 0), "ab2");
}

TEST(p1, the_mode_is_a_number_not_bits) {
  ScriptedBackend backend;
  const conveyor_backend_t table = backend.table();
  const conveyor_options_t options = patient_options();
  conveyor_t *handle = nullptr;
  CHECK_EQ(ERRNO_OF(conveyor_create(&handle, &table, O_ACCMODE, &options)), EINVAL);
  CHECK(handle == nullptr);
  CHECK(backend.calls().empty());
  Handle exclusive(backend, O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC);  // other bits do not make it writable
  CHECK_EQ(ERRNO_OF(conveyor_write(exclusive, "x", 1)), EBADF);
  CHECK_EQ(read_next(exclusive, 10), "");
}

TEST(p2, seeks_need_neither_the_backend_nor_the_queue) {
  ScriptedBackend backend(pattern(100, 1));
  Handle handle(backend);
  backend.hold(Kind::kWrite);
  backend.hold(Kind::kRead);
  backend.hold(Kind::kSize);
  REQUIRE(write_next(handle, "abc"));
  const std::size_t calls = backend.calls().size();
  CHECK_EQ(conveyor_lseek(handle, 50, SEEK_SET), 50);
  CHECK_EQ(conveyor_lseek(handle, -20, SEEK_CUR), 30);
  CHECK_EQ(conveyor_lseek(handle, 1'000'000'000'000, SEEK_CUR), 1'000'000'000'030);
  CHECK_EQ(conveyor_lseek(handle, 0, SEEK_SET), 0);
  REQUIRE(write_next(handle, "x"));
  CHECK_EQ(backend.calls().size(), calls);
  CHECK_EQ(stats_of(handle).dirty_bytes, 3U);
  backend.open_gates();
  CHECK_EQ(read_at(handle, 4, 0), "xbc" + pattern(100, 1).substr(3, 1));
}

TEST(p2, seek_end_counts_accepted_bytes) {
  ScriptedBackend backend("0123456789");
  Handle handle(backend);
  CHECK_EQ(conveyor_lseek(handle, 0, SEEK_END), 10);
  CHECK_EQ(conveyor_lseek(handle, -4, SEEK_END), 6);
  CHECK_EQ(read_next(handle, 2), "67");
  REQUIRE(write_at(handle, "ab", 20));
  CHECK_EQ(conveyor_lseek(handle, 5, SEEK_END), 27);
  REQUIRE(write_next(handle, "z"));
  CHECK_EQ(conveyor_lseek(handle, 0, SEEK_END), 28);
  backend.resize_outside(100);
  CHECK_EQ(conveyor_lseek(handle, 0, SEEK_END), 100);
}

TEST(p2, a_bad_seek_moves_nothing) {
  ScriptedBackend backend("0123456789");
  Handle handle(backend);
  REQUIRE_EQ(conveyor_lseek(handle, 7, SEEK_SET), 7);
  CHECK_EQ(ERRNO_OF(conveyor_lseek(handle, -1, SEEK_SET)), EINVAL);
  CHECK_EQ(ERRNO_OF(conveyor_lseek(handle, -8, SEEK_CUR)), EINVAL);
  CHECK_EQ(ERRNO_OF(conveyor_lseek(handle, -11, SEEK_END)), EINVAL);
  CHECK_EQ(ERRNO_OF(conveyor_lseek(handle, 0, 17)), EINVAL);
  CHECK_EQ(ERRNO_OF(conveyor_lseek(handle, 0, -1)), EINVAL);
  const int overflow = ERRNO_OF(conveyor_lseek(handle, std::numeric_limits<off_t>::max(), SEEK_CUR));
  CHECK(overflow == EOVERFLOW || overflow == EINVAL);
  const int overflow_end = ERRNO_OF(conveyor_lseek(handle, std::numeric_limits<off_t>::max(), SEEK_END));
  CHECK(overflow_end == EOVERFLOW || overflow_end == EINVAL);
  CHECK_EQ(conveyor_lseek(handle, 0, SEEK_CUR), 7);
  CHECK_EQ(read_next(handle, 100), "789");
}

TEST(p2, a_failing_size_fails_seek_end_and_moves_nothing) {
  ScriptedBackend backend("0123456789");
  Handle handle(backend);
  REQUIRE_EQ(conveyor_lseek(handle, 7, SEEK_SET), 7);
  backend.fail(Kind::kSize, EACCES);
  CHECK_EQ(ERRNO_OF(conveyor_lseek(handle, 0, SEEK_END)), EACCES);
  CHECK_EQ(ERRNO_OF(conveyor_size(handle)), EACCES);
  CHECK_EQ(conveyor_lseek(handle, 0, SEEK_CUR), 7);
  backend.clear_faults();
  CHECK_EQ(conveyor_lseek(handle, 0, SEEK_END), 10);
}

TEST(p3, positional_calls_never_move_the_cursor) {
  ScriptedBackend backend("0123456789");
  Handle handle(backend);
  REQUIRE_EQ(conveyor_lseek(handle, 3, SEEK_SET), 3);
  CHECK_EQ(read_at(handle, 4, 5), "5678");
  REQUIRE(write_at(handle, "ab", 0));
  char buffer[2];
  iovec part = {buffer, 2};
  CHECK_EQ(conveyor_preadv(handle, &part, 1, 8), 2);
  CHECK_EQ(conveyor_pwritev(handle, &part, 1, 20), 2);
  CHECK_EQ(conveyor_lseek(handle, 0, SEEK_CUR), 3);
  CHECK_EQ(read_next(handle, 3), "345");
  CHECK_EQ(conveyor_lseek(handle, 0, SEEK_CUR), 6);
  CHECK_EQ(read_at(handle, 4, 5), "5678");
  CHECK_EQ(conveyor_lseek(handle, 0, SEEK_CUR), 6);
}

TEST(p3, readers_of_one_cursor_get_each_record_once) {
  constexpr std::size_t kRecords = 3000;
  constexpr std::size_t kReaders = 4;
  std::string file;
  for (std::uint64_t i = 0; i < kRecords; ++i) file.append(reinterpret_cast<const char *>(&i), 8);
  ScriptedBackend backend(file);
  Handle handle(backend, O_RDONLY);
  std::vector<std::vector<std::uint64_t>> seen(kReaders);
  std::vector<std::unique_ptr<Background>> readers;
  for (std::size_t r = 0; r < kReaders; ++r) {
    readers.push_back(std::make_unique<Background>([&handle, &mine = seen[r]]() -> ssize_t {
      std::uint64_t record = 0;
      ssize_t got;
      while ((got = conveyor_read(handle, &record, 8)) == 8) mine.push_back(record);
      return got;
    }));
  }
  for (const auto &reader : readers) CHECK_EQ(reader->result(), 0);
  std::vector<int> times(kRecords, 0);
  for (const auto &records : seen) {
    CHECK(std::is_sorted(records.begin(), records.end()));
    for (const std::uint64_t record : records) {
      REQUIRE(record < kRecords);
      ++times[record];
    }
  }
  CHECK_EQ(times, std::vector<int>(kRecords, 1));
}

TEST(p3, writers_of_one_cursor_never_overlap) {
  constexpr std::size_t kWriters = 4;
  constexpr std::size_t kRecords = 500;
  ScriptedBackend backend;
  Handle handle(backend, O_RDWR, ring_options(8192));
  std::vector<std::unique_ptr<Background>> writers;
  for (std::size_t w = 0; w < kWriters; ++w) {
    writers.push_back(std::make_unique<Background>([&handle, w]() -> ssize_t {
      for (std::uint32_t i = 0; i < kRecords; ++i) {
        const std::uint32_t record[2] = {static_cast<std::uint32_t>(w), i};
        if (conveyor_write(handle, record, 8) != 8) return -1;
      }
      return 0;
    }));
  }
  for (const auto &writer : writers) CHECK_EQ(writer->result(), 0);
  REQUIRE_EQ(ERRNO_OF(conveyor_flush(handle)), 0);
  CHECK_EQ(conveyor_lseek(handle, 0, SEEK_CUR), kWriters * kRecords * 8);
  const std::string bytes = backend.bytes();
  REQUIRE_EQ(bytes.size(), kWriters * kRecords * 8);
  std::vector<std::uint32_t> next(kWriters, 0);
  for (std::size_t at = 0; at < bytes.size(); at += 8) {
    std::uint32_t record[2];
    std::memcpy(record, bytes.data() + at, 8);
    REQUIRE(record[0] < kWriters);
    CHECK_EQ(record[1], next[record[0]]++);
  }
}

// The named race: a seek that runs against writes through the cursor.
TEST(p3, a_seek_against_writes_never_tears_one) {
  constexpr int kWrites = 500;
  ScriptedBackend backend;
  Handle handle(backend, O_RDWR, ring_options(64 * 1024));
  const std::string record = pattern(100, 1);
  Background writer([&] {
    for (int i = 0; i < kWrites; ++i) {
      if (!write_next(handle, record)) return -1;
    }
    return 0;
  });
  // Only whole records move the cursor, and every seek goes to a multiple of 100.
  for (off_t target = 0; !writer.has_returned(); target = (target + 300) % 2000) {
    CHECK_EQ(conveyor_lseek(handle, target, SEEK_SET), target);
    CHECK_EQ(conveyor_lseek(handle, 0, SEEK_CUR) % 100, 0);
  }
  CHECK_EQ(writer.result(), 0);
  CHECK_EQ(conveyor_lseek(handle, 0, SEEK_CUR) % 100, 0);
  REQUIRE_EQ(ERRNO_OF(conveyor_flush(handle)), 0);
  const std::string bytes = backend.bytes();
  REQUIRE_EQ(bytes.size() % 100, 0U);
  for (std::size_t at = 0; at < bytes.size(); at += 100) {
    const std::string here = bytes.substr(at, 100);
    CHECK(here == record || here == std::string(100, '\0'));
  }
}

TEST(p3, a_read_through_the_cursor_that_waits_does_not_let_another_take_its_bytes) {
  ScriptedBackend backend(pattern(8192, 1));
  Handle handle(backend, O_RDONLY);
  backend.hold(Kind::kRead);
  Background first([&] { return read_next(handle, 4096) == pattern(4096, 1) ? 1 : 0; });
  REQUIRE(backend.wait_held(Kind::kRead, 1));
  CHECK(first.is_blocked());
  Background second([&] { return read_next(handle, 4096) == pattern(8192, 1).substr(4096) ? 1 : 0; });
  CHECK(second.is_blocked());
  backend.open(Kind::kRead);
  CHECK_EQ(first.result(), 1);
  CHECK_EQ(second.result(), 1);
  CHECK_EQ(conveyor_lseek(handle, 0, SEEK_CUR), 8192);
}

TEST(p4, truncated_bytes_never_reappear) {
  ScriptedBackend backend;
  Handle handle(backend);
  REQUIRE(write_at(handle, pattern(100, 1), 0));
  REQUIRE_EQ(ERRNO_OF(conveyor_truncate(handle, 50)), 0);
  CHECK_EQ(conveyor_size(handle), 50);
  CHECK_EQ(read_at(handle, 1000, 0), pattern(50, 1));
  REQUIRE(write_at(handle, pattern(10, 2), 80));
  const std::string expected = pattern(50, 1) + std::string(30, '\0') + pattern(10, 2);
  CHECK_EQ(read_at(handle, 1000, 0), expected);
  REQUIRE_EQ(ERRNO_OF(conveyor_flush(handle)), 0);
  CHECK_EQ(backend.bytes(), expected);
}

TEST(p4, truncate_is_ordered_with_writes_in_flight) {
  ScriptedBackend backend;
  Handle handle(backend);
  backend.hold(Kind::kWrite);
  REQUIRE(write_at(handle, pattern(100, 1), 0));
  Completion flush;
  REQUIRE_EQ(conveyor_flush_async(handle, Completion::done, &flush), CONVEYOR_PENDING);
  REQUIRE(backend.wait_held(Kind::kWrite, 1));
  Background truncate([&] { return conveyor_truncate(handle, 50); });
  truncate.is_blocked();  // may wait, must not let the bytes in flight land behind it
  backend.open(Kind::kWrite);
  CHECK_EQ(truncate.result(), 0);
  CHECK_EQ(flush.result(), 0);
  REQUIRE(write_at(handle, pattern(10, 2), 60));
  REQUIRE_EQ(ERRNO_OF(conveyor_flush(handle)), 0);
  CHECK_EQ(backend.bytes(), pattern(50, 1) + std::string(10, '\0') + pattern(10, 2));
}

TEST(p4, writes_during_a_truncate_survive) {
  ScriptedBackend backend(pattern(100, 1));
  Handle handle(backend);
  backend.hold(Kind::kTruncate, Side::kAfter);
  Completion truncated;
  REQUIRE_EQ(conveyor_truncate_async(handle, 10, Completion::done, &truncated), CONVEYOR_PENDING);
  REQUIRE(backend.wait_held(Kind::kTruncate, 1, Side::kAfter));
  Background writer([&] { return conveyor_pwrite(handle, "later", 5, 50); });
  writer.is_blocked();
  Background flush([&] { return conveyor_flush(handle); });
  flush.is_blocked();
  backend.open(Kind::kTruncate, Side::kAfter);
  CHECK_EQ(truncated.result(), 0);
  CHECK_EQ(writer.result(), 5);
  REQUIRE_EQ(ERRNO_OF(conveyor_flush(handle)), 0);
  CHECK_EQ(backend.bytes(), pattern(10, 1) + std::string(40, '\0') + "later");
  CHECK_EQ(flush.result(), 0);
}

TEST(p4, the_window_forgets_what_was_cut) {
  ScriptedBackend backend(pattern(65'536, 1));
  Handle handle(backend);
  CHECK_EQ(read_at(handle, 65'536, 0), pattern(65'536, 1));
  REQUIRE_EQ(ERRNO_OF(conveyor_truncate(handle, 10)), 0);
  CHECK_EQ(read_at(handle, 65'536, 0), pattern(10, 1));
  REQUIRE_EQ(ERRNO_OF(conveyor_truncate(handle, 65'536)), 0);
  CHECK_EQ(read_at(handle, 65'536, 0), pattern(10, 1) + std::string(65'526, '\0'));
  CHECK_EQ(conveyor_size(handle), 65'536);
}

TEST(p4, a_fetch_in_flight_does_not_bring_back_what_was_cut) {
  ScriptedBackend backend(pattern(65'536, 1));
  Handle handle(backend);
  backend.hold(Kind::kRead, Side::kAfter);
  REQUIRE_EQ(ERRNO_OF(conveyor_prefetch(handle, 0, 65'536)), 0);
  REQUIRE(backend.wait_held(Kind::kRead, 1, Side::kAfter));
  Background truncate([&] { return conveyor_truncate(handle, 10) == 0 ? conveyor_truncate(handle, 65'536) : -1; });
  truncate.is_blocked();
  backend.open(Kind::kRead, Side::kAfter);
  CHECK_EQ(truncate.result(), 0);
  CHECK_EQ(read_at(handle, 65'536, 0), pattern(10, 1) + std::string(65'526, '\0'));
}

TEST(p4, truncate_that_grows_makes_zeros) {
  ScriptedBackend backend("abc");
  Handle handle(backend);
  REQUIRE(write_at(handle, "de", 3));
  REQUIRE_EQ(ERRNO_OF(conveyor_truncate(handle, 10)), 0);
  CHECK_EQ(conveyor_size(handle), 10);
  CHECK_EQ(read_at(handle, 100, 0), "abcde" + std::string(5, '\0'));
  REQUIRE_EQ(ERRNO_OF(conveyor_flush(handle)), 0);
  CHECK_EQ(backend.bytes(), "abcde" + std::string(5, '\0'));
}

TEST(p4, a_failed_truncate_loses_nothing) {
  ScriptedBackend backend;
  Handle handle(backend);
  const std::string expected = pattern(100, 1);
  REQUIRE(write_at(handle, expected, 0));
  backend.fail(Kind::kTruncate, EPERM);
  CHECK_EQ(ERRNO_OF(conveyor_truncate(handle, 10)), EPERM);
  CHECK_EQ(read_at(handle, 1000, 0), expected);
  CHECK_EQ(conveyor_size(handle), 100);
  backend.clear_faults();
  conveyor_clear_error(handle);
  REQUIRE_EQ(ERRNO_OF(conveyor_flush(handle)), 0);
  CHECK_EQ(backend.bytes(), expected);
}

TEST(p4, bad_sizes_and_backends_without_truncate_are_refused) {
  ScriptedBackend backend;
  Handle handle(backend, O_RDWR, patient_options(), kLacksTruncate);
  REQUIRE(write_at(handle, "abc", 0));
  CHECK_EQ(ERRNO_OF(conveyor_truncate(handle, -1)), EINVAL);
  CHECK_EQ(ERRNO_OF(conveyor_truncate(handle, 1)), ENOTSUP);
  CHECK_EQ(read_at(handle, 10, 0), "abc");
  CHECK_EQ(conveyor_last_error(handle), 0);
  REQUIRE_EQ(ERRNO_OF(conveyor_flush(handle)), 0);
  CHECK_EQ(backend.bytes(), "abc");
}

TEST(p4, the_cursor_stays_where_it_was) {
  ScriptedBackend backend(pattern(100, 1));
  Handle handle(backend);
  REQUIRE_EQ(conveyor_lseek(handle, 70, SEEK_SET), 70);
  REQUIRE_EQ(ERRNO_OF(conveyor_truncate(handle, 10)), 0);
  CHECK_EQ(conveyor_lseek(handle, 0, SEEK_CUR), 70);
  CHECK_EQ(read_next(handle, 10), "");
}

TEST(p5, creating_and_truncating_belong_to_the_opener) {
  ScriptedBackend backend("0123456789");
  Handle handle(backend, O_RDWR | O_CREAT | O_TRUNC);
  CHECK_EQ(conveyor_size(handle), 10);
  CHECK_EQ(read_next(handle, 100), "0123456789");
  CHECK_EQ(backend.entered(Kind::kTruncate), 0U);
  CHECK_EQ(handle.close(), 0);
  CHECK_EQ(backend.bytes(), "0123456789");
}

}  // namespace
}  // namespace conveyor::test

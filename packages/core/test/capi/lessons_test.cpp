// What broke in systems of this kind must be impossible here: one named test per lesson. Lessons 18 (the process's
// memory), 21, 25 (memory) and 26 need a process of their own: resources_test.cpp and runtime_test.cpp.
// Lesson 27 is about benchmarks and is held by the bench.

#include <memory>
#include <set>
#include <vector>

#include <conveyor/testkit/prng.hpp>

#include "completion.hpp"
#include "fixture.hpp"
#include "temporary_file.hpp"

namespace conveyor::test {
namespace {

constexpr std::size_t kKiB = 1024;

/// A file of 64-byte records, each of which says where it belongs.
std::string numbered_records(std::size_t count) {
  std::string file;
  for (std::size_t i = 0; i < count; ++i) {
    std::string record = "record " + std::to_string(i) + " ";
    record.resize(63, '.');
    file += record + "\n";
  }
  return file;
}

TEST(lesson_01, sequential_reads_beside_a_moving_cursor_are_right) {
  ScriptedBackend backend(numbered_records(4096));
  const std::string file = backend.bytes();
  conveyor_options_t options = patient_options();
  options.read_capacity_initial = 4 * kKiB;
  options.read_capacity_max = 32 * kKiB;
  Handle handle(backend, O_RDONLY, options);
  std::atomic<bool> stop{false};
  Background seeker([&] {
    testkit::Prng prng(1);
    while (!stop) conveyor_lseek(handle, static_cast<off_t>(prng.below(4096) * 64), SEEK_SET);
    return 0;
  });
  Background cursor_reader([&] {
    for (int i = 0; i < 3000; ++i) {
      const std::string record = read_next(handle, 64);
      if (record.empty()) continue;
      std::size_t number = 99'999;
      if (std::sscanf(record.c_str(), "record %zu", &number) != 1 || file.substr(number * 64, 64) != record) return -1;
    }
    return 0;
  });
  for (std::size_t at = 0; at < file.size(); at += 512) {
    CHECK_EQ(read_at(handle, 512, static_cast<off_t>(at)), file.substr(at, 512));
  }
  CHECK_EQ(cursor_reader.result(), 0);
  stop = true;
  CHECK_EQ(seeker.result(), 0);
}

TEST(lesson_02, a_read_larger_than_the_ring_is_not_its_first_chunk_again) {
  ScriptedBackend backend(pattern(1000 * kKiB, 1));
  conveyor_options_t options = patient_options();
  options.read_capacity_initial = 16 * kKiB;
  options.read_capacity_max = 64 * kKiB;
  Handle handle(backend, O_RDONLY, options);
  CHECK(read_next(handle, 1000 * kKiB) == pattern(1000 * kKiB, 1));
  CHECK(read_at(handle, 500 * kKiB, 333) == pattern(1000 * kKiB, 1).substr(333, 500 * kKiB));
  CHECK_LE(stats_of(handle).window_bytes, 64 * kKiB);
}

TEST(lesson_03, a_write_overlays_what_was_read_ahead) {
  ScriptedBackend backend(pattern(1000, 1));
  Handle handle(backend);
  CHECK_EQ(read_next(handle, 100), pattern(1000, 1).substr(0, 100));
  REQUIRE_EQ(conveyor_lseek(handle, 40, SEEK_SET), 40);
  REQUIRE(write_next(handle, pattern(20, 2)));
  REQUIRE_EQ(conveyor_lseek(handle, 40, SEEK_SET), 40);
  CHECK_EQ(read_next(handle, 10), pattern(20, 2).substr(0, 10));
  CHECK_EQ(read_next(handle, 20), pattern(20, 2).substr(10) + pattern(1000, 1).substr(60, 10));
}

TEST(lesson_04, a_read_sees_bytes_whose_write_is_in_flight) {
  ScriptedBackend backend(std::string(1000, 'o'));
  Handle handle(backend);
  backend.hold(Kind::kWrite);
  REQUIRE(write_at(handle, std::string(100, 'n'), 450));
  Background flush([&] { return conveyor_flush(handle); });
  REQUIRE(backend.wait_held(Kind::kWrite, 1));
  CHECK_EQ(read_at(handle, 200, 400), std::string(50, 'o') + std::string(100, 'n') + std::string(50, 'o'));
  backend.hold(Kind::kWrite, Side::kAfter);
  backend.open(Kind::kWrite);
  REQUIRE(backend.wait_held(Kind::kWrite, 1, Side::kAfter));
  CHECK_EQ(read_at(handle, 200, 400), std::string(50, 'o') + std::string(100, 'n') + std::string(50, 'o'));
  backend.open(Kind::kWrite, Side::kAfter);
  CHECK_EQ(flush.result(), 0);
  CHECK_EQ(read_at(handle, 200, 400), std::string(50, 'o') + std::string(100, 'n') + std::string(50, 'o'));
}

TEST(lesson_05, seeks_are_relative_to_our_cursor_and_checked) {
  ScriptedBackend backend(pattern(1000, 1));
  Handle handle(backend, O_RDONLY);
  CHECK_EQ(read_next(handle, 10), pattern(10, 1));
  CHECK_EQ(conveyor_lseek(handle, 0, SEEK_CUR), 10);  // not where read-ahead is
  CHECK_EQ(conveyor_lseek(handle, 5, SEEK_CUR), 15);
  CHECK_EQ(conveyor_lseek(handle, -100, SEEK_END), 900);
  CHECK_EQ(ERRNO_OF(conveyor_lseek(handle, -1001, SEEK_END)), EINVAL);
  CHECK_EQ(ERRNO_OF(conveyor_lseek(handle, -901, SEEK_CUR)), EINVAL);
  CHECK_EQ(conveyor_lseek(handle, 0, SEEK_CUR), 900);
  CHECK_EQ(read_next(handle, 1000), pattern(1000, 1).substr(900));
}

TEST(lesson_06, two_append_handles_do_not_overwrite_each_other) {
  for (const unsigned lacks : {kLacksNothing, kLacksAppend}) {
    ScriptedBackend backend("start.");
    Handle one(backend, O_WRONLY | O_APPEND, patient_options(), lacks);
    Handle two(backend, O_WRONLY | O_APPEND, patient_options(), lacks);
    for (int i = 0; i < 20; ++i) {
      REQUIRE(write_next(one, "one."));
      REQUIRE(write_next(two, "two."));
      if (i % 3 == 0) REQUIRE_EQ(ERRNO_OF(conveyor_flush(two)), 0);
      if (i % 4 == 0) REQUIRE_EQ(ERRNO_OF(conveyor_flush(one)), 0);
    }
    REQUIRE_EQ(ERRNO_OF(conveyor_flush(one)), 0);
    REQUIRE_EQ(ERRNO_OF(conveyor_flush(two)), 0);
    const std::string bytes = backend.bytes();
    REQUIRE_EQ(bytes.size(), 6U + 40 * 4);
    int ones = 0;
    int twos = 0;
    for (std::size_t at = 6; at < bytes.size(); at += 4) {
      ones += bytes.compare(at, 4, "one.") == 0 ? 1 : 0;
      twos += bytes.compare(at, 4, "two.") == 0 ? 1 : 0;
    }
    CHECK_EQ(ones, 20);
    CHECK_EQ(twos, 20);
  }
}

TEST(lesson_07, two_threads_on_one_cursor_get_every_block_once) {
  constexpr std::size_t kBlocks = 512;
  ScriptedBackend backend(pattern(kBlocks * 1024, 1));
  Handle handle(backend, O_RDONLY);
  std::vector<std::string> seen[2];
  std::vector<std::unique_ptr<Background>> readers;
  for (auto &mine : seen) {
    readers.push_back(std::make_unique<Background>([&handle, &mine] {
      for (;;) {
        mine.push_back(read_next(handle, 1024));
        if (mine.back().size() != 1024) return mine.back().empty() ? 0 : -1;
      }
    }));
  }
  for (const auto &reader : readers) CHECK_EQ(reader->result(), 0);
  std::multiset<std::string> all(seen[0].begin(), seen[0].end());
  all.insert(seen[1].begin(), seen[1].end());
  CHECK_EQ(all.size(), kBlocks + 2);
  for (std::size_t i = 0; i < kBlocks; ++i) CHECK_EQ(all.count(pattern(1024, 1, i * 1024)), 1U);
}

TEST(lesson_08, the_position_of_a_handle_that_is_given_to_us_counts) {
  TemporaryFile file("0123456789");
  REQUIRE_EQ(lseek(file.fd(), 6, SEEK_SET), 6);
  conveyor_t *handle = nullptr;
  REQUIRE_EQ(ERRNO_OF(conveyor_open_fd(&handle, file.fd(), O_RDWR, nullptr)), 0);
  CHECK_EQ(read_next(handle, 2), "67");
  CHECK(write_next(handle, "X"));
  CHECK_EQ(ERRNO_OF(conveyor_close(handle)), 0);
  CHECK_EQ(file.bytes(), "01234567X9");
}

TEST(lesson_09, a_seek_ends_the_running_extent) {
  ScriptedBackend backend;
  Handle handle(backend);
  REQUIRE(write_next(handle, "aaa"));
  REQUIRE_EQ(conveyor_lseek(handle, 100, SEEK_SET), 100);
  REQUIRE(write_next(handle, "bbb"));
  REQUIRE_EQ(conveyor_lseek(handle, 3, SEEK_SET), 3);
  REQUIRE(write_next(handle, "ccc"));
  REQUIRE_EQ(ERRNO_OF(conveyor_flush(handle)), 0);
  CHECK_EQ(backend.bytes(), "aaaccc" + std::string(94, '\0') + "bbb");
}

TEST(lesson_10, parallel_writers_lose_no_record_while_the_ring_turns_and_grows) {
  constexpr std::size_t kWriters = 4;
  constexpr std::size_t kRecords = 2000;
  ScriptedBackend backend;
  conveyor_options_t options = default_options();
  options.write_capacity_initial = 1024;
  options.write_capacity_max = 16 * kKiB;
  options.max_dirty_ms = 1;
  Handle handle(backend, O_RDWR, options);
  const std::string expected = numbered_records(kWriters * kRecords);
  std::vector<std::unique_ptr<Background>> writers;
  for (std::size_t w = 0; w < kWriters; ++w) {
    writers.push_back(std::make_unique<Background>([&, w]() -> ssize_t {
      for (std::size_t i = w; i < kWriters * kRecords; i += kWriters) {
        if (!write_at(handle, std::string_view(expected).substr(i * 64, 64), static_cast<off_t>(i) * 64)) return -1;
        if (i % 97 == 0 && read_at(handle, 64, static_cast<off_t>(i) * 64) != expected.substr(i * 64, 64)) return -1;
      }
      return 0;
    }));
  }
  for (const auto &writer : writers) CHECK_EQ(writer->result(), 0);
  REQUIRE_EQ(ERRNO_OF(conveyor_flush(handle)), 0);
  CHECK(backend.bytes() == expected);
}

TEST(lesson_11, old_data_never_wins_and_long_writes_keep_their_tails) {
  ScriptedBackend backend;
  Handle handle(backend);
  std::string expected(4000, '\0');
  const auto write = [&](std::size_t offset, std::size_t count, std::uint64_t salt) {
    expected.replace(offset, count, pattern(count, salt));
    REQUIRE(write_at(handle, pattern(count, salt), static_cast<off_t>(offset)));
  };
  write(1000, 2000, 1);
  write(500, 1000, 2);   // a lower offset, later
  write(1000, 100, 3);   // the same offset, shorter
  write(2900, 1100, 4);  // over the end
  write(0, 4000, 5);     // everything
  write(1000, 50, 6);
  CHECK_EQ(read_at(handle, 5000, 0), expected);
  REQUIRE_EQ(ERRNO_OF(conveyor_flush(handle)), 0);
  CHECK_EQ(backend.bytes(), expected);
}

TEST(lesson_12, flush_waits_for_the_last_extent_and_reports_its_failure) {
  ScriptedBackend backend;
  Handle handle(backend);
  backend.hold(Kind::kWrite);
  REQUIRE(write_at(handle, "abc", 0));
  Background first([&] { return conveyor_flush(handle); });
  REQUIRE(backend.wait_held(Kind::kWrite, 1));
  Background second([&] { return conveyor_flush(handle); });
  CHECK(second.is_blocked());
  backend.fail(Kind::kWrite, EIO);
  backend.open(Kind::kWrite);
  CHECK_EQ(first.error(), EIO);
  CHECK_EQ(second.error(), EIO);
  CHECK_EQ(ERRNO_OF(conveyor_flush(handle)), EIO);
}

TEST(lesson_13, a_failed_extent_is_not_dropped) {
  ScriptedBackend backend;
  Handle handle(backend);
  backend.fail_range(Kind::kWrite, EIO, 0, 100);
  REQUIRE(write_at(handle, pattern(100, 1), 0));
  REQUIRE(write_at(handle, pattern(100, 2), 10'000));
  CHECK_EQ(ERRNO_OF(conveyor_flush(handle)), EIO);
  REQUIRE_EQ(ERRNO_OF(conveyor_clear_error(handle)), 0);
  CHECK_EQ(ERRNO_OF(conveyor_flush(handle)), EIO);  // clearing is not landing
  backend.clear_faults();
  REQUIRE_EQ(ERRNO_OF(conveyor_clear_error(handle)), 0);
  CHECK_EQ(ERRNO_OF(conveyor_flush(handle)), 0);
  CHECK_EQ(backend.bytes(), pattern(100, 1) + std::string(9900, '\0') + pattern(100, 2));
}

TEST(lesson_14, accepted_writes_are_stored_or_somebody_is_told) {
  ScriptedBackend backend;
  Handle handle(backend);
  for (int i = 0; i < 100; ++i) REQUIRE(write_at(handle, pattern(64, 1, static_cast<std::uint64_t>(i) * 64), i * 64));
  conveyor_destroy(handle.release());
  CHECK_EQ(backend.bytes(), pattern(6400, 1));

  ScriptedBackend broken;
  Handle lost(broken);
  broken.fail(Kind::kWrite, EIO);
  for (int i = 0; i < 100; ++i) REQUIRE(write_at(lost, pattern(64, 1), i * 64));
  CHECK_EQ(lost.close(), EIO);
}

TEST(lesson_15, minus_one_is_an_error_and_eintr_is_not_fatal) {
  ScriptedBackend backend("0123456789");
  Handle handle(backend);
  const auto minus_one = [](const Call &) { return -1; };
  backend.add_fault({.kind = Kind::kRead, .answer = minus_one});
  char buffer[4];
  CHECK_EQ(ERRNO_OF(conveyor_pread(handle, buffer, 4, 0)), EPERM);
  backend.clear_faults();
  backend.lie_once(Kind::kWrite, minus_one);
  REQUIRE(write_at(handle, "abc", 0));
  CHECK_EQ(ERRNO_OF(conveyor_flush(handle)), EPERM);
  CHECK_EQ(backend.bytes(), "0123456789");
  REQUIRE_EQ(ERRNO_OF(conveyor_clear_error(handle)), 0);
  backend.fail(Kind::kWrite, EINTR, 2);
  backend.fail(Kind::kRead, EINTR, 2);
  CHECK_EQ(ERRNO_OF(conveyor_flush(handle)), 0);
  CHECK_EQ(read_at(handle, 10, 0), "abc3456789");
}

TEST(lesson_15, a_backend_that_claims_more_than_asked_is_eio) {
  ScriptedBackend backend("0123456789");
  Handle handle(backend);
  const auto more = [](const Call &call) { return static_cast<ssize_t>(call.count) + 1; };
  backend.add_fault({.kind = Kind::kRead, .answer = more});
  char buffer[4];
  CHECK_EQ(ERRNO_OF(conveyor_pread(handle, buffer, 4, 0)), EIO);
  backend.clear_faults();
  backend.lie_once(Kind::kWrite, more);
  REQUIRE(write_at(handle, "abc", 0));
  CHECK_EQ(ERRNO_OF(conveyor_flush(handle)), EIO);
  CHECK_EQ(read_at(handle, 10, 0), "abc3456789");
  REQUIRE_EQ(ERRNO_OF(conveyor_clear_error(handle)), 0);
  CHECK_EQ(ERRNO_OF(conveyor_flush(handle)), 0);
  CHECK_EQ(backend.bytes(), "abc3456789");
}

TEST(lesson_16, after_close_nothing_pretends_to_work) {
  ScriptedBackend backend;
  Handle owner(backend);
  conveyor_t *handle = owner;
  REQUIRE(write_next(handle, "abc"));
  REQUIRE_EQ(owner.close(), 0);
  CHECK_EQ(ERRNO_OF(conveyor_flush(handle)), EBADF);
  CHECK_EQ(ERRNO_OF(conveyor_write(handle, "d", 1)), EBADF);
  CHECK_EQ(backend.bytes(), "abc");
}

TEST(lesson_17, without_buffering_everything_still_works) {
  ScriptedBackend backend(pattern(1000, 1));
  conveyor_options_t options = patient_options();
  options.write_capacity_max = CONVEYOR_UNBUFFERED;
  options.read_capacity_max = CONVEYOR_UNBUFFERED;
  options.tick_ms = 10;
  Handle handle(backend, O_RDWR, options);
  CHECK_EQ(read_next(handle, 100), pattern(100, 1));
  CHECK_EQ(conveyor_lseek(handle, 0, SEEK_CUR), 100);
  REQUIRE(write_next(handle, pattern(50, 2)));
  CHECK_EQ(conveyor_lseek(handle, 0, SEEK_CUR), 150);
  CHECK_EQ(backend.bytes().substr(100, 50), pattern(50, 2));  // landed before write returned
  const std::string large = pattern(20'000'000, 3);
  CHECK(write_at(handle, large, 0));  // no ring, no EMSGSIZE
  CHECK(read_at(handle, large.size(), 0) == large);
  CHECK_EQ(stats_of(handle).window_bytes + stats_of(handle).dirty_bytes, 0U);
  CHECK(eventually([&] { return stats_of(handle).write_capacity == 0; }));
  backend.fail(Kind::kWrite, ENOSPC, 1);
  CHECK_EQ(ERRNO_OF(conveyor_pwrite(handle, "x", 1, 0)), ENOSPC);  // who writes is told
  conveyor_clear_error(handle);
  backend.limit(Kind::kWrite, [](std::size_t) { return 7; });
  backend.limit(Kind::kRead, [](std::size_t) { return 11; });
  CHECK(write_at(handle, pattern(500, 4), 10));
  CHECK_EQ(read_at(handle, 500, 10), pattern(500, 4));
  CHECK_EQ(ERRNO_OF(conveyor_sync(handle, 0)), 0);
}

TEST(lesson_17, unbuffered_writes_of_several_threads_stay_whole) {
  ScriptedBackend backend;
  conveyor_options_t options = patient_options();
  options.write_capacity_max = CONVEYOR_UNBUFFERED;
  Handle handle(backend, O_RDWR, options);
  std::vector<std::unique_ptr<Background>> writers;
  for (std::size_t w = 0; w < 3; ++w) {
    writers.push_back(std::make_unique<Background>([&handle, w] {
      for (int i = 0; i < 100; ++i) {
        if (!write_next(handle, std::string(64, static_cast<char>('a' + w)))) return -1;
      }
      return 0;
    }));
  }
  for (const auto &writer : writers) CHECK_EQ(writer->result(), 0);
  const std::string bytes = backend.bytes();
  REQUIRE_EQ(bytes.size(), 3U * 100 * 64);
  for (std::size_t at = 0; at < bytes.size(); at += 64) CHECK_EQ(bytes.substr(at, 64), std::string(64, bytes[at]));
}

TEST(lesson_18, a_full_ring_never_makes_write_return_zero) {
  ScriptedBackend backend;
  conveyor_options_t options = ring_options(4 * kKiB);
  options.nonblocking = 1;
  Handle handle(backend, O_RDWR, options);
  backend.hold(Kind::kWrite);
  int accepted = 0;
  for (; accepted < 100; ++accepted) {
    errno = 0;
    const ssize_t got = conveyor_pwrite(handle, pattern(1024, 1).data(), 1024, accepted * 1024);
    CHECK_NE(got, 0);
    if (got == -1) break;
  }
  CHECK_EQ(errno, EAGAIN);
  CHECK_EQ(accepted, 4);
}

TEST(lesson_19, empty_files_errors_and_ends_do_not_hang) {
  ScriptedBackend empty;
  Handle handle(empty);
  CHECK_EQ(read_next(handle, 4096), "");
  CHECK_EQ(read_at(handle, 1, 0), "");
  ScriptedBackend failing("0123456789");
  Handle broken(failing, O_RDONLY);
  failing.fail(Kind::kRead, EIO);
  char buffer[10];
  for (int i = 0; i < 3; ++i) CHECK_EQ(ERRNO_OF(conveyor_read(broken, buffer, 10)), EIO);
  failing.clear_faults();
  CHECK_EQ(read_next(broken, 100), "0123456789");
  failing.lie_once(Kind::kRead, [](const Call &) { return 0; });  // an end where none is: short, but no hang
  CHECK_LE(read_at(broken, 10, 5).size(), 5U);
  CHECK_EQ(conveyor_lseek(broken, 0, SEEK_CUR), 10);
}

TEST(lesson_20, read_ahead_does_not_spin_at_the_end_or_on_errors) {
  ScriptedBackend backend(pattern(100'000, 1));
  Handle handle(backend, O_RDONLY);
  while (!read_next(handle, 4096).empty()) {
  }
  REQUIRE(backend.wait_idle());
  const std::size_t at_end = backend.calls().size();
  CHECK_LE(at_end, 40U);
  for (int i = 0; i < 100; ++i) CHECK_EQ(read_next(handle, 4096), "");
  REQUIRE(backend.wait_idle());
  CHECK_LE(backend.calls().size() - at_end, 200U);  // an end is asked for anew, and that is all

  ScriptedBackend failing(pattern(100'000, 1));
  Handle broken(failing, O_RDONLY);
  CHECK_EQ(read_next(broken, 4096), pattern(4096, 1));
  failing.fail(Kind::kRead, EIO);
  char buffer[64];
  CHECK_EQ(conveyor_invalidate(broken), 0);
  const std::size_t before = failing.entered(Kind::kRead);
  for (int i = 0; i < 10; ++i) CHECK_EQ(ERRNO_OF(conveyor_pread(broken, buffer, 64, 50'000)), EIO);
  REQUIRE(failing.wait_idle());
  CHECK_LE(failing.entered(Kind::kRead) - before, 30U);
}

TEST(lesson_22, small_writes_coalesce_and_rewrites_cost_nothing) {
  ScriptedBackend backend;
  Handle handle(backend);
  for (int i = 0; i < 1000; ++i) {
    REQUIRE(write_at(handle, pattern(64, 1, static_cast<std::uint64_t>(i) * 64), i * 64));
  }
  for (std::uint64_t i = 0; i < 100; ++i) REQUIRE(write_at(handle, pattern(4096, i), 1'000'000));
  REQUIRE_EQ(ERRNO_OF(conveyor_flush(handle)), 0);
  CHECK_EQ(backend.bytes().substr(0, 64'000), pattern(64'000, 1));
  CHECK_EQ(backend.bytes().substr(1'000'000), pattern(4096, 99));
  CHECK_LE(backend.entered(Kind::kWrite), 6U);
}

TEST(lesson_23, a_seek_neither_waits_for_the_queue_nor_refills_the_ring) {
  ScriptedBackend backend(pattern(4 * 1024 * kKiB, 1));
  Handle handle(backend);
  backend.hold(Kind::kWrite);
  REQUIRE(write_at(handle, pattern(4096, 2), 0));
  Background flush([&] { return conveyor_flush(handle); });
  REQUIRE(backend.wait_held(Kind::kWrite, 1));
  testkit::Prng prng(testkit::seed());
  std::uint64_t learned = 0;
  for (int i = 0; i < 216; ++i) {
    if (i == 16) {
      REQUIRE(eventually([&] { return backend.running(Kind::kRead) == 0; }));
      learned = backend.bytes_asked(Kind::kRead);
    }
    const off_t offset = static_cast<off_t>(4096 * (1 + prng.below(1000)));
    REQUIRE_EQ(conveyor_lseek(handle, offset, SEEK_SET), offset);
    REQUIRE_EQ(read_next(handle, 4096), pattern(4096, 1, static_cast<std::uint64_t>(offset)));
  }
  CHECK(!flush.has_returned());
  CHECK_LE(backend.bytes_asked(Kind::kRead) - learned, 2U * 200 * 4096);
  backend.open(Kind::kWrite);
  CHECK_EQ(flush.result(), 0);
}

TEST(lesson_24, one_byte_does_not_cost_a_whole_ring) {
  ScriptedBackend backend(pattern(4 * 1024 * kKiB, 1));
  Handle handle(backend, O_RDONLY);
  CHECK_EQ(read_at(handle, 1, 1'000'000), pattern(1, 1, 1'000'000));
  CHECK_LE(backend.calls(Kind::kRead).at(0).count, 128 * kKiB);
  CHECK_LE(backend.bytes_asked(Kind::kRead), 256 * kKiB);
}

TEST(lesson_24, growing_the_ring_does_not_drain_it) {
  ScriptedBackend backend;
  conveyor_options_t options = patient_options();
  options.write_capacity_initial = 4 * kKiB;
  options.write_capacity_max = 64 * kKiB;
  options.nonblocking = 1;
  Handle handle(backend, O_RDWR, options);
  backend.hold(Kind::kWrite);
  for (std::size_t at = 0; at < 64 * kKiB; at += 1024) {
    REQUIRE(write_at(handle, pattern(1024, 1, at), static_cast<off_t>(at)));  // nothing can land
  }
  CHECK_EQ(stats_of(handle).write_capacity, 64 * kKiB);
  CHECK_EQ(read_at(handle, 64 * kKiB, 0), pattern(64 * kKiB, 1));
  backend.open(Kind::kWrite);
  REQUIRE_EQ(ERRNO_OF(conveyor_flush(handle)), 0);
  CHECK_EQ(backend.bytes(), pattern(64 * kKiB, 1));
}

TEST(lesson_25, nothing_is_read_ahead_before_somebody_reads) {
  ScriptedBackend backend(pattern(1'000'000, 1));
  Handle handle(backend);
  for (int i = 0; i < 100; ++i) REQUIRE(write_next(handle, pattern(4096, 2)));
  REQUIRE_EQ(ERRNO_OF(conveyor_flush(handle)), 0);
  CHECK_EQ(conveyor_lseek(handle, 0, SEEK_END), 1'000'000);
  CHECK_EQ(backend.entered(Kind::kRead), 0U);
  CHECK_EQ(stats_of(handle).window_bytes, 0U);
}

}  // namespace
}  // namespace conveyor::test

// R1 to R7: what a read promises.

#include <memory>
#include <vector>

#include <conveyor/testkit/prng.hpp>

#include "completion.hpp"
#include "fixture.hpp"

namespace conveyor::test {
namespace {

constexpr std::size_t kKiB = 1024;
constexpr std::size_t kMiB = 1024 * kKiB;

conveyor_options_t window_options(std::size_t initial, std::size_t max) {
  conveyor_options_t options = patient_options();
  options.read_capacity_initial = initial;
  options.read_capacity_max = max;
  return options;
}

/// Reads [0, end) in pieces through the cursor and checks every byte.
bool reads_whole(conveyor_t *handle, const std::string &file, std::size_t end, std::size_t piece) {
  for (std::size_t at = 0; at < end; at += piece) {
    const bool right = read_next(handle, piece) == file.substr(at, piece);
    if (!CHECK_MSG(right, "wrong bytes at " + std::to_string(at))) return false;
  }
  return true;
}

TEST(r1, short_backend_reads_are_continued) {
  ScriptedBackend backend(pattern(100'000, 1));
  Handle handle(backend, O_RDONLY);
  testkit::Prng prng(testkit::seed());
  backend.limit(Kind::kRead, [&](std::size_t count) { return 1 + prng.below(std::min<std::size_t>(count, 5000)); });
  CHECK_EQ(read_at(handle, 50'000, 17), backend.bytes().substr(17, 50'000));
  CHECK_EQ(read_next(handle, 100'000), backend.bytes());
  CHECK_EQ(read_at(handle, 10, 99'995), backend.bytes().substr(99'995));
}

TEST(r1, a_file_that_grows_is_seen_to_grow) {
  ScriptedBackend backend(pattern(1000, 1));
  Handle handle(backend, O_RDONLY);
  CHECK_EQ(read_next(handle, 2000), pattern(1000, 1));
  CHECK_EQ(read_next(handle, 2000), "");
  backend.append_outside(pattern(500, 2));
  CHECK_EQ(read_next(handle, 2000), pattern(500, 2));
  CHECK_EQ(read_next(handle, 2000), "");
  CHECK_EQ(conveyor_size(handle), 1500);
  backend.append_outside(pattern(500, 3));
  CHECK_EQ(conveyor_size(handle), 2000);
  CHECK_EQ(read_at(handle, 5000, 900), pattern(1000, 1).substr(900) + pattern(500, 2) + pattern(500, 3));
}

TEST(r1, the_end_is_the_last_accepted_byte) {
  ScriptedBackend backend("0123456789");
  Handle handle(backend);
  REQUIRE(write_at(handle, "abc", 10));
  CHECK_EQ(conveyor_size(handle), 13);
  CHECK_EQ(read_at(handle, 100, 8), "89abc");
  CHECK_EQ(read_at(handle, 100, 13), "");
  CHECK_EQ(read_at(handle, 100, 1'000'000), "");
  REQUIRE_EQ(ERRNO_OF(conveyor_flush(handle)), 0);
  CHECK_EQ(read_at(handle, 100, 8), "89abc");
  CHECK_EQ(conveyor_size(handle), 13);
}

TEST(r1, vectors_are_filled_in_order) {
  ScriptedBackend backend(pattern(100, 1));
  Handle handle(backend, O_RDONLY);
  std::string first(30, '\xEE');
  std::string second(50, '\xEE');
  std::string third(50, '\xEE');
  const iovec parts[4] = {{first.data(), 30}, {nullptr, 0}, {second.data(), 50}, {third.data(), 50}};
  CHECK_EQ(conveyor_preadv(handle, parts, 4, 10), 90);
  CHECK_EQ(first + second + third.substr(0, 10), pattern(100, 1).substr(10));
  CHECK_EQ(third.substr(10), std::string(40, '\xEE'));
  CHECK_EQ(conveyor_readv(handle, parts, 4), 100);
  CHECK_EQ(first + second + third.substr(0, 20), pattern(100, 1));
  CHECK_EQ(conveyor_lseek(handle, 0, SEEK_CUR), 100);
}

TEST(r1, nothing_past_the_answer_is_touched) {
  ScriptedBackend backend("abc");
  Handle handle(backend, O_RDONLY);
  std::string buffer(64, '\xEE');
  CHECK_EQ(conveyor_pread(handle, buffer.data(), buffer.size(), 1), 2);
  CHECK_EQ(buffer, "bc" + std::string(62, '\xEE'));
  CHECK_EQ(conveyor_pread(handle, buffer.data(), 0, 1), 0);
  CHECK_EQ(conveyor_pread(handle, nullptr, 0, 1), 0);
}

TEST(r2, a_gap_reads_as_zeros) {
  ScriptedBackend backend(pattern(100, 1));
  Handle handle(backend);
  CHECK_EQ(read_at(handle, 200, 0), pattern(100, 1));  // the window knows the old end
  REQUIRE(write_at(handle, pattern(50, 2), 1000));
  const std::string expected = pattern(100, 1) + std::string(900, '\0') + pattern(50, 2);
  CHECK_EQ(read_at(handle, 5000, 0), expected);
  CHECK_EQ(read_at(handle, 100, 950), expected.substr(950, 100));
  CHECK_EQ(read_at(handle, 10, 500), std::string(10, '\0'));
  REQUIRE_EQ(ERRNO_OF(conveyor_flush(handle)), 0);
  CHECK_EQ(read_at(handle, 5000, 0), expected);
  CHECK_EQ(backend.bytes(), expected);
}

TEST(r2, a_gap_between_extents_in_flight_reads_as_zeros) {
  ScriptedBackend backend;
  Handle handle(backend);
  backend.hold(Kind::kWrite);
  REQUIRE(write_at(handle, pattern(10, 1), 100));
  REQUIRE(write_at(handle, pattern(10, 2), 70'000));
  Completion flush;
  REQUIRE_EQ(conveyor_flush_async(handle, Completion::done, &flush), CONVEYOR_PENDING);
  REQUIRE(backend.wait_held(Kind::kWrite, 1));
  REQUIRE(write_at(handle, pattern(10, 3), 200));
  std::string expected(70'010, '\0');
  expected.replace(100, 10, pattern(10, 1)).replace(200, 10, pattern(10, 3)).replace(70'000, 10, pattern(10, 2));
  CHECK_EQ(read_at(handle, 100'000, 0), expected);
  backend.release_one(Kind::kWrite);
  CHECK_EQ(read_at(handle, 100'000, 0), expected);
  backend.open(Kind::kWrite);
  CHECK_EQ(flush.result(), 0);
  CHECK_EQ(read_at(handle, 100'000, 0), expected);
}

TEST(r3, sequential_reads_fetch_each_byte_once_and_in_large_pieces) {
  ScriptedBackend backend(pattern(4 * kMiB, 1));
  Handle handle(backend, O_RDONLY, window_options(64 * kKiB, kMiB));
  const std::string file = backend.bytes();
  REQUIRE(reads_whole(handle, file, file.size(), 4 * kKiB));
  CHECK_EQ(read_next(handle, 4 * kKiB), "");
  CHECK_EQ(backend.fetches_max(0, static_cast<off_t>(file.size())), 1U);
  CHECK_LE(backend.entered(Kind::kRead), 128U);  // of 1024 reads
  const conveyor_stats_t stats = stats_of(handle);
  CHECK_EQ(stats.reads, 1025U);
  CHECK_GT(stats.read_hits, 512U);
  CHECK_EQ(stats.backend_reads, backend.finished(Kind::kRead));
  CHECK_LE(stats.window_bytes, kMiB);
}

TEST(r3, the_window_starts_small_and_stays_within_its_bound) {
  ScriptedBackend backend(pattern(4 * kMiB, 1));
  Handle handle(backend, O_RDONLY, window_options(32 * kKiB, 256 * kKiB));
  const std::string file = backend.bytes();
  off_t cursor = 0;
  off_t ahead_first = 0;
  off_t ahead_max = 0;
  for (int i = 0; i < 512; ++i, cursor += 4096) {
    REQUIRE_EQ(read_next(handle, 4096), file.substr(static_cast<std::size_t>(cursor), 4096));
    REQUIRE(backend.wait_idle());
    off_t asked = 0;
    for (const Call &call : backend.calls(Kind::kRead)) asked = std::max(asked, call.end());
    const off_t ahead = asked - cursor - 4096;
    if (i == 0) ahead_first = ahead;
    ahead_max = std::max(ahead_max, ahead);
    CHECK_LE(stats_of(handle).window_bytes, 256 * kKiB);
  }
  CHECK_LE(ahead_first, 32 * kKiB);
  CHECK_LE(ahead_max, 256 * kKiB);
  CHECK_GT(ahead_max, ahead_first);
}

TEST(r3, several_backend_reads_are_in_flight) {
  ScriptedBackend backend(pattern(8 * kMiB, 1));
  conveyor_options_t options = window_options(128 * kKiB, 2 * kMiB);
  options.max_io = 64 * kKiB;
  options.read_depth = 3;
  Handle handle(backend, O_RDONLY, options);
  const std::string file = backend.bytes();
  REQUIRE(reads_whole(handle, file, 2 * kMiB, 16 * kKiB));
  REQUIRE(backend.wait_idle());
  backend.hold(Kind::kRead);
  Background reader([&] {
    for (std::size_t at = 2 * kMiB; at < 6 * kMiB; at += 16 * kKiB) {
      if (read_next(handle, 16 * kKiB) != file.substr(at, 16 * kKiB)) return -1;
    }
    return 0;
  });
  CHECK(backend.wait_held(Kind::kRead, 2));
  backend.release_one(Kind::kRead, 1);  // they may complete in any order
  backend.open(Kind::kRead);
  CHECK_EQ(reader.result(), 0);
  CHECK_LE(backend.running_max(Kind::kRead), 3U);
  for (const Call &call : backend.calls(Kind::kRead)) CHECK_LE(call.count, 64 * kKiB);
}

TEST(r3, random_reads_cost_at_most_twice_what_was_asked) {
  ScriptedBackend backend(pattern(8 * kMiB, 1));
  Handle handle(backend, O_RDONLY);
  const std::string file = backend.bytes();
  testkit::Prng prng(testkit::seed());
  const auto read_randomly = [&](int times) {
    for (int i = 0; i < times; ++i) {
      const std::size_t offset = prng.below(2000) * 4096 + prng.below(100);
      REQUIRE_EQ(read_at(handle, 4096, static_cast<off_t>(offset)), file.substr(offset, 4096));
    }
    REQUIRE(backend.wait_idle());
  };
  read_randomly(16);  // the pattern becomes known
  const std::uint64_t learned = backend.bytes_asked(Kind::kRead);
  CHECK_LE(learned, 16 * 160 * kKiB);
  read_randomly(500);
  CHECK_LE(backend.bytes_asked(Kind::kRead) - learned, 2U * 500 * 4096);
}

TEST(r3, random_reads_after_sequential_ones_cost_at_most_twice) {
  ScriptedBackend backend(pattern(8 * kMiB, 1));
  Handle handle(backend, O_RDONLY);
  const std::string file = backend.bytes();
  REQUIRE(reads_whole(handle, file, kMiB, 4096));
  testkit::Prng prng(testkit::seed());
  std::uint64_t learned = 0;
  for (int i = 0; i < 516; ++i) {
    if (i == 16) {
      REQUIRE(backend.wait_idle());
      learned = backend.bytes_asked(Kind::kRead);
    }
    const std::size_t offset = prng.below(8 * kMiB - 4096);
    REQUIRE_EQ(read_at(handle, 4096, static_cast<off_t>(offset)), file.substr(offset, 4096));
  }
  REQUIRE(backend.wait_idle());
  CHECK_LE(backend.bytes_asked(Kind::kRead) - learned, 2U * 500 * 4096);
}

TEST(r3, backward_reads_cost_at_most_twice) {
  ScriptedBackend backend(pattern(4 * kMiB, 1));
  Handle handle(backend, O_RDONLY);
  const std::string file = backend.bytes();
  std::uint64_t learned = 0;
  for (int i = 0; i < 516; ++i) {
    if (i == 16) {
      REQUIRE(backend.wait_idle());
      learned = backend.bytes_asked(Kind::kRead);
    }
    const std::size_t offset = 4 * kMiB - static_cast<std::size_t>(i + 1) * 4096;
    REQUIRE_EQ(read_at(handle, 4096, static_cast<off_t>(offset)), file.substr(offset, 4096));
  }
  REQUIRE(backend.wait_idle());
  CHECK_LE(backend.bytes_asked(Kind::kRead) - learned, 2U * 500 * 4096);
}

TEST(r3, backend_reads_are_aligned) {
  ScriptedBackend backend(pattern(kMiB + 777, 1));
  conveyor_options_t options = patient_options();
  options.read_align = 4096;
  Handle handle(backend, O_RDONLY, options);
  const std::string file = backend.bytes();
  testkit::Prng prng(testkit::seed());
  for (int i = 0; i < 100; ++i) {
    const std::size_t offset = prng.below(kMiB);
    REQUIRE_EQ(read_at(handle, 100, static_cast<off_t>(offset)), file.substr(offset, 100));
  }
  REQUIRE(reads_whole(handle, file, file.size(), 1000));
  for (const Call &call : backend.calls(Kind::kRead)) {
    // The rest of a read that the end of the file cut short is asked for from there.
    CHECK(call.offset % 4096 == 0 || call.offset == static_cast<off_t>(file.size()));
    CHECK(call.end() % 4096 == 0 || call.end() == static_cast<off_t>(file.size()));
  }
}

TEST(r3, backend_reads_are_aligned_beside_accepted_bytes) {
  ScriptedBackend backend(pattern(256 * kKiB, 1));
  conveyor_options_t options = patient_options();
  options.read_align = 4096;
  Handle handle(backend, O_RDWR, options);
  std::string expected = backend.bytes();
  for (std::size_t at = 100; at < 200 * kKiB; at += 30'000) {
    REQUIRE(write_at(handle, pattern(100, at), static_cast<off_t>(at)));
    expected.replace(at, 100, pattern(100, at));
  }
  CHECK_EQ(read_at(handle, 50, 60'020), expected.substr(60'020, 50));
  CHECK_EQ(read_at(handle, 5000, 150'000), expected.substr(150'000, 5000));
  REQUIRE(reads_whole(handle, expected, expected.size(), 1000));
  for (const Call &call : backend.calls(Kind::kRead)) {
    CHECK_EQ(call.offset % 4096, 0);
    CHECK_EQ(call.end() % 4096, 0);
  }
}

TEST(r3, prefetch_returns_at_once_and_fills_the_window) {
  ScriptedBackend backend(pattern(4 * kMiB, 1));
  conveyor_options_t options = window_options(128 * kKiB, 2 * kMiB);
  options.max_io = 64 * kKiB;
  options.read_depth = 4;
  Handle handle(backend, O_RDONLY, options);
  const std::string file = backend.bytes();
  backend.hold(Kind::kRead);
  REQUIRE_EQ(ERRNO_OF(conveyor_prefetch(handle, 512 * kKiB, kMiB)), 0);
  CHECK(backend.wait_held(Kind::kRead, 4));
  backend.open(Kind::kRead);
  for (std::size_t at = 512 * kKiB; at < 1536 * kKiB; at += 32 * kKiB) {
    REQUIRE_EQ(read_at(handle, 32 * kKiB, static_cast<off_t>(at)), file.substr(at, 32 * kKiB));
  }
  CHECK_EQ(backend.fetches_max(512 * kKiB, 1536 * kKiB), 1U);
  CHECK_EQ(backend.running_max(Kind::kRead), 4U);
}

TEST(r3, prefetch_past_the_end_or_of_nothing_is_harmless) {
  ScriptedBackend backend(pattern(1000, 1));
  Handle handle(backend, O_RDONLY, window_options(4096, 16 * kKiB));
  CHECK_EQ(ERRNO_OF(conveyor_prefetch(handle, 0, 0)), 0);
  CHECK_EQ(ERRNO_OF(conveyor_prefetch(handle, 1'000'000, 4096)), 0);
  CHECK_EQ(ERRNO_OF(conveyor_prefetch(handle, 0, 1'000'000'000)), 0);
  CHECK_EQ(read_next(handle, 5000), pattern(1000, 1));
  REQUIRE(backend.wait_idle());
  CHECK_LE(stats_of(handle).window_bytes, 16 * kKiB);
  CHECK_LE(backend.entered(Kind::kRead), 8U);
}

TEST(r4, seeks_inside_the_window_cost_no_backend_read) {
  ScriptedBackend backend(pattern(4 * kMiB, 1));
  Handle handle(backend, O_RDONLY, window_options(512 * kKiB, 2 * kMiB));
  const std::string file = backend.bytes();
  REQUIRE_EQ(ERRNO_OF(conveyor_prefetch(handle, 0, 512 * kKiB)), 0);
  REQUIRE(eventually([&] { return stats_of(handle).window_bytes >= 512 * kKiB; }));
  REQUIRE(reads_whole(handle, file, 64 * kKiB, 4096));
  const auto read_here = [&](std::size_t offset) {
    REQUIRE_EQ(conveyor_lseek(handle, static_cast<off_t>(offset), SEEK_SET), offset);
    REQUIRE_EQ(read_next(handle, 4096), file.substr(offset, 4096));
  };
  read_here(60 * kKiB);   // back a little
  read_here(96 * kKiB);   // forward, over what was not read
  read_here(92 * kKiB);
  read_here(200 * kKiB);
  read_here(204 * kKiB);
  CHECK_EQ(backend.fetches_max(0, 512 * kKiB), 1U);
}

TEST(r4, small_backward_seeks_of_a_sequential_reader_cost_no_backend_read) {
  ScriptedBackend backend(pattern(4 * kMiB, 1));
  Handle handle(backend, O_RDONLY);
  const std::string file = backend.bytes();
  for (std::size_t at = 0; at < 2 * kMiB; at += 8 * kKiB) {
    REQUIRE_EQ(read_next(handle, 8 * kKiB), file.substr(at, 8 * kKiB));
    REQUIRE_EQ(read_at(handle, 4 * kKiB, static_cast<off_t>(at + 2 * kKiB)), file.substr(at + 2 * kKiB, 4 * kKiB));
  }
  CHECK_EQ(backend.fetches_max(0, 2 * kMiB), 1U);
}

TEST(r4, a_reader_waits_for_a_fetch_in_flight_instead_of_fetching_again) {
  ScriptedBackend backend(pattern(kMiB, 1));
  Handle handle(backend, O_RDONLY, window_options(256 * kKiB, kMiB));
  backend.hold(Kind::kRead);
  REQUIRE_EQ(ERRNO_OF(conveyor_prefetch(handle, 0, 128 * kKiB)), 0);
  REQUIRE(backend.wait_held(Kind::kRead, 1));
  std::vector<std::unique_ptr<Background>> readers;
  for (off_t at = 0; at < 4; ++at) {
    readers.push_back(std::make_unique<Background>([&handle, at] {
      return read_at(handle, 4096, at * 8192) == pattern(4096, 1, static_cast<std::uint64_t>(at) * 8192) ? 1 : 0;
    }));
    CHECK(readers.back()->is_blocked());
  }
  backend.open(Kind::kRead);
  for (const auto &reader : readers) CHECK_EQ(reader->result(), 1);
  CHECK_EQ(backend.fetches_max(0, 128 * kKiB), 1U);
}

TEST(r5, a_read_ahead_error_reaches_only_who_needs_those_bytes) {
  ScriptedBackend backend(pattern(2 * kMiB, 1));
  Handle handle(backend, O_RDONLY);
  const std::string file = backend.bytes();
  constexpr std::size_t kBad = 300 * kKiB;
  backend.fail_range(Kind::kRead, EIO, kBad, kBad + 4096);
  REQUIRE(reads_whole(handle, file, kBad, 4096));  // read-ahead runs into the bad block before we do
  std::string buffer(4096, '\0');
  CHECK_EQ(ERRNO_OF(conveyor_read(handle, buffer.data(), 4096)), EIO);
  CHECK_EQ(conveyor_lseek(handle, 0, SEEK_CUR), kBad);
  for (std::size_t at = kBad + 4096; at < 2 * kMiB; at += 4096) {
    REQUIRE_EQ(read_at(handle, 4096, static_cast<off_t>(at)), file.substr(at, 4096));
  }
  CHECK_EQ(ERRNO_OF(conveyor_read(handle, buffer.data(), 4096)), EIO);
  CHECK_EQ(conveyor_last_error(handle), 0);
  CHECK_EQ(stats_of(handle).unreported_errors, 0U);
  backend.clear_faults();
  CHECK_EQ(read_next(handle, 4096), file.substr(kBad, 4096));
}

TEST(r5, a_prefetch_error_is_forgotten_and_retried_on_demand) {
  ScriptedBackend backend(pattern(kMiB, 1));
  Handle handle(backend, O_RDWR);
  backend.fail(Kind::kRead, EIO);
  REQUIRE_EQ(ERRNO_OF(conveyor_prefetch(handle, 0, 128 * kKiB)), 0);
  REQUIRE(backend.wait_finished(Kind::kRead, 1));
  REQUIRE(backend.wait_idle());
  backend.clear_faults();
  CHECK_EQ(read_at(handle, 128 * kKiB, 0), backend.bytes().substr(0, 128 * kKiB));
  CHECK_EQ(conveyor_last_error(handle), 0);
  CHECK(write_at(handle, "x", 0));
  CHECK_EQ(ERRNO_OF(conveyor_flush(handle)), 0);
}

TEST(r6, writes_overlay_the_window_and_do_not_throw_it_away) {
  ScriptedBackend backend(pattern(kMiB, 1));
  Handle handle(backend, O_RDWR, window_options(256 * kKiB, kMiB));
  std::string expected = backend.bytes();
  REQUIRE_EQ(ERRNO_OF(conveyor_prefetch(handle, 0, 256 * kKiB)), 0);
  REQUIRE(eventually([&] { return stats_of(handle).window_bytes >= 256 * kKiB; }));
  for (std::size_t at = 10'000; at < 200'000; at += 50'000) {
    const std::string fresh = pattern(100, at);
    REQUIRE(write_at(handle, fresh, static_cast<off_t>(at)));
    expected.replace(at, fresh.size(), fresh);
  }
  REQUIRE(reads_whole(handle, expected, 128 * kKiB, 4096));
  REQUIRE_EQ(ERRNO_OF(conveyor_flush(handle)), 0);
  CHECK_EQ(read_at(handle, 256 * kKiB, 0), expected.substr(0, 256 * kKiB));  // also after they landed and left the ring
  CHECK_EQ(backend.fetches_max(0, 256 * kKiB), 1U);
}

TEST(r6, invalidate_drops_the_window) {
  ScriptedBackend backend(pattern(256 * kKiB, 1));
  Handle handle(backend, O_RDWR);
  REQUIRE(reads_whole(handle, backend.bytes(), 64 * kKiB, 4096));
  REQUIRE(write_at(handle, "kept", 100));
  backend.poke(0, pattern(256 * kKiB, 2));
  REQUIRE_EQ(ERRNO_OF(conveyor_invalidate(handle)), 0);
  std::string expected = pattern(256 * kKiB, 2);
  expected.replace(100, 4, "kept");
  CHECK_EQ(read_at(handle, 256 * kKiB, 0), expected);
  CHECK_EQ(conveyor_lseek(handle, 0, SEEK_CUR), 64 * kKiB);
}

TEST(r6, invalidate_drops_what_is_being_fetched) {
  ScriptedBackend backend(pattern(256 * kKiB, 1));
  Handle handle(backend, O_RDONLY, window_options(128 * kKiB, 256 * kKiB));
  backend.hold(Kind::kRead, Side::kAfter);
  REQUIRE_EQ(ERRNO_OF(conveyor_prefetch(handle, 0, 128 * kKiB)), 0);
  REQUIRE(backend.wait_held(Kind::kRead, 1, Side::kAfter));  // holds old bytes
  backend.poke(0, pattern(256 * kKiB, 2));
  REQUIRE_EQ(ERRNO_OF(conveyor_invalidate(handle)), 0);
  Background reader([&] { return read_at(handle, 4096, 0) == pattern(4096, 2) ? 1 : 0; });
  reader.is_blocked();
  backend.open(Kind::kRead, Side::kAfter);
  CHECK_EQ(reader.result(), 1);
  CHECK_EQ(read_at(handle, 256 * kKiB, 0), pattern(256 * kKiB, 2));
}

TEST(r6, invalidate_sees_a_file_that_shrank) {
  ScriptedBackend backend(pattern(10'000, 1));
  Handle handle(backend, O_RDONLY);
  CHECK_EQ(read_at(handle, 20'000, 0), pattern(10'000, 1));
  backend.resize_outside(100);
  REQUIRE_EQ(ERRNO_OF(conveyor_invalidate(handle)), 0);
  CHECK_EQ(read_at(handle, 20'000, 0), pattern(100, 1));
  CHECK_EQ(conveyor_size(handle), 100);
}

TEST(r7, interleaved_readers_each_get_a_window) {
  constexpr std::size_t kReaders = 4;
  constexpr std::size_t kShare = kMiB;
  ScriptedBackend backend(pattern(kReaders * kShare, 1));
  Handle handle(backend, O_RDONLY);
  const std::string file = backend.bytes();
  for (std::size_t at = 0; at < kShare; at += 4096) {
    for (std::size_t reader = 0; reader < kReaders; ++reader) {
      const std::size_t offset = reader * kShare + at;
      REQUIRE_EQ(read_at(handle, 4096, static_cast<off_t>(offset)), file.substr(offset, 4096));
    }
  }
  REQUIRE(backend.wait_idle());
  CHECK_LE(backend.entered(Kind::kRead), 1024U / 4);
  CHECK_LE(backend.bytes_asked(Kind::kRead), file.size() * 3 / 2);
  CHECK_LE(stats_of(handle).window_bytes, 8 * kMiB);
}

TEST(r7, parallel_readers_read_right_bytes) {
  constexpr std::size_t kReaders = 6;
  constexpr std::size_t kShare = 512 * kKiB;
  ScriptedBackend backend(pattern(kReaders * kShare, 1));
  Handle handle(backend, O_RDONLY, window_options(16 * kKiB, 256 * kKiB));
  std::vector<std::unique_ptr<Background>> readers;
  for (std::size_t reader = 0; reader < kReaders; ++reader) {
    readers.push_back(std::make_unique<Background>([&handle, reader]() -> ssize_t {
      for (std::size_t at = reader * kShare; at < (reader + 1) * kShare; at += 3000) {
        const std::size_t count = std::min<std::size_t>(3000, (reader + 1) * kShare - at);
        if (read_at(handle, count, static_cast<off_t>(at)) != pattern(count, 1, at)) return -1;
      }
      return 0;
    }));
  }
  for (const auto &reader : readers) CHECK_EQ(reader->result(), 0);
}

}  // namespace
}  // namespace conveyor::test

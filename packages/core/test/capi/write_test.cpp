// W1 to W10: what a write promises.

#include <memory>
#include <vector>

#include <conveyor/testkit/prng.hpp>

#include "completion.hpp"
#include "fixture.hpp"

namespace conveyor::test {
namespace {

constexpr std::size_t kKiB = 1024;

/// Writes blocks of `block` bytes one after another until the ring refuses; returns the accepted bytes.
std::string fill_ring(conveyor_t *handle, std::size_t block, std::size_t stop = 1 << 24) {
  std::string accepted;
  while (accepted.size() < stop) {
    const std::string bytes = pattern(block, 7, accepted.size());
    errno = 0;
    const ssize_t got = conveyor_pwrite(handle, bytes.data(), block, static_cast<off_t>(accepted.size()));
    if (got < 0) {
      CHECK_EQ(errno, EAGAIN);
      break;
    }
    CHECK_EQ(got, block);
    accepted += bytes;
  }
  return accepted;
}

TEST(w1, buffer_is_free_after_return) {
  ScriptedBackend backend;
  backend.hold(Kind::kWrite);
  Handle handle(backend);
  const std::string expected = pattern(3 * kKiB, 1);
  auto buffer = std::make_unique<std::string>(expected);
  REQUIRE(write_at(handle, *buffer, 5));
  std::fill(buffer->begin(), buffer->end(), '#');
  buffer.reset();
  CHECK_EQ(read_at(handle, expected.size(), 5), expected);
  backend.open(Kind::kWrite);
  REQUIRE_EQ(ERRNO_OF(conveyor_flush(handle)), 0);
  CHECK_EQ(backend.bytes().substr(5), expected);
}

TEST(w1, vectors_are_free_after_return) {
  ScriptedBackend backend;
  backend.hold(Kind::kWrite);
  Handle handle(backend);
  const std::string expected = pattern(300, 2);
  std::string first = expected.substr(0, 100);
  std::string second = expected.substr(100);
  iovec parts[3] = {{first.data(), first.size()}, {nullptr, 0}, {second.data(), second.size()}};
  REQUIRE_EQ(conveyor_writev(handle, parts, 3), 300);
  first.assign(100, '#');
  second.assign(200, '#');
  parts[0] = {nullptr, 0};
  backend.open(Kind::kWrite);
  REQUIRE_EQ(ERRNO_OF(conveyor_flush(handle)), 0);
  CHECK_EQ(backend.bytes(), expected);
  CHECK_EQ(conveyor_lseek(handle, 0, SEEK_CUR), 300);
}

TEST(w2, read_sees_a_queued_write) {
  ScriptedBackend backend(pattern(4 * kKiB, 1));
  Handle handle(backend);
  std::string expected = backend.bytes();
  const std::string fresh = pattern(1000, 2);
  REQUIRE(write_at(handle, fresh, 777));
  expected.replace(777, fresh.size(), fresh);
  CHECK_EQ(read_at(handle, 8 * kKiB, 0), expected);
  CHECK_EQ(read_at(handle, 10, 1772), expected.substr(1772, 10));  // the last 5 new bytes and 5 old ones
}

TEST(w2, read_sees_a_write_in_flight) {
  ScriptedBackend backend(pattern(4 * kKiB, 1));
  Handle handle(backend);
  std::string expected = backend.bytes();
  const std::string fresh = pattern(1000, 2);
  expected.replace(100, fresh.size(), fresh);
  backend.hold(Kind::kWrite);
  REQUIRE(write_at(handle, fresh, 100));
  Background flush([&] { return conveyor_flush(handle); });
  REQUIRE(backend.wait_held(Kind::kWrite, 1));
  CHECK_EQ(read_at(handle, 4 * kKiB, 0), expected);
  Background other_thread([&] { return read_at(handle, 1000, 100) == fresh ? 1 : 0; });
  CHECK_EQ(other_thread.result(), 1);
  backend.open(Kind::kWrite);
  CHECK_EQ(flush.result(), 0);
  CHECK_EQ(read_at(handle, 4 * kKiB, 0), expected);
}

TEST(w2, read_sees_a_landed_write_that_is_not_confirmed) {
  ScriptedBackend backend(pattern(4 * kKiB, 1));
  Handle handle(backend);
  std::string expected = backend.bytes();
  const std::string first = pattern(1000, 2);
  const std::string second = pattern(200, 3);
  backend.hold(Kind::kWrite, Side::kAfter);
  REQUIRE(write_at(handle, first, 100));
  Background flush([&] { return conveyor_flush(handle); });
  REQUIRE(backend.wait_held(Kind::kWrite, 1, Side::kAfter));
  REQUIRE(write_at(handle, second, 300));  // over bytes in flight
  expected.replace(100, first.size(), first).replace(300, second.size(), second);
  CHECK_EQ(read_at(handle, 4 * kKiB, 0), expected);
  backend.open(Kind::kWrite, Side::kAfter);
  CHECK_EQ(flush.result(), 0);
  CHECK_EQ(read_at(handle, 4 * kKiB, 0), expected);
  REQUIRE_EQ(ERRNO_OF(conveyor_flush(handle)), 0);
  CHECK_EQ(backend.bytes(), expected);
}

TEST(w2, a_backend_read_that_began_before_the_write_does_not_hide_it) {
  ScriptedBackend backend(pattern(64 * kKiB, 1));
  Handle handle(backend);
  std::string expected = backend.bytes();
  backend.hold(Kind::kRead, Side::kAfter);  // old bytes are in the engine's hands, unconfirmed
  Background reader([&] { return static_cast<ssize_t>(read_at(handle, 4 * kKiB, 0).size()); });
  REQUIRE(backend.wait_held(Kind::kRead, 1, Side::kAfter));
  const std::string fresh = pattern(2 * kKiB, 2);
  REQUIRE(write_at(handle, fresh, kKiB));
  expected.replace(kKiB, fresh.size(), fresh);
  Background flush([&] { return conveyor_flush(handle); });
  flush.is_blocked();  // may land beside the read, or wait for it
  CHECK_EQ(read_at(handle, fresh.size(), kKiB), fresh);
  backend.open(Kind::kRead, Side::kAfter);
  CHECK_EQ(flush.result(), 0);
  CHECK_EQ(reader.result(), 4 * kKiB);
  CHECK_EQ(read_at(handle, 4 * kKiB, 0), expected.substr(0, 4 * kKiB));
  CHECK_EQ(read_at(handle, 64 * kKiB, 0), expected);
}

TEST(w3, ring_space_is_freed_only_when_the_backend_confirmed) {
  ScriptedBackend backend;
  conveyor_options_t options = ring_options(64 * kKiB);
  options.nonblocking = 1;
  Handle handle(backend, O_RDWR, options);
  backend.hold(Kind::kWrite, Side::kAfter);
  const std::string accepted = fill_ring(handle, 4 * kKiB);
  CHECK_EQ(accepted.size(), 64 * kKiB);
  Background flush([&] { return conveyor_flush(handle); });
  REQUIRE(backend.wait_held(Kind::kWrite, 1, Side::kAfter));
  REQUIRE(backend.wait_bytes([&](const std::string &bytes) { return bytes == accepted; }));
  const std::string more = pattern(4 * kKiB, 9);
  CHECK_EQ(ERRNO_OF(conveyor_pwrite(handle, more.data(), more.size(), 64 * kKiB)), EAGAIN);
  CHECK_EQ(stats_of(handle).dirty_bytes, 64 * kKiB);
  backend.open(Kind::kWrite, Side::kAfter);
  CHECK_EQ(flush.result(), 0);
  CHECK(write_at(handle, more, 64 * kKiB));
}

TEST(w3, short_backend_writes_are_continued) {
  ScriptedBackend backend;
  Handle handle(backend);
  const std::string expected = pattern(10'000, 1);
  testkit::Prng prng(testkit::seed());
  backend.limit(Kind::kWrite, [&](std::size_t count) { return 1 + prng.below(count); });
  REQUIRE(write_at(handle, expected, 3));
  REQUIRE_EQ(ERRNO_OF(conveyor_flush(handle)), 0);
  CHECK_EQ(backend.bytes().substr(3), expected);
  CHECK_GT(backend.entered(Kind::kWrite), 1U);
  CHECK_EQ(stats_of(handle).dirty_bytes, 0U);
}

TEST(w3, a_rewrite_during_a_short_write_wins_whole) {
  ScriptedBackend backend;
  Handle handle(backend);
  backend.limit(Kind::kWrite, [](std::size_t) { return 100; });
  backend.hold(Kind::kWrite, Side::kAfter);
  REQUIRE(write_at(handle, pattern(1000, 1), 0));
  Background flush([&] { return conveyor_flush(handle); });
  REQUIRE(backend.wait_held(Kind::kWrite, 1, Side::kAfter));
  const std::string fresh = pattern(1000, 2);
  REQUIRE(write_at(handle, fresh, 0));  // 100 old bytes have landed, 900 are to come
  backend.open(Kind::kWrite, Side::kAfter);
  CHECK_EQ(flush.result(), 0);
  REQUIRE_EQ(ERRNO_OF(conveyor_flush(handle)), 0);
  CHECK_EQ(backend.bytes(), fresh);
  CHECK_EQ(backend.overlaps_in_flight(), 0U);
}

TEST(w3, a_write_that_moves_nothing_is_eio) {
  ScriptedBackend backend;
  Handle handle(backend);
  backend.lie_once(Kind::kWrite, [](const Call &) { return 0; });
  const std::string expected = pattern(100, 1);
  REQUIRE(write_at(handle, expected, 0));
  CHECK_EQ(ERRNO_OF(conveyor_flush(handle)), EIO);
  CHECK_EQ(conveyor_last_error(handle), EIO);
  CHECK_EQ(read_at(handle, 100, 0), expected);
  REQUIRE_EQ(ERRNO_OF(conveyor_clear_error(handle)), 0);
  CHECK_EQ(ERRNO_OF(conveyor_flush(handle)), 0);
  CHECK_EQ(backend.bytes(), expected);
}

TEST(w4, overlapping_writes_land_as_if_in_order) {
  testkit::Prng prng(testkit::seed());
  for (int round = 0; round < 20; ++round) {
    ScriptedBackend backend;
    conveyor_options_t options = ring_options(kKiB * kKiB);
    options.write_depth = 4;  // the pool keeps threads for the reads
    options.max_io = 4 * kKiB;
    std::vector<std::unique_ptr<Completion>> flushes;
    Handle handle(backend, O_RDWR, options);
    backend.hold(Kind::kWrite);
    std::string expected;
    for (int i = 0; i < 60; ++i) {
      const std::size_t offset = prng.below(12 * kKiB);
      const std::string bytes = pattern(1 + prng.below(2 * kKiB), static_cast<std::uint64_t>(i) + 1, offset);
      if (expected.size() < offset + bytes.size()) expected.resize(offset + bytes.size(), '\0');
      expected.replace(offset, bytes.size(), bytes);
      REQUIRE(write_at(handle, bytes, static_cast<off_t>(offset)));
      if (i % 10 == 4) {  // put what is queued in flight, so that later writes overlap it
        flushes.push_back(std::make_unique<Completion>());
        REQUIRE_EQ(conveyor_flush_async(handle, Completion::done, flushes.back().get()), CONVEYOR_PENDING);
        REQUIRE(backend.wait_held(Kind::kWrite, 1));
      }
      if (prng.chance(1, 2)) backend.release_one(Kind::kWrite, prng.below(4));
    }
    CHECK_EQ(read_at(handle, 16 * kKiB, 0), expected);
    backend.open(Kind::kWrite);
    REQUIRE_EQ(ERRNO_OF(conveyor_flush(handle)), 0);
    CHECK_EQ(backend.bytes(), expected);
    CHECK_EQ(backend.overlaps_in_flight(), 0U);
    for (const auto &flush : flushes) CHECK_EQ(flush->result(), 0);
  }
}

TEST(w4, an_older_longer_write_keeps_its_tail) {
  ScriptedBackend backend;
  Handle handle(backend);
  std::string expected = pattern(1000, 1);
  REQUIRE(write_at(handle, expected, 0));
  const std::string fresh = pattern(10, 2);
  REQUIRE(write_at(handle, fresh, 0));
  expected.replace(0, 10, fresh);
  REQUIRE_EQ(ERRNO_OF(conveyor_flush(handle)), 0);
  CHECK_EQ(backend.bytes(), expected);
}

TEST(w4, a_rewrite_of_bytes_in_flight_waits_for_them) {
  ScriptedBackend backend;
  Handle handle(backend);
  backend.hold(Kind::kWrite);
  REQUIRE(write_at(handle, pattern(1000, 1), 0));
  Completion first;
  REQUIRE_EQ(conveyor_flush_async(handle, Completion::done, &first), CONVEYOR_PENDING);
  REQUIRE(backend.wait_held(Kind::kWrite, 1));
  const std::string fresh = pattern(1000, 2);
  REQUIRE(write_at(handle, fresh, 500));
  Completion second;
  REQUIRE_EQ(conveyor_flush_async(handle, Completion::done, &second), CONVEYOR_PENDING);
  // A distant write may go beside the first one; the overlapping one may not.
  REQUIRE(write_at(handle, pattern(10, 3), 100 * kKiB));
  Completion third;
  REQUIRE_EQ(conveyor_flush_async(handle, Completion::done, &third), CONVEYOR_PENDING);
  REQUIRE(backend.wait_held(Kind::kWrite, 2));
  std::size_t touching = 0;
  for (const Call &call : backend.calls(Kind::kWrite)) touching += call.touches(0, 1000) ? 1 : 0;
  CHECK_EQ(touching, 1U);
  CHECK(!first.is_done());
  backend.open(Kind::kWrite);
  CHECK_EQ(third.result(), 0);
  CHECK_EQ(first.result(), 0);
  CHECK_EQ(second.result(), 0);
  CHECK_EQ(backend.overlaps_in_flight(), 0U);
  CHECK_EQ(backend.bytes().substr(0, 1500), pattern(1000, 1).substr(0, 500) + fresh);
}

TEST(w4, distant_writes_land_in_parallel_up_to_write_depth) {
  ScriptedBackend backend;
  conveyor_options_t options = patient_options();
  options.write_depth = 3;
  Handle handle(backend, O_RDWR, options);
  backend.hold(Kind::kWrite);
  for (off_t i = 0; i < 8; ++i) REQUIRE(write_at(handle, pattern(100, 1), i * 1'000'000));
  Background flush([&] { return conveyor_flush(handle); });
  CHECK(backend.wait_held(Kind::kWrite, 3));
  CHECK(backend.release_one(Kind::kWrite, 2));  // the last comes first: no order among them
  CHECK(backend.wait_entered(Kind::kWrite, 4));
  backend.open(Kind::kWrite);
  CHECK_EQ(flush.result(), 0);
  CHECK_EQ(backend.running_max(Kind::kWrite), 3U);
}

TEST(w5, adjacent_writes_coalesce) {
  ScriptedBackend backend;
  Handle handle(backend);
  std::string expected;
  for (int i = 0; i < 1000; ++i) {
    const std::string record = pattern(64, 1, expected.size());
    REQUIRE(write_next(handle, record));
    expected += record;
  }
  REQUIRE_EQ(ERRNO_OF(conveyor_flush(handle)), 0);
  CHECK_EQ(backend.bytes(), expected);
  CHECK_LE(backend.entered(Kind::kWrite), 4U);
  CHECK_EQ(backend.bytes_asked(Kind::kWrite), expected.size());
  const conveyor_stats_t stats = stats_of(handle);
  CHECK_EQ(stats.backend_writes, backend.entered(Kind::kWrite));
  CHECK_EQ(stats.writes, 1000U);
  CHECK_GE(stats.coalescing_ratio, 250.0);
}

TEST(w5, neighbours_written_out_of_order_coalesce) {
  ScriptedBackend backend;
  Handle handle(backend);
  for (off_t i = 63; i >= 0; --i) REQUIRE(write_at(handle, pattern(64, 1, static_cast<std::uint64_t>(i) * 64), i * 64));
  REQUIRE_EQ(ERRNO_OF(conveyor_flush(handle)), 0);
  CHECK_EQ(backend.bytes(), pattern(64 * 64, 1));
  CHECK_LE(backend.entered(Kind::kWrite), 4U);
}

TEST(w5, backend_writes_are_at_most_max_io) {
  ScriptedBackend backend;
  conveyor_options_t options = ring_options(kKiB * kKiB);
  options.max_io = 16 * kKiB;
  Handle handle(backend, O_RDWR, options);
  backend.hold(Kind::kWrite);
  for (off_t i = 0; i < 64; ++i) {
    REQUIRE(write_at(handle, pattern(4096, 1, static_cast<std::uint64_t>(i) * 4096), i * 4096));
  }
  backend.open(Kind::kWrite);
  REQUIRE_EQ(ERRNO_OF(conveyor_flush(handle)), 0);
  CHECK_EQ(backend.bytes(), pattern(256 * kKiB, 1));
  for (const Call &call : backend.calls(Kind::kWrite)) CHECK_LE(call.count, 16 * kKiB);
  CHECK_LE(backend.entered(Kind::kWrite), 24U);  // 16 full ones, and what went before its neighbours came
}

TEST(w5, a_rewrite_of_queued_bytes_costs_nothing) {
  ScriptedBackend backend;
  conveyor_options_t options = ring_options(64 * kKiB);
  options.nonblocking = 1;
  Handle handle(backend, O_RDWR, options);
  std::string last;
  for (std::uint64_t i = 0; i < 100; ++i) {
    last = pattern(4 * kKiB, i);
    REQUIRE(write_at(handle, last, 0));  // 400 KiB through a ring of 64 KiB
  }
  CHECK_EQ(stats_of(handle).dirty_bytes, 4 * kKiB);
  REQUIRE_EQ(ERRNO_OF(conveyor_flush(handle)), 0);
  CHECK_EQ(backend.bytes(), last);
  CHECK_LE(backend.entered(Kind::kWrite), 2U);
  CHECK_GT(stats_of(handle).rewrites_in_place, 0U);
}

TEST(w5, bytes_in_flight_are_never_changed) {
  ScriptedBackend backend;
  Handle handle(backend);
  backend.hold(Kind::kWrite);
  const std::string first = pattern(1000, 1);
  const std::string second = pattern(1000, 2);
  REQUIRE(write_at(handle, first, 0));
  Background flush([&] { return conveyor_flush(handle); });
  REQUIRE(backend.wait_held(Kind::kWrite, 1));
  REQUIRE(write_at(handle, second, 0));
  backend.open(Kind::kWrite);
  CHECK_EQ(flush.result(), 0);
  REQUIRE_EQ(ERRNO_OF(conveyor_flush(handle)), 0);
  const std::vector<Call> writes = backend.calls(Kind::kWrite);
  REQUIRE_EQ(writes.size(), 2U);
  CHECK_EQ(writes[0].bytes, first);
  CHECK_EQ(writes[1].bytes, second);
}

TEST(w6, a_blocking_writer_waits_for_room) {
  ScriptedBackend backend;
  Handle handle(backend, O_RDWR, ring_options(16 * kKiB));
  backend.hold(Kind::kWrite);
  for (off_t i = 0; i < 4; ++i) REQUIRE(write_at(handle, pattern(4 * kKiB, 1), i * 4096));
  const std::string more = pattern(4 * kKiB, 2);
  Background writer([&] { return conveyor_pwrite(handle, more.data(), more.size(), 16384); });
  REQUIRE(backend.wait_held(Kind::kWrite, 1));  // a full ring lands without being asked
  CHECK(writer.is_blocked());
  backend.open(Kind::kWrite);
  CHECK_EQ(writer.result(), 4096);
  REQUIRE_EQ(ERRNO_OF(conveyor_flush(handle)), 0);
  CHECK_EQ(backend.bytes().substr(16384), more);
  const conveyor_stats_t stats = stats_of(handle);
  CHECK_EQ(stats.window_congestions, 1U);
  CHECK_EQ(stats.stalls, 1U);
  CHECK_GT(stats.stall_ns, 0U);
}

TEST(w6, a_nonblocking_writer_gets_eagain) {
  ScriptedBackend backend;
  conveyor_options_t options = ring_options(16 * kKiB);
  options.nonblocking = 1;
  Handle handle(backend, O_RDWR, options);
  backend.hold(Kind::kWrite);
  CHECK_EQ(fill_ring(handle, 512).size(), 16 * kKiB);
  CHECK_EQ(ERRNO_OF(conveyor_write(handle, "x", 1)), EAGAIN);
  CHECK_EQ(conveyor_lseek(handle, 0, SEEK_CUR), 0);
  CHECK_EQ(conveyor_size(handle), 16 * kKiB);
  backend.open(Kind::kWrite);
  REQUIRE_EQ(ERRNO_OF(conveyor_flush(handle)), 0);
  CHECK_EQ(conveyor_write(handle, "x", 1), 1);
  REQUIRE_EQ(ERRNO_OF(conveyor_flush(handle)), 0);
  CHECK_EQ(backend.bytes().size(), 16 * kKiB);
}

TEST(w6, a_writer_with_a_timeout_gets_etimedout) {
  ScriptedBackend backend;
  conveyor_options_t options = ring_options(16 * kKiB);
  options.write_timeout_ms = 20;
  Handle handle(backend, O_RDWR, options);
  backend.hold(Kind::kWrite);
  for (off_t i = 0; i < 4; ++i) REQUIRE(write_at(handle, pattern(4096, 1), i * 4096));
  REQUIRE_EQ(conveyor_lseek(handle, 16384, SEEK_SET), 16384);
  CHECK_EQ(ERRNO_OF(conveyor_write(handle, pattern(4096, 2).data(), 4096)), ETIMEDOUT);
  CHECK_EQ(conveyor_lseek(handle, 0, SEEK_CUR), 16384);
  CHECK_EQ(conveyor_size(handle), 16384);
  backend.open(Kind::kWrite);
  REQUIRE_EQ(ERRNO_OF(conveyor_flush(handle)), 0);
  CHECK_EQ(backend.bytes().size(), 16384U);
  CHECK_EQ(conveyor_last_error(handle), 0);
  CHECK_EQ(repeated([&] { return conveyor_write(handle, pattern(4096, 2).data(), 4096); }), 4096);
}

TEST(w6, an_asynchronous_writer_stays_pending) {
  ScriptedBackend backend;
  Completion written;
  Handle handle(backend, O_RDWR, ring_options(16 * kKiB));
  backend.hold(Kind::kWrite);
  for (off_t i = 0; i < 4; ++i) REQUIRE(write_at(handle, pattern(4096, 1), i * 4096));
  const std::string more = pattern(4096, 2);
  REQUIRE_EQ(conveyor_write_async(handle, more.data(), 4096, 16384, Completion::done, &written), CONVEYOR_PENDING);
  REQUIRE(backend.wait_held(Kind::kWrite, 1));
  CHECK(!written.is_done());
  backend.open(Kind::kWrite);
  CHECK_EQ(written.result(), 4096);
  REQUIRE_EQ(ERRNO_OF(conveyor_flush(handle)), 0);
  CHECK_EQ(backend.bytes().substr(16384), more);
  CHECK_EQ(written.times(), 1);
}

TEST(w6, many_writers_never_exceed_the_ring) {
  constexpr std::size_t kWriters = 4;
  constexpr std::size_t kBlocks = 100;
  ScriptedBackend backend;
  conveyor_options_t options = patient_options();
  options.write_capacity_initial = 4096;
  options.write_capacity_max = 16 * kKiB;
  Handle handle(backend, O_RDWR, options);
  backend.hold(Kind::kWrite);
  std::vector<std::unique_ptr<Background>> writers;
  for (std::size_t w = 0; w < kWriters; ++w) {
    writers.push_back(std::make_unique<Background>([&handle, w]() -> ssize_t {
      for (std::size_t i = 0; i < kBlocks; ++i) {
        const std::size_t offset = (i * kWriters + w) * kKiB;
        if (!write_at(handle, pattern(kKiB, 1, offset), static_cast<off_t>(offset))) return -1;
      }
      return 0;
    }));
  }
  for (const auto &writer : writers) CHECK(writer->is_blocked());
  REQUIRE(backend.wait_held(Kind::kWrite, 1));
  while (backend.release_one(Kind::kWrite)) {
    const conveyor_stats_t stats = stats_of(handle);
    CHECK_LE(stats.dirty_bytes, 16 * kKiB);
    CHECK_LE(stats.write_capacity, 16 * kKiB);
  }
  backend.open(Kind::kWrite);
  for (const auto &writer : writers) CHECK_EQ(writer->result(), 0);
  REQUIRE_EQ(ERRNO_OF(conveyor_flush(handle)), 0);
  CHECK_EQ(backend.bytes(), pattern(kWriters * kBlocks * kKiB, 1));
}

TEST(w7, a_write_larger_than_the_ring_is_emsgsize_at_once) {
  ScriptedBackend backend;
  Handle handle(backend, O_RDWR, ring_options(16 * kKiB));
  backend.hold(Kind::kWrite);
  const std::string exact = pattern(16 * kKiB, 1);
  const std::string larger = pattern(16 * kKiB + 1, 2);
  CHECK_EQ(ERRNO_OF(conveyor_write(handle, larger.data(), larger.size())), EMSGSIZE);
  CHECK_EQ(ERRNO_OF(conveyor_pwrite(handle, larger.data(), larger.size(), 0)), EMSGSIZE);
  iovec halves[2] = {{const_cast<char *>(larger.data()), 8192}, {const_cast<char *>(larger.data()) + 8192, 8193}};
  CHECK_EQ(ERRNO_OF(conveyor_writev(handle, halves, 2)), EMSGSIZE);
  CHECK_EQ(conveyor_lseek(handle, 0, SEEK_CUR), 0);
  CHECK_EQ(conveyor_size(handle), 0);
  CHECK_EQ(conveyor_write(handle, exact.data(), exact.size()), 16 * kKiB);
  CHECK_EQ(ERRNO_OF(conveyor_write(handle, larger.data(), larger.size())), EMSGSIZE);  // also when full, without a wait
  backend.open(Kind::kWrite);
  REQUIRE_EQ(ERRNO_OF(conveyor_flush(handle)), 0);
  CHECK_EQ(backend.bytes(), exact);
}

TEST(w7, a_split_write_flows_through_in_pieces) {
  ScriptedBackend backend;
  conveyor_options_t options = ring_options(16 * kKiB);
  options.large_write = CONVEYOR_LARGE_WRITE_SPLIT;
  Handle handle(backend, O_RDWR, options);
  const std::string large = pattern(1'000'003, 1);
  CHECK_EQ(conveyor_write(handle, large.data(), large.size()), large.size());
  CHECK_EQ(conveyor_lseek(handle, 0, SEEK_CUR), large.size());
  CHECK_LE(stats_of(handle).write_capacity, 16 * kKiB);
  REQUIRE_EQ(ERRNO_OF(conveyor_flush(handle)), 0);
  CHECK_EQ(backend.bytes(), large);
}

TEST(w7, a_split_vector_flows_through_in_pieces) {
  ScriptedBackend backend;
  conveyor_options_t options = ring_options(4 * kKiB);
  options.large_write = CONVEYOR_LARGE_WRITE_SPLIT;
  Handle handle(backend, O_RDWR, options);
  std::string large = pattern(100'000, 1);
  iovec parts[3] = {{large.data(), 1}, {large.data() + 1, 60'000}, {large.data() + 60'001, 39'999}};
  CHECK_EQ(conveyor_pwritev(handle, parts, 3, 11), 100'000);
  REQUIRE_EQ(ERRNO_OF(conveyor_flush(handle)), 0);
  CHECK_EQ(backend.bytes().substr(11), large);
  CHECK_EQ(conveyor_lseek(handle, 0, SEEK_CUR), 0);
}

TEST(w8, a_write_of_nothing_is_nothing) {
  ScriptedBackend backend("abc");
  Handle handle(backend);
  CHECK_EQ(conveyor_write(handle, "x", 0), 0);
  CHECK_EQ(conveyor_write(handle, nullptr, 0), 0);
  CHECK_EQ(conveyor_pwrite(handle, "x", 0, 1'000'000), 0);
  CHECK_EQ(conveyor_writev(handle, nullptr, 0), 0);
  REQUIRE_EQ(ERRNO_OF(conveyor_flush(handle)), 0);
  CHECK_EQ(backend.entered(Kind::kWrite), 0U);
  CHECK_EQ(backend.bytes(), "abc");
  CHECK_EQ(conveyor_size(handle), 3);
  CHECK_EQ(conveyor_lseek(handle, 0, SEEK_CUR), 0);
  CHECK_EQ(stats_of(handle).dirty_bytes, 0U);
}

TEST(w8, offsets_outside_of_files_are_refused) {
  ScriptedBackend backend("abc");
  Handle handle(backend);
  constexpr off_t kLast = std::numeric_limits<off_t>::max();
  CHECK_EQ(ERRNO_OF(conveyor_pwrite(handle, "xy", 2, -1)), EINVAL);
  CHECK_EQ(ERRNO_OF(conveyor_pwrite(handle, "xy", 0, -1)), EINVAL);
  CHECK_EQ(ERRNO_OF(conveyor_pwrite(handle, "xy", 2, std::numeric_limits<off_t>::min())), EINVAL);
  CHECK_EQ(ERRNO_OF(conveyor_pwrite(handle, "xy", 2, kLast - 1)), EFBIG);
  CHECK_EQ(ERRNO_OF(conveyor_pwrite(handle, "xy", 2, kLast)), EFBIG);
  CHECK_EQ(conveyor_lseek(handle, kLast, SEEK_SET), kLast);
  CHECK_EQ(ERRNO_OF(conveyor_write(handle, "xy", 2)), EFBIG);
  CHECK_EQ(conveyor_lseek(handle, 0, SEEK_CUR), kLast);
  CHECK_EQ(conveyor_size(handle), 3);
  REQUIRE_EQ(ERRNO_OF(conveyor_flush(handle)), 0);
  CHECK_EQ(backend.entered(Kind::kWrite), 0U);
}

TEST(w10, accepted_bytes_land_by_their_age) {
  ScriptedBackend backend;
  conveyor_options_t options = default_options();
  options.max_dirty_ms = 5;
  Handle handle(backend, O_RDWR, options);
  const std::string first = pattern(100, 1);
  REQUIRE(write_at(handle, first, 0));
  CHECK(backend.wait_bytes([&](const std::string &bytes) { return bytes == first; }));
  const std::string second = pattern(100, 2);  // the timer starts again for what comes later
  REQUIRE(write_at(handle, second, 100));
  CHECK(backend.wait_bytes([&](const std::string &bytes) { return bytes == first + second; }));
  CHECK(eventually([&] { return stats_of(handle).dirty_bytes == 0; }));
}

TEST(w10, rewriting_does_not_keep_bytes_young) {
  ScriptedBackend backend;
  conveyor_options_t options = default_options();
  options.max_dirty_ms = 5;
  Handle handle(backend, O_RDWR, options);
  std::uint64_t salt = 0;
  CHECK(eventually([&] {
    CHECK(write_at(handle, pattern(100, ++salt), 0));
    return backend.entered(Kind::kWrite) > 0;
  }));
  REQUIRE_EQ(ERRNO_OF(conveyor_flush(handle)), 0);
  CHECK_EQ(backend.bytes(), pattern(100, salt));
}

TEST(w10, what_waited_behind_a_write_in_flight_lands_too) {
  ScriptedBackend backend;
  conveyor_options_t options = default_options();
  options.max_dirty_ms = 5;
  options.write_depth = 1;
  Handle handle(backend, O_RDWR, options);
  backend.hold(Kind::kWrite);
  REQUIRE(write_at(handle, pattern(100, 1), 0));
  REQUIRE(backend.wait_held(Kind::kWrite, 1));
  REQUIRE(write_at(handle, pattern(100, 2), 50));
  backend.open(Kind::kWrite);
  const std::string expected = pattern(100, 1).substr(0, 50) + pattern(100, 2);
  CHECK(backend.wait_bytes([&](const std::string &bytes) { return bytes == expected; }));
}

}  // namespace
}  // namespace conveyor::test

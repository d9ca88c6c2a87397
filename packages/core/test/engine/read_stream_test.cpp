#include "engine/read_stream.hpp"

#include <conveyor/testkit/check.hpp>

namespace conveyor::test {
namespace {

constexpr uint64_t kShare = 1 << 20;

EngineConfig config() {
  EngineConfig config;
  config.read_window_initial = 64 << 10;
  return config;
}

// A reader that takes `count` bytes at `offset`; returns its window.
uint64_t read(ReadStreams& streams, uint64_t offset, uint64_t count) {
  ReadStream* stream = streams.enter(offset, count, kShare);
  uint64_t window = stream->window;
  streams.leave(*stream, offset, count);
  return window;
}

TEST(r3, a_window_opens_at_the_second_read_in_a_row) {
  const EngineConfig c = config();
  ReadStreams streams(c);
  CHECK_EQ(read(streams, 1 << 20, 4096), 0U);
  CHECK_GT(read(streams, (1 << 20) + 4096, 4096), 0U);
}

TEST(r3, a_window_opens_at_once_at_the_beginning_of_a_file) {
  const EngineConfig c = config();
  ReadStreams streams(c);
  CHECK_EQ(read(streams, 0, 4096), c.read_window_initial);
}

TEST(r3, a_window_doubles_up_to_its_share_when_its_reader_waits) {
  const EngineConfig c = config();
  ReadStreams streams(c);
  ReadStream* stream = streams.enter(0, 4096, kShare);
  for (int i = 0; i < 20; ++i) streams.stalled(*stream, kShare, false);
  CHECK_EQ(stream->window, kShare);
}

TEST(r3, far_from_the_backend_fewer_waits_do) {
  const EngineConfig c = config();
  ReadStreams streams(c);
  ReadStream* stream = streams.enter(0, 4096, kShare);
  const uint64_t before = stream->window;
  streams.stalled(*stream, kShare, true);
  CHECK_EQ(stream->window, 4 * before);
  streams.account(0, 10 << 20);
  streams.stalled(*stream, kShare, true);
  CHECK_EQ(stream->window, 4 * before);
}

TEST(r3, a_window_is_bounded_by_what_was_read_once_guesses_did_not_pay_off) {
  const EngineConfig c = config();
  ReadStreams streams(c);
  streams.account(0, 10 << 20);
  read(streams, 4 << 20, 4096);
  CHECK_LE(read(streams, (4 << 20) + 4096, 4096), 4096U);
  CHECK_EQ(read(streams, 0, 4096), 0U);
}

TEST(r7, eight_readers_keep_their_windows) {
  const EngineConfig c = config();
  ReadStreams streams(c);
  for (uint64_t turn = 0; turn < 4; ++turn)
    for (uint64_t reader = 1; reader <= ReadStreams::kStreamsMax; ++reader) {
      uint64_t window = read(streams, (reader << 30) + turn * 4096, 4096);
      CHECK_EQ(window > 0, turn > 0);
    }
  CHECK_EQ(streams.active(), ReadStreams::kStreamsMax);
}

TEST(r4, a_small_step_back_or_ahead_is_the_same_reader) {
  const EngineConfig c = config();
  ReadStreams streams(c);
  read(streams, 0, 4096);
  read(streams, 4096, 4096);
  CHECK_GT(read(streams, 2048, 1024), 0U);
  CHECK_GT(read(streams, 9000, 1024), 0U);
  CHECK_EQ(streams.active(), 1U);
}

TEST(r3, a_reader_that_skips_more_than_it_reads_loses_its_window) {
  const EngineConfig c = config();
  ReadStreams streams(c);
  uint64_t window = 1;
  for (uint64_t i = 0; i < 40 && window > 0; ++i) window = read(streams, i * (32 << 10), 512);
  CHECK_EQ(window, 0U);
}

}  // namespace
}  // namespace conveyor::test

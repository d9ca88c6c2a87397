#include "engine/pace.hpp"

#include <conveyor/testkit/check.hpp>

namespace conveyor::test {
namespace {

constexpr uint64_t kPiece = 256 << 10;

// A reader whose pieces take `alone_ns` when he fetches them himself, and `ahead_ns` when workers do.
struct Reader {
  Pace pace{4 << 20};
  uint64_t bytes = 0;
  Time now = 1;
  uint64_t bytes_ahead = 0;

  void read(uint64_t mebibytes, Time alone_ns, Time ahead_ns) {
    bytes_ahead = 0;
    for (uint64_t end = bytes + (mebibytes << 20); bytes < end;) {
      pace.note(bytes, now);
      if (!pace.alone()) bytes_ahead += kPiece;
      now += pace.alone() ? alone_ns : ahead_ns;
      bytes += kPiece;
    }
  }
};

}  // namespace

TEST(r3, a_reader_begins_by_fetching_for_himself) { CHECK(Pace(1 << 20).alone()); }

TEST(r3, reading_ahead_is_kept_where_it_is_faster) {
  Reader reader;
  reader.read(1024, 100'000, 50'000);
  CHECK(!reader.pace.alone());
  CHECK_GT(reader.bytes_ahead, uint64_t{900} << 20);
}

TEST(r3, reading_ahead_is_left_where_it_is_slower) {
  Reader reader;
  reader.read(1024, 50'000, 100'000);
  CHECK(reader.pace.alone());
  CHECK_LT(reader.bytes_ahead, uint64_t{64} << 20);
}

TEST(r3, reading_ahead_has_to_be_worth_a_second_processor) {
  Reader reader;
  reader.read(1024, 100'000, 80'000);
  CHECK(reader.pace.alone());
}

TEST(r3, the_way_of_reading_follows_a_machine_that_changes) {
  Reader reader;
  reader.read(256, 50'000, 100'000);
  CHECK(reader.pace.alone());
  reader.read(2048, 100'000, 50'000);
  CHECK(!reader.pace.alone());
  reader.read(2048, 50'000, 100'000);
  CHECK(reader.pace.alone());
}

TEST(r3, pauses_of_the_application_do_not_count) {
  Reader reader;
  for (int i = 0; i < 64; ++i) {
    reader.read(16, 100'000, 50'000);
    if (!reader.pace.alone()) reader.now += 1'000 * kMillisecond;
  }
  CHECK(!reader.pace.alone());
}

}  // namespace conveyor::test

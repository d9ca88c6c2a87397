// The ring in one thread: results, borders, refusals.
#include <conveyor/ring/spsc_ring.hpp>
#include <conveyor/testkit/check.hpp>
#include <conveyor/testkit/prng.hpp>

#include <array>
#include <cstring>
#include <deque>
#include <span>
#include <string>
#include <utility>
#include <vector>

using conveyor::ring::SpscFault;
using conveyor::ring::SpscHeader;
using conveyor::ring::SpscMode;
using conveyor::ring::SpscRing;
using conveyor::ring::SpscStatus;
using conveyor::ring::Transfer;
using conveyor::testkit::Prng;

namespace {

using Bytes = std::vector<std::byte>;

struct alignas(64) Region {
  std::array<std::byte, 256 + 128> memory{};
  std::span<std::byte> span() { return memory; }
};

Bytes bytes_of(const std::string& text) {
  Bytes bytes;
  for (const char c : text) bytes.push_back(static_cast<std::byte>(c));
  return bytes;
}

}  // namespace

TEST(spsc, capacity_is_never_clamped) {
  for (const std::uint64_t capacity :
       {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{32}, std::uint64_t{63}, std::uint64_t{65}, std::uint64_t{100},
        std::uint64_t{1} << 31, (std::uint64_t{1} << 32) + 64}) {
    CHECK(!SpscRing<>::create(capacity, SpscMode::bytes));
  }
  CHECK_EQ(SpscRing<>::create(64, SpscMode::bytes)->capacity(), 64U);
  CHECK_EQ(SpscRing<>::create(4096, SpscMode::frames)->capacity(), 4096U);
}

TEST(spsc, bytes_in_order_up_to_what_fits) {
  auto ring = SpscRing<>::create(64, SpscMode::bytes);
  auto producer = ring->producer();
  auto consumer = ring->consumer();
  CHECK_EQ(producer->try_push({}).count, 0U);
  CHECK(producer->try_push(bytes_of("hello")) == (Transfer{SpscStatus::done, 5}));
  CHECK(producer->try_push(Bytes(100, std::byte{1})) == (Transfer{SpscStatus::done, 59}));
  CHECK(producer->try_push(Bytes(1)) == (Transfer{SpscStatus::full, 0}));
  CHECK(producer->try_push({}) == (Transfer{SpscStatus::done, 0}));
  CHECK_EQ(ring->size_guess(), 64U);
  Bytes out(5);
  CHECK(consumer->try_pop(out) == (Transfer{SpscStatus::done, 5}));
  CHECK_EQ(out, bytes_of("hello"));
  CHECK_EQ(producer->room(), 5U);
  out.resize(100);
  CHECK(consumer->try_pop(out) == (Transfer{SpscStatus::done, 59}));
  CHECK(consumer->try_pop(out) == (Transfer{SpscStatus::empty, 0}));
  CHECK(consumer->try_pop({}) == (Transfer{SpscStatus::done, 0}));
  CHECK_EQ(ring->size_guess(), 0U);
}

TEST(spsc, frames_whole_or_not_at_all) {
  auto ring = SpscRing<>::create(64, SpscMode::frames);
  auto producer = ring->producer();
  auto consumer = ring->consumer();
  CHECK(producer->try_push_frame(Bytes(57)).status == SpscStatus::too_large);
  CHECK(producer->try_push_frame(bytes_of("abcde")) == (Transfer{SpscStatus::done, 5}));  // 16 bytes in the ring
  CHECK(producer->try_push_frame({}) == (Transfer{SpscStatus::done, 0}));                 // 8 bytes
  CHECK_EQ(producer->room(), 40U);
  CHECK(producer->try_push_frame(Bytes(33)) == (Transfer{SpscStatus::full, 0}));
  CHECK(producer->try_push_frame(Bytes(32, std::byte{4})) == (Transfer{SpscStatus::done, 32}));
  Bytes out(4);
  CHECK(consumer->try_pop_frame(out) == (Transfer{SpscStatus::too_small, 5}));
  out.resize(60);
  CHECK(consumer->try_pop_frame(out) == (Transfer{SpscStatus::done, 5}));
  CHECK_EQ(std::span(out).first(5), bytes_of("abcde"));
  CHECK(consumer->try_pop_frame(out) == (Transfer{SpscStatus::done, 0}));
  CHECK(consumer->try_pop_frame(out) == (Transfer{SpscStatus::done, 32}));
  CHECK(consumer->try_pop_frame(out) == (Transfer{SpscStatus::empty, 0}));
  CHECK(producer->try_push_frame(Bytes(56)) == (Transfer{SpscStatus::done, 56}));
}

TEST(spsc, close_drains_then_ends) {
  auto ring = SpscRing<>::create(64, SpscMode::bytes);
  auto producer = ring->producer();
  auto consumer = ring->consumer();
  CHECK(producer->try_push(bytes_of("last")).status == SpscStatus::done);
  producer->close();
  producer->close();
  CHECK(producer->try_push(bytes_of("x")).status == SpscStatus::closed);
  CHECK(producer->push(bytes_of("x")) == (Transfer{SpscStatus::closed, 0}));
  Bytes out(10);
  CHECK(consumer->pop(out) == (Transfer{SpscStatus::done, 4}));
  CHECK(consumer->pop(out) == (Transfer{SpscStatus::ended, 0}));
  CHECK(consumer->try_pop(out).status == SpscStatus::ended);
}

TEST(spsc, abandon_refuses_pushes) {
  auto ring = SpscRing<>::create(64, SpscMode::frames);
  auto producer = ring->producer();
  auto consumer = ring->consumer();
  consumer->abandon();
  CHECK(producer->try_push_frame(bytes_of("x")).status == SpscStatus::abandoned);
  CHECK(producer->push_frame(bytes_of("x")).status == SpscStatus::abandoned);
}

TEST(spsc, the_mode_is_held) {
  auto frames = SpscRing<>::create(64, SpscMode::frames);
  auto bytes = SpscRing<>::create(64, SpscMode::bytes);
  Bytes data(1);
  CHECK(frames->producer()->try_push(data).status == SpscStatus::wrong_mode);
  CHECK(frames->consumer()->try_pop(data).status == SpscStatus::wrong_mode);
  CHECK(bytes->producer()->push_frame(data).status == SpscStatus::wrong_mode);
  CHECK(bytes->consumer()->pop_frame(data).status == SpscStatus::wrong_mode);
}

TEST(spsc, one_producer_and_one_consumer) {
  auto ring = SpscRing<>::create(64, SpscMode::bytes);
  {
    auto producer = ring->producer();
    auto consumer = ring->consumer();
    CHECK(producer.has_value());
    CHECK(!ring->producer());
    CHECK(!ring->consumer());
    CHECK(producer->try_push(bytes_of("abc")).status == SpscStatus::done);
  }
  auto producer = ring->producer();
  auto consumer = ring->consumer();
  REQUIRE(producer && consumer);
  CHECK(producer->try_push(bytes_of("def")).status == SpscStatus::done);
  Bytes out(6);
  CHECK(consumer->try_pop(out) == (Transfer{SpscStatus::done, 6}));
  CHECK_EQ(out, bytes_of("abcdef"));
}

TEST(spsc, a_region_is_shared_by_attaching) {
  Region region;
  auto ring = SpscRing<>::format(region.span(), 128, SpscMode::bytes);
  REQUIRE(ring.has_value());
  auto other = SpscRing<>::attach(region.span());
  REQUIRE(other.has_value());
  auto producer = ring->producer();
  auto consumer = other->consumer();
  CHECK(!other->producer());
  CHECK(producer->try_push(bytes_of("over")).status == SpscStatus::done);
  Bytes out(4);
  CHECK(consumer->try_pop(out).count == 4 && out == bytes_of("over"));
}

TEST(spsc, format_refuses) {
  Region region;
  CHECK(!SpscRing<>::format(region.span(), 256, SpscMode::bytes));
  CHECK(!SpscRing<>::format(region.span().subspan(1), 64, SpscMode::bytes));
  CHECK(!SpscRing<>::format(region.span(), 100, SpscMode::bytes));
  CHECK(!SpscRing<>::format(region.span(), 64, SpscMode::bytes, 4));
  CHECK(!SpscRing<>::format({}, 64, SpscMode::bytes));
}

TEST(spsc, attach_says_what_is_wrong) {
  Region region;
  CHECK(SpscRing<>::examine(region.span()) == SpscFault::bad_magic);
  CHECK(SpscRing<>::examine(region.span().subspan(1)) == SpscFault::misaligned);
  CHECK(SpscRing<>::examine(region.span().first(255)) == SpscFault::short_region);
  const auto planted = [&region](std::size_t offset, std::uint32_t word) {
    CHECK(SpscRing<>::format(region.span(), 128, SpscMode::bytes).has_value());
    std::memcpy(region.memory.data() + offset, &word, sizeof word);
    CHECK(!SpscRing<>::attach(region.span()));
    return SpscRing<>::examine(region.span());
  };
  CHECK(planted(offsetof(SpscHeader, version), 2) == SpscFault::bad_version);
  CHECK(planted(offsetof(SpscHeader, capacity), 100) == SpscFault::bad_capacity);
  CHECK(planted(offsetof(SpscHeader, capacity), 256) == SpscFault::short_region);
  CHECK(planted(offsetof(SpscHeader, mode), 3) == SpscFault::bad_mode);
}

TEST(spsc, a_corrupt_region_is_not_believed) {
  Region region;
  const auto planted = [&region](SpscMode mode, std::size_t offset, std::uint32_t word) {
    auto ring = SpscRing<>::format(region.span(), 128, mode);
    auto producer = ring->producer();
    if (mode == SpscMode::frames) CHECK(producer->try_push_frame(Bytes(8)).status == SpscStatus::done);
    std::memcpy(region.memory.data() + offset, &word, sizeof word);
    auto consumer = ring->consumer();
    Bytes out(256);
    return mode == SpscMode::frames ? consumer->try_pop_frame(out).status : consumer->try_pop(out).status;
  };
  const std::size_t tail = offsetof(SpscHeader, tail);
  CHECK(planted(SpscMode::bytes, tail, 129) == SpscStatus::corrupt);
  CHECK(planted(SpscMode::bytes, tail, 0xffffffffU) == SpscStatus::corrupt);
  CHECK(planted(SpscMode::frames, tail, 3) == SpscStatus::corrupt);
  CHECK(planted(SpscMode::frames, tail, 132) == SpscStatus::corrupt);
  CHECK(planted(SpscMode::frames, sizeof(SpscHeader), 9) == SpscStatus::corrupt);
  CHECK(planted(SpscMode::frames, sizeof(SpscHeader), 0xffffffffU) == SpscStatus::corrupt);
  for (const std::uint32_t head : {4U, 0x80000000U, 0xffffff00U}) {
    auto ring = SpscRing<>::format(region.span(), 128, SpscMode::bytes);
    std::memcpy(region.memory.data() + offsetof(SpscHeader, head), &head, sizeof head);
    CHECK(ring->producer()->try_push(Bytes(1000)).status == SpscStatus::corrupt);
    CHECK(ring->producer()->push(Bytes(1000)).status == SpscStatus::corrupt);
  }
}

// The model is a queue of bytes, started close before the positions go round.
TEST(spsc, model_of_bytes_over_the_wrap_of_positions) {
  Prng prng(conveyor::testkit::seed());
  Region region;
  auto ring = SpscRing<>::format(region.span(), 128, SpscMode::bytes, 0xffffff00U);
  auto producer = ring->producer();
  auto consumer = ring->consumer();
  std::deque<std::byte> model;
  for (int step = 0; step < 5000; ++step) {
    Bytes data(prng.below(160));
    if (prng.chance(1, 2)) {
      prng.fill(data);
      const std::size_t count = std::min(data.size(), 128 - model.size());
      REQUIRE_EQ(producer->try_push(data).count, count);
      model.insert(model.end(), data.begin(), data.begin() + static_cast<std::ptrdiff_t>(count));
    } else {
      const std::size_t count = std::min(data.size(), model.size());
      REQUIRE_EQ(consumer->try_pop(data).count, count);
      const auto end = model.begin() + static_cast<std::ptrdiff_t>(count);
      REQUIRE(std::equal(model.begin(), end, data.begin()));
      model.erase(model.begin(), end);
    }
    REQUIRE_EQ(ring->size_guess(), model.size());
  }
}

TEST(spsc, model_of_frames_over_the_wrap_of_positions) {
  Prng prng(conveyor::testkit::seed());
  Region region;
  auto ring = SpscRing<>::format(region.span(), 128, SpscMode::frames, 0xffffff00U);
  auto producer = ring->producer();
  auto consumer = ring->consumer();
  std::deque<Bytes> model;
  std::size_t used = 0;
  for (int step = 0; step < 5000; ++step) {
    if (prng.chance(1, 2)) {
      Bytes data(prng.below(50));
      prng.fill(data);
      const std::size_t framed = 8 + (data.size() + 7) / 8 * 8;
      const bool fits = framed <= 128 - used;
      REQUIRE(producer->try_push_frame(data).status == (fits ? SpscStatus::done : SpscStatus::full));
      if (!fits) continue;
      used += framed;
      model.push_back(data);
    } else {
      Bytes out(50);
      const Transfer result = consumer->try_pop_frame(out);
      REQUIRE(result.status == (model.empty() ? SpscStatus::empty : SpscStatus::done));
      if (model.empty()) continue;
      out.resize(result.count);
      REQUIRE_EQ(out, model.front());
      used -= 8 + (out.size() + 7) / 8 * 8;
      model.pop_front();
    }
  }
}

CONVEYOR_TEST_MAIN()

// The ring between two threads. Every frame carries its number and a checksum of its content, so that a lost, doubled,
// torn or reordered frame is seen as such and not only as a wrong sum.
#include <conveyor/ring/spsc_ring.hpp>
#include <conveyor/testkit/barrier.hpp>
#include <conveyor/testkit/check.hpp>
#include <conveyor/testkit/prng.hpp>

#include <cstdint>
#include <cstring>
#include <span>
#include <thread>
#include <vector>

using conveyor::ring::SpscConsumer;
using conveyor::ring::SpscMode;
using conveyor::ring::SpscProducer;
using conveyor::ring::SpscRing;
using conveyor::ring::SpscStatus;
using conveyor::ring::Transfer;
using conveyor::testkit::Barrier;
using conveyor::testkit::Prng;

namespace {

using Bytes = std::vector<std::byte>;

constexpr std::uint32_t kFrames = conveyor::testkit::kSanitized ? 5'000 : 100'000;
constexpr std::size_t kContentMax = 200;

std::uint32_t checksum(std::span<const std::byte> bytes) {
  std::uint32_t hash = 0x811c9dc5;  // FNV-1a
  for (const std::byte byte : bytes) hash = (hash ^ std::to_integer<std::uint32_t>(byte)) * 0x01000193;
  return hash;
}

// number, checksum, content
Bytes make_frame(std::uint32_t number, Prng& prng) {
  Bytes frame(8 + prng.below(kContentMax));
  const std::span<std::byte> content = std::span(frame).subspan(8);
  prng.fill(content);
  const std::uint32_t words[2] = {number, checksum(content) ^ number};
  std::memcpy(frame.data(), words, sizeof words);
  return frame;
}

bool is_frame(std::span<const std::byte> frame, std::uint32_t number) {
  if (frame.size() < 8) return false;
  std::uint32_t words[2];
  std::memcpy(words, frame.data(), sizeof words);
  return words[0] == number && words[1] == (checksum(frame.subspan(8)) ^ number);
}

enum class Style { polling, sleeping };

void push_frames(SpscProducer<>& producer, Style style, std::uint64_t seed) {
  Prng prng(seed);
  for (std::uint32_t number = 0; number < kFrames; ++number) {
    const Bytes frame = make_frame(number, prng);
    Transfer result = style == Style::sleeping ? producer.push_frame(frame) : producer.try_push_frame(frame);
    while (result.status == SpscStatus::full) {
      std::this_thread::yield();
      result = producer.try_push_frame(frame);
    }
    if (!CHECK(result.status == SpscStatus::done)) break;
  }
  producer.close();
}

void pop_frames(SpscConsumer<>& consumer, Style style) {
  Bytes out(8 + kContentMax);
  for (std::uint32_t number = 0;; ++number) {
    Transfer result = style == Style::sleeping ? consumer.pop_frame(out) : consumer.try_pop_frame(out);
    while (result.status == SpscStatus::empty) {
      std::this_thread::yield();
      result = consumer.try_pop_frame(out);
    }
    if (result.status == SpscStatus::ended) {
      CHECK_EQ(number, kFrames);
      return;
    }
    if (!CHECK(result.status == SpscStatus::done)) return consumer.abandon();
    if (!CHECK(is_frame(std::span(out).first(result.count), number))) return consumer.abandon();
  }
}

void exchange_frames(Style pushing, Style popping, std::uint32_t capacity) {
  auto ring = SpscRing<>::create(capacity, SpscMode::frames);
  REQUIRE(ring.has_value());
  auto producer = ring->producer();
  auto consumer = ring->consumer();
  Barrier start(2, "start");
  const std::uint64_t seed = conveyor::testkit::seed();
  std::thread thread([&] {
    start.arrive_and_wait("producer");
    push_frames(*producer, pushing, seed);
  });
  start.arrive_and_wait("consumer");
  pop_frames(*consumer, popping);
  thread.join();
  CHECK_EQ(ring->size_guess(), 0U);
}

}  // namespace

TEST(spsc_threads, frames_polling) { exchange_frames(Style::polling, Style::polling, 1024); }
TEST(spsc_threads, frames_sleeping) { exchange_frames(Style::sleeping, Style::sleeping, 1024); }
TEST(spsc_threads, frames_only_the_producer_sleeps) { exchange_frames(Style::sleeping, Style::polling, 256); }
TEST(spsc_threads, frames_only_the_consumer_sleeps) { exchange_frames(Style::polling, Style::sleeping, 256); }
TEST(spsc_threads, frames_in_a_ring_that_never_fills) { exchange_frames(Style::sleeping, Style::sleeping, 1 << 20); }

// A stream without borders, cut anew on each side, is the same stream.
TEST(spsc_threads, bytes_keep_their_order) {
  constexpr std::size_t kTotal = conveyor::testkit::kSanitized ? 300'000 : 5'000'000;
  auto ring = SpscRing<>::create(512, SpscMode::bytes);
  auto producer = ring->producer();
  auto consumer = ring->consumer();
  const std::uint64_t seed = conveyor::testkit::seed();
  std::thread thread([&] {
    Prng content(seed);
    Prng cuts(seed + 1);
    std::size_t pushed = 0;
    while (pushed < kTotal) {
      Bytes data(std::min(kTotal - pushed, 8 * (1 + cuts.below(200))));  // whole draws, and now and then more than fits
      content.fill(data);
      if (!CHECK(producer->push(data) == (Transfer{SpscStatus::done, data.size()}))) break;
      pushed += data.size();
    }
    producer->close();
  });
  Prng content(seed);
  Prng cuts(seed + 2);
  Bytes expected;
  std::size_t popped = 0;
  for (bool good = true; good;) {
    Bytes data(1 + cuts.below(700));
    const Transfer result = consumer->pop(data);
    if (result.status == SpscStatus::ended) break;
    while (expected.size() < result.count) {
      Bytes more(std::min<std::size_t>(800, kTotal - popped - expected.size()));
      content.fill(more);
      expected.insert(expected.end(), more.begin(), more.end());
      if (more.empty()) break;
    }
    good = CHECK(result.status == SpscStatus::done && result.count <= expected.size()) &&
           CHECK(std::equal(data.begin(), data.begin() + static_cast<std::ptrdiff_t>(result.count), expected.begin()));
    expected.erase(expected.begin(), expected.begin() + static_cast<std::ptrdiff_t>(result.count));
    popped += result.count;
  }
  if (popped != kTotal) consumer->abandon();
  thread.join();
  CHECK_EQ(popped, kTotal);
}

TEST(spsc_threads, close_wakes_a_sleeping_consumer) {
  auto ring = SpscRing<>::create(64, SpscMode::bytes);
  auto producer = ring->producer();
  auto consumer = ring->consumer();
  std::thread thread([&consumer] {
    Bytes out(1);
    CHECK(consumer->pop(out).status == SpscStatus::ended);
  });
  producer->close();
  thread.join();
}

TEST(spsc_threads, abandon_wakes_a_sleeping_producer) {
  auto ring = SpscRing<>::create(64, SpscMode::bytes);
  auto producer = ring->producer();
  auto consumer = ring->consumer();
  std::thread thread([&producer] {
    CHECK(producer->push(Bytes(100)) == (Transfer{SpscStatus::abandoned, 64}));
  });
  Bytes out(1);
  CHECK(consumer->pop(out).status == SpscStatus::done);  // the ring was full or is about to be
  consumer->abandon();
  thread.join();
}

TEST(spsc_threads, an_end_can_be_handed_over) {
  auto ring = SpscRing<>::create(64, SpscMode::bytes);
  auto consumer = ring->consumer();
  for (int round = 0; round < 50; ++round) {
    std::thread thread([&ring, round] {
      auto producer = ring->producer();
      if (CHECK(producer.has_value())) {
        CHECK(producer->push(Bytes(3, static_cast<std::byte>(round))).status == SpscStatus::done);
      }
    });
    Bytes out(3);
    std::size_t count = 0;
    while (count < 3) count += consumer->pop(std::span(out).subspan(count)).count;
    CHECK_EQ(out, Bytes(3, static_cast<std::byte>(round)));
    thread.join();
  }
}

CONVEYOR_TEST_MAIN()

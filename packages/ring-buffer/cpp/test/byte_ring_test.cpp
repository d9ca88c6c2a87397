#include <conveyor/ring/byte_ring.hpp>
#include <conveyor/testkit/check.hpp>
#include <conveyor/testkit/prng.hpp>

#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

using conveyor::ring::ByteRing;
using conveyor::ring::ResizeStatus;
using conveyor::testkit::Prng;

namespace {

using Bytes = std::vector<std::byte>;

/// Counts what is out, and refuses when the budget is used up.
struct Budget {
  std::size_t left;
  int blocks = 0;
};

struct BudgetAllocator {
  Budget* budget;
  std::byte* acquire(std::size_t size) const {
    if (size > budget->left) return nullptr;
    budget->left -= size;
    ++budget->blocks;
    return conveyor::ring::HeapAllocator{}.acquire(size);
  }
  void release(std::byte* data, std::size_t size) const {
    budget->left += size;
    --budget->blocks;
    conveyor::ring::HeapAllocator{}.release(data, size);
  }
};

Bytes bytes_of(const std::string& text) {
  Bytes bytes;
  for (const char c : text) bytes.push_back(static_cast<std::byte>(c));
  return bytes;
}

template <class Ring>
Bytes read(const Ring& ring, std::uint64_t position, std::size_t length) {
  Bytes out(length);
  if (!ring.copy_out(position, out)) out.clear();
  return out;
}

ByteRing<> ring_of(std::size_t capacity, std::uint64_t start = 0) {
  ByteRing<> ring({}, start);
  CHECK(ring.resize(capacity).status == ResizeStatus::resized);
  return ring;
}

}  // namespace

TEST(byte_ring, starts_without_memory) {
  ByteRing<> ring({}, 77);
  CHECK_EQ(ring.capacity(), 0U);
  CHECK_EQ(ring.vacant(), 0U);
  CHECK_EQ(ring.head(), 77U);
  CHECK_EQ(ring.tail(), 77U);
  CHECK(!ring.write(Bytes(1)));
  CHECK_EQ(ring.write({}).value(), 77U);
  CHECK(ring.view(77, 0).value().empty());
  CHECK(ring.vacant_pieces().empty());
  CHECK(ring.release(77));
  CHECK(ring.copy_out(77, {}));
}

TEST(byte_ring, positions_rise_and_never_wrap) {
  ByteRing<> ring = ring_of(64);
  std::uint64_t expected = 0;
  for (int round = 0; round < 100; ++round) {
    const Bytes data(static_cast<std::size_t>(round % 40), static_cast<std::byte>(round));
    REQUIRE_EQ(ring.write(data).value(), expected);
    CHECK_EQ(read(ring, expected, data.size()), data);
    expected += data.size();
    REQUIRE(ring.release(ring.tail()));
  }
  CHECK_EQ(ring.head(), expected);
}

TEST(byte_ring, positions_far_past_32_bits) {
  const std::uint64_t start = (std::uint64_t{1} << 40) + 60;
  ByteRing<> ring = ring_of(64, start);
  CHECK_EQ(ring.write(bytes_of("abcdefgh")).value(), start);
  CHECK_EQ(read(ring, start + 2, 4), bytes_of("cdef"));
  CHECK_EQ(ring.memory()[start % 64], static_cast<std::byte>('a'));
  CHECK_EQ(ring.memory()[3], static_cast<std::byte>('h'));
}

TEST(byte_ring, a_range_over_the_wrap_is_two_pieces) {
  ByteRing<> ring = ring_of(64, 60);
  REQUIRE(ring.write(bytes_of("abcdefgh")).has_value());
  const auto pieces = ring.view(60, 8).value();
  CHECK_EQ(pieces.first.size(), 4U);
  CHECK_EQ(pieces.second.size(), 4U);
  CHECK_EQ(pieces.second.data(), ring.memory().data());
  const auto exact = ring.view(60, 4).value();
  CHECK_EQ(exact.first.size(), 4U);
  CHECK(exact.second.empty());
  const auto vacant = ring.vacant_pieces();
  CHECK_EQ(vacant.size(), 56U);
  CHECK(vacant.second.empty());
}

TEST(byte_ring, full_and_exactly_full) {
  ByteRing<> ring = ring_of(64);
  REQUIRE_EQ(ring.write(Bytes(64, std::byte{7})).value(), 0U);
  CHECK_EQ(ring.vacant(), 0U);
  CHECK(!ring.write(Bytes(1)));
  CHECK_EQ(ring.tail(), 64U);
  CHECK(ring.release(10));
  CHECK(!ring.write(Bytes(11)));
  CHECK_EQ(ring.write(Bytes(10, std::byte{8})).value(), 64U);
  CHECK_EQ(read(ring, 10, 54), Bytes(54, std::byte{7}));
  CHECK_EQ(read(ring, 64, 10), Bytes(10, std::byte{8}));
}

TEST(byte_ring, commit_takes_what_the_caller_put_there) {
  ByteRing<> ring = ring_of(64, 62);
  std::byte value{1};
  ring.vacant_pieces().for_each([&value](std::span<std::byte> piece) {
    for (std::byte& byte : piece) {
      byte = value;
      value = static_cast<std::byte>(std::to_integer<int>(value) + 1);
    }
  });
  REQUIRE(ring.commit(4));
  CHECK_EQ(read(ring, 62, 4), (Bytes{std::byte{1}, std::byte{2}, std::byte{3}, std::byte{4}}));
  CHECK(!ring.commit(61));
  CHECK(!ring.commit(std::numeric_limits<std::size_t>::max()));
  CHECK_EQ(ring.tail(), 66U);
}

TEST(byte_ring, misuse_is_refused_and_changes_nothing) {
  ByteRing<> ring = ring_of(64, 100);
  REQUIRE(ring.write(bytes_of("abcdefgh")).has_value());
  REQUIRE(ring.release(102));
  const auto max = std::numeric_limits<std::uint64_t>::max();
  Bytes out(3, std::byte{9});
  for (const std::uint64_t position : {0UL, 101UL, 106UL, 109UL, max}) {
    CHECK(!ring.view(position, 3));
    CHECK(!ring.copy_out(position, out));
    CHECK(!ring.overwrite(position, out));
  }
  CHECK(!ring.view(104, std::numeric_limits<std::size_t>::max()));
  CHECK_EQ(out, Bytes(3, std::byte{9}));
  CHECK(!ring.release(101));
  CHECK(!ring.release(109));
  CHECK(!ring.release(max));
  CHECK_EQ(ring.head(), 102U);
  CHECK_EQ(read(ring, 102, 6), bytes_of("cdefgh"));
}

TEST(byte_ring, overwrite_in_place) {
  ByteRing<> ring = ring_of(64, 60);
  REQUIRE(ring.write(bytes_of("abcdefgh")).has_value());
  REQUIRE(ring.overwrite(62, bytes_of("WXYZ")));
  CHECK_EQ(read(ring, 60, 8), bytes_of("abWXYZgh"));
}

TEST(byte_ring, resize_keeps_positions_and_hands_the_old_memory_back) {
  ByteRing<> ring = ring_of(64, 60);
  REQUIRE(ring.write(bytes_of("abcdefgh")).has_value());
  const auto in_flight = ring.view(60, 8).value();
  auto grown = ring.resize(256);
  REQUIRE(grown.status == ResizeStatus::resized);
  CHECK_EQ(grown.old.size(), 64U);
  CHECK_EQ(in_flight.first.data(), grown.old.data() + 60);
  CHECK_EQ(static_cast<char>(in_flight.second[3]), 'h');
  CHECK_EQ(ring.capacity(), 256U);
  CHECK_EQ(read(ring, 60, 8), bytes_of("abcdefgh"));
  CHECK_EQ(ring.write(Bytes(248)).value(), 68U);
  CHECK_EQ(ring.vacant(), 0U);
  REQUIRE(ring.release(310));
  auto shrunk = ring.resize(64);
  CHECK(shrunk.status == ResizeStatus::resized);
  CHECK_EQ(ring.used(), 6U);
}

TEST(byte_ring, resize_refuses) {
  Budget budget{1024};
  {
    ByteRing<BudgetAllocator> ring(BudgetAllocator{&budget});
    for (const std::size_t capacity : {1U, 32U, 63U, 65U, 96U, 1000U}) {
      CHECK(ring.resize(capacity).status == ResizeStatus::bad_capacity);
    }
    CHECK(ring.resize(1024).status == ResizeStatus::resized);
    REQUIRE(ring.write(Bytes(100)).has_value());
    CHECK(ring.resize(64).status == ResizeStatus::too_small);
    CHECK(ring.resize(0).status == ResizeStatus::too_small);
    CHECK(ring.resize(2048).status == ResizeStatus::no_memory);
    CHECK_EQ(ring.capacity(), 1024U);
    CHECK_EQ(budget.blocks, 1);
    REQUIRE(ring.release(100));
    CHECK(ring.resize(0).status == ResizeStatus::resized);
    CHECK_EQ(budget.left, 1024U);
    CHECK_EQ(ring.tail(), 100U);
    CHECK(ring.resize(64).status == ResizeStatus::resized);
  }
  CHECK_EQ(budget.left, 1024U);
  CHECK_EQ(budget.blocks, 0);
}

TEST(byte_ring, moves) {
  Budget budget{256};
  ByteRing<BudgetAllocator> first(BudgetAllocator{&budget}, 5);
  REQUIRE(first.resize(64).status == ResizeStatus::resized);
  REQUIRE(first.write(bytes_of("abc")).has_value());
  ByteRing<BudgetAllocator> second(std::move(first));
  CHECK_EQ(first.capacity(), 0U);
  CHECK(first.empty());
  CHECK(!first.write(Bytes(1)));
  CHECK_EQ(read(second, 5, 3), bytes_of("abc"));
  ByteRing<BudgetAllocator> third(BudgetAllocator{&budget});
  REQUIRE(third.resize(128).status == ResizeStatus::resized);
  third = std::move(second);
  CHECK_EQ(read(third, 5, 3), bytes_of("abc"));
  CHECK_EQ(budget.blocks, 1);
}

// The model: all bytes ever written, by position, and the head.
TEST(byte_ring, model) {
  Prng prng(conveyor::testkit::seed());
  for (int round = 0; round < 200; ++round) {
    const std::uint64_t start = prng.below(1U << 20);
    ByteRing<> ring({}, start);
    Bytes written;
    std::uint64_t head = start;
    for (int step = 0; step < 200; ++step) {
      const std::uint64_t tail = start + written.size();
      const auto position = static_cast<std::uint64_t>(
          prng.between(static_cast<std::int64_t>(head) - 3, static_cast<std::int64_t>(tail) + 4));
      Bytes data(prng.below(90));
      prng.fill(data);
      const bool live = position >= head && position <= tail && data.size() <= tail - position;
      const auto model_at = written.begin() + static_cast<std::ptrdiff_t>(live ? position - start : 0);
      switch (prng.below(6)) {
        case 0: {
          const bool fits = data.size() <= ring.capacity() - (tail - head);
          const auto result = ring.write(data);
          REQUIRE_EQ(result.has_value(), fits);
          if (fits) written.insert(written.end(), data.begin(), data.end());
          break;
        }
        case 1:
          REQUIRE_EQ(ring.overwrite(position, data), live);
          if (live) std::copy(data.begin(), data.end(), model_at);
          break;
        case 2:
          REQUIRE_EQ(ring.copy_out(position, data), live);
          if (live) REQUIRE(std::equal(data.begin(), data.end(), model_at));
          break;
        case 3:
          REQUIRE_EQ(ring.release(position), position >= head && position <= tail);
          if (position >= head && position <= tail) head = position;
          break;
        case 4: {
          const std::size_t capacity = std::size_t{64} << prng.below(4);
          const bool fits = capacity >= tail - head;
          REQUIRE_EQ(ring.resize(capacity).status == ResizeStatus::resized, fits);
          break;
        }
        default: {
          std::size_t at = 0;
          ring.vacant_pieces().for_each([&](std::span<std::byte> piece) {
            for (std::size_t i = 0; i < piece.size() && at < data.size(); ++i, ++at) piece[i] = data[at];
          });
          const bool fits = data.size() <= ring.capacity() - (tail - head);
          REQUIRE_EQ(ring.commit(data.size()), fits);
          if (fits) written.insert(written.end(), data.begin(), data.end());
        }
      }
      REQUIRE_EQ(ring.head(), head);
      REQUIRE_EQ(ring.tail(), start + written.size());
    }
    const Bytes live(written.begin() + static_cast<std::ptrdiff_t>(head - start), written.end());
    CHECK_EQ(read(ring, head, live.size()), live);
  }
}

CONVEYOR_TEST_MAIN()

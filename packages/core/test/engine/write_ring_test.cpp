#include "engine/write_ring.hpp"

#include <conveyor/testkit/check.hpp>
#include <conveyor/testkit/prng.hpp>

#include <deque>
#include <string>

#include "simulation/simulated_memory.hpp"

namespace conveyor::test {
namespace {

struct Kept {
  uint64_t position;
  std::string bytes;
};

uint64_t append(WriteRing& ring, const std::string& bytes) {
  iovec iov{const_cast<char*>(bytes.data()), bytes.size()};
  return ring.append(&iov, 1, 0, bytes.size());
}

std::string read(const WriteRing& ring, const Kept& kept) {
  std::string out(kept.bytes.size(), '?');
  iovec iov{out.data(), out.size()};
  ring.copy_out(kept.position, out.size(), &iov, 1, 0);
  return out;
}

TEST(w3, space_is_freed_only_when_its_bytes_are_dead) {
  testkit::Prng prng(testkit::seed());
  for (size_t capacity : {64U, 1000U, 4096U, 70000U}) {
    sim::SimulatedMemory memory(1 << 20);
    WriteRing ring(memory, 64, capacity);
    std::deque<Kept> alive;
    uint64_t sum = 0;
    for (int i = 0; i < 3000; ++i) {
      std::string bytes(1 + prng.below(capacity / 3), static_cast<char>(prng.below(256)));
      if (prng.chance(3, 5) && ring.reserve(bytes.size())) {
        alive.push_back({append(ring, bytes), bytes});
        sum += bytes.size();
        CHECK_LE(sum, capacity);
      } else if (!alive.empty()) {
        auto victim = alive.begin() + static_cast<long>(prng.below(alive.size()));
        ring.drop(victim->position, victim->bytes.size());
        sum -= victim->bytes.size();
        alive.erase(victim);
      }
      REQUIRE_EQ(ring.live(), sum);
      for (const Kept& kept : alive) REQUIRE(read(ring, kept) == kept.bytes);
    }
    for (const Kept& kept : alive) ring.drop(kept.position, kept.bytes.size());
    // Dead all over, it takes a write of its whole size.
    CHECK(ring.reserve(capacity));
    CHECK(ring.trim());
    CHECK_EQ(memory.used(), 0U);
  }
}

TEST(w3, growing_keeps_the_memory_that_the_backend_reads) {
  sim::SimulatedMemory memory(1 << 20);
  WriteRing ring(memory, 4096, 64 << 10);
  REQUIRE(ring.reserve(4000));
  uint64_t position = append(ring, std::string(4000, 'a'));
  const std::byte* before = nullptr;
  ring.for_each_piece(position, 4000, [&](std::byte* data, size_t) { before = data; });
  int pin = ring.pin();
  REQUIRE(ring.reserve(20000));
  append(ring, std::string(20000, 'b'));
  CHECK_EQ(static_cast<int>(before[3999]), static_cast<int>('a'));
  uint64_t used = memory.used();
  ring.unpin(pin);
  CHECK_LT(memory.used(), used);
  CHECK_EQ(read(ring, {position, std::string(4000, 'a')}), std::string(4000, 'a'));
}

TEST(w6, a_refused_growth_changes_nothing) {
  sim::SimulatedMemory memory(8192);
  WriteRing ring(memory, 4096, 64 << 10);
  REQUIRE(ring.reserve(4096));
  uint64_t position = append(ring, std::string(4096, 'a'));
  CHECK(!ring.reserve(1));
  CHECK(ring.starved());
  CHECK_EQ(read(ring, {position, std::string(4096, 'a')}), std::string(4096, 'a'));
  ring.drop(position, 4096);
  CHECK(ring.reserve(4096));
}

TEST(w3, an_empty_ring_goes_on_at_the_beginning_of_its_memory) {
  sim::SimulatedMemory memory(1 << 20);
  WriteRing ring(memory, 4096, 4096);
  REQUIRE(ring.reserve(100));
  size_t room = 0;
  const std::byte* begin = ring.lane(&room);
  uint64_t position = append(ring, std::string(100, 'a'));
  ring.rewind();  // something lives in it
  CHECK_EQ(ring.tail(), position + 100);
  int pin = ring.pin();
  ring.drop(position, 100);
  ring.rewind();  // somebody reads its memory
  CHECK_EQ(ring.tail(), position + 100);
  ring.unpin(pin);
  ring.rewind();
  CHECK_GT(ring.tail(), position + 100);
  CHECK(ring.lane(&room) == begin);
  CHECK_EQ(room, size_t{4096});
  Kept kept{append(ring, std::string(4096, 'b')), std::string(4096, 'b')};
  CHECK_EQ(read(ring, kept), kept.bytes);
}

}  // namespace
}  // namespace conveyor::test

// A ring whose positions are published without release. ThreadSanitizer has to report a data race on the bytes (exit
// code 66 by default); without a sanitizer the program ends with 0. A sanitizer run that lets this pass proves nothing.
#include <conveyor/ring/spsc_ring.hpp>

#include <array>
#include <atomic>
#include <cstdio>
#include <thread>

namespace {

struct PlantedOrders {
  static constexpr std::memory_order kPublish = std::memory_order_relaxed;  // the planted error
  static constexpr std::memory_order kObserve = std::memory_order_acquire;
};

}  // namespace

int main() {
  using Ring = conveyor::ring::SpscRing<PlantedOrders>;
  auto ring = Ring::create(1024, conveyor::ring::SpscMode::bytes);
  if (!ring) return 2;
  auto producer = ring->producer();
  auto consumer = ring->consumer();
  std::thread pushing([&producer] {
    const std::array<std::byte, 16> data{};
    for (int i = 0; i < 10'000; ++i) static_cast<void>(producer->try_push(data));
    producer->close();
  });
  std::size_t popped = 0;
  unsigned sum = 0;  // of what was popped: bytes that nobody uses would not even be read
  for (bool more = true; more;) {
    std::array<std::byte, 16> data{};
    const auto result = consumer->try_pop(data);
    popped += result.count;
    for (const std::byte byte : data) sum += std::to_integer<unsigned>(byte);
    more = result.status != conveyor::ring::SpscStatus::ended;
    if (result.status == conveyor::ring::SpscStatus::empty) std::this_thread::yield();
  }
  pushing.join();
  std::printf("popped %zu bytes, sum %u\n", popped, sum);
  return 0;
}

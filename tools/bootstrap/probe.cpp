// Compiles and links where the compiler and its standard library are really C++20, as far as the engine needs it.
#include <atomic>
#include <bit>
#include <compare>
#include <concepts>
#include <coroutine>
#include <cstdint>
#include <semaphore>
#include <span>
#include <stop_token>
#include <thread>

template <std::unsigned_integral T>
constexpr T rounded_up(T count) {
  return std::bit_ceil(count);
}

struct Extent {
  std::uint64_t offset;
  std::uint64_t end;
  auto operator<=>(const Extent &) const = default;
};

int main() {
  static_assert(rounded_up(5U) == 8U);
  static_assert(Extent{.offset = 1, .end = 2} < Extent{.offset = 2, .end = 3});
  std::atomic<int> ready{0};
  const std::jthread other([&ready] {
    ready.store(1);
    ready.notify_one();
  });
  ready.wait(0);
  const int values[] = {1, 2, 3};
  return std::span(values).size() == 3 ? 0 : 1;
}

#include <conveyor/testkit/check.hpp>
#include <conveyor/testkit/prng.hpp>

#include <array>
#include <fstream>
#include <numeric>
#include <sstream>
#include <string>
#include <vector>

using conveyor::testkit::Prng;

namespace {

std::string hex(std::span<const std::byte> bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const std::byte byte : bytes) {
    text += kDigits[std::to_integer<unsigned>(byte) >> 4];
    text += kDigits[std::to_integer<unsigned>(byte) & 15];
  }
  return text;
}

}  // namespace

// The format of the trace: one draw a line, `method [arguments] = result`; `seed N` starts a generator.
TEST(prng, replays_the_recorded_sequence) {
  std::ifstream trace(TRACE_FILE);
  REQUIRE(trace.good());
  Prng prng(0);
  std::string line;
  std::size_t draws = 0;
  while (std::getline(trace, line)) {
    std::istringstream words(line);
    std::string method;
    if (!(words >> method) || method == "#") continue;
    ++draws;
    const auto argument = [&words] {
      std::int64_t value = 0;
      words >> value;
      return value;
    };
    const auto recorded = [&words] {
      std::string text;
      words >> text >> text;
      return text;
    };
    std::string drawn;
    if (method == "seed") {
      std::uint64_t seed = 0;
      words >> seed;
      prng = Prng(seed);
      continue;
    } else if (method == "u64") drawn = std::to_string(prng.next_u64());
    else if (method == "u32") drawn = std::to_string(prng.next_u32());
    else if (method == "below") drawn = std::to_string(prng.below(static_cast<std::uint64_t>(argument())));
    else if (method == "between") {
      const std::int64_t begin = argument();
      drawn = std::to_string(prng.between(begin, argument()));
    } else if (method == "chance") {
      const std::int64_t numerator = argument();
      drawn = std::to_string(
          prng.chance(static_cast<std::uint64_t>(numerator), static_cast<std::uint64_t>(argument())) ? 1 : 0);
    } else if (method == "real") drawn = std::to_string(static_cast<std::uint64_t>(prng.real() * 0x1.0p53));
    else if (method == "fill") {
      std::vector<std::byte> bytes(static_cast<std::size_t>(argument()));
      prng.fill(bytes);
      drawn = hex(bytes);
    } else if (method == "shuffle") {
      std::vector<std::byte> items(static_cast<std::size_t>(argument()));
      for (std::size_t i = 0; i < items.size(); ++i) items[i] = static_cast<std::byte>(i);
      prng.shuffle(std::span(items));
      drawn = hex(items);
    } else if (method == "fork") {
      drawn = std::to_string(prng.fork().next_u64());
    }
    CHECK_MSG(drawn == recorded(), line + "  drawn: " + drawn);
  }
  CHECK_GT(draws, 100U);
}

TEST(prng, stays_within_bounds) {
  Prng prng(conveyor::testkit::seed());
  std::array<int, 5> seen{};
  for (int i = 0; i < 1000; ++i) {
    const std::int64_t value = prng.between(-2, 3);
    REQUIRE(value >= -2 && value < 3);
    ++seen[static_cast<std::size_t>(value + 2)];
  }
  for (const int count : seen) CHECK_GT(count, 100);
  CHECK_EQ(prng.below(1), 0U);
  CHECK_EQ(prng.below(0), 0U);
  CHECK_LT(prng.real(), 1.0);
}

CONVEYOR_TEST_MAIN()

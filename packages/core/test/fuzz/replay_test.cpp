// The inputs that are kept of the fuzzer (inputs/*.hex), run once: those that have found something, and the seeds. Any
// compiler will do. CONVEYOR_FUZZ_TRACE=1 tells every step.

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <vector>

#include <conveyor/testkit/check.hpp>
#include <conveyor/testkit/prng.hpp>

#include "../stress/environment.hpp"
#include "comparison.hpp"

namespace conveyor::test {
namespace {

int digit(char c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1; }

/// The bytes of a file of hexadecimal lines; what follows a # is a comment.
std::vector<std::uint8_t> read_input(const std::filesystem::path &path) {
  std::vector<std::uint8_t> bytes;
  std::ifstream file(path);
  std::string line;
  while (std::getline(file, line)) {
    int high = -1;
    for (const char c : line.substr(0, line.find('#'))) {
      const int value = digit(c);
      if (value < 0) continue;
      if (high >= 0) bytes.push_back(static_cast<std::uint8_t>(high * 16 + value));
      high = high >= 0 ? -1 : value;
    }
    REQUIRE_EQ(high, -1);
  }
  return bytes;
}

/// How many inputs of this kind were run.
int replay(const std::string &prefix) {
  std::vector<std::filesystem::path> paths;
  for (const auto &entry : std::filesystem::directory_iterator(CONVEYOR_FUZZ_INPUTS)) {
    if (entry.path().filename().string().starts_with(prefix)) paths.push_back(entry.path());
  }
  std::ranges::sort(paths);
  for (const auto &path : paths) {
    const std::vector<std::uint8_t> input = read_input(path);
    CHECK_GT(input.size(), 10U);
    const auto failure = Comparison(input).run();
    CHECK_MSG(!failure, path.filename().string() + ": " + failure.value_or(""));
  }
  return static_cast<int>(paths.size());
}

TEST(c2, inputs_that_have_found_something) {
  configure_workers();
  CHECK_GT(replay("found-"), 0);
}

TEST(c2, seeds_of_the_fuzzer) {
  configure_workers();
  CHECK_GT(replay("seed-"), 0);
}

TEST(c2, random_inputs) {
  configure_workers();
  testkit::Prng prng(stress_seed());
  for (int round = 0; round < (testkit::kSanitized ? 20 : 60); ++round) {
    std::vector<std::uint8_t> input(20 + prng.below(300));
    prng.fill(std::as_writable_bytes(std::span(input)));
    const auto failure = Comparison(input).run();
    if (!CHECK_MSG(!failure, "round " + std::to_string(round) + ": " + failure.value_or(""))) return;
  }
}

}  // namespace
}  // namespace conveyor::test

CONVEYOR_TEST_MAIN()

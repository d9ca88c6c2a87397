#include "read_patterns.hpp"

#include <conveyor/testkit/prng.hpp>
#include <cstdio>

#include "distant_world.hpp"

namespace conveyor::test {
namespace {

constexpr uint64_t kKiB = 1024;
constexpr uint64_t kMiB = 1024 * kKiB;
constexpr uint64_t kReads = 12'288;
constexpr uint64_t kShown = 4096;  // of them: the pattern shows itself, and memory is full once
constexpr Time kPause = 100'000;   // of the application, between two reads

Range piece(uint64_t begin, uint64_t length) { return {begin, begin + length}; }

uint64_t scattered(uint64_t n) { return testkit::Prng(n * 7919 + 3).below(1 << 20); }

// In turn at `readers` places far from each other.
ReadPattern taking_turns(const char* name, uint64_t readers) {
  return {name,
          [readers](uint64_t n) { return piece((n % readers + 1) * (kMiB << 8) + n / readers * 4 * kKiB, 4 * kKiB); }};
}

ReadPattern strided(const char* name, uint64_t length, uint64_t stride) {
  return {name, [=](uint64_t n) { return piece(kMiB + n * stride, length); }};
}

ReadPattern backward(const char* name, uint64_t length, uint64_t stride) {
  return {name, [=](uint64_t n) { return piece((kReads + 1 - n) * stride, length); }};
}

}  // namespace

const std::vector<ReadPattern>& read_patterns() {
  static const std::vector<ReadPattern> all{
      {"sequential, 4 KiB", [](uint64_t n) { return piece(n * 4 * kKiB, 4 * kKiB); }},
      {"sequential, 64 KiB", [](uint64_t n) { return piece(n * 64 * kKiB, 64 * kKiB); }},
      {"sequential, a step of 16 KiB back after 16 reads",
       [](uint64_t n) { return piece(n * 4 * kKiB - n / 16 * 16 * kKiB, 4 * kKiB); }},
      {"sequential, every fourth read left out", [](uint64_t n) { return piece((n + n / 3) * 4 * kKiB, 4 * kKiB); }},
      taking_turns("8 readers in turn", 8),
      taking_turns("16 readers in turn", 16),
      strided("4 KiB of 8 KiB", 4 * kKiB, 8 * kKiB),
      strided("4 KiB of 16 KiB", 4 * kKiB, 16 * kKiB),
      strided("4 KiB of 64 KiB", 4 * kKiB, 64 * kKiB),
      strided("4 KiB of 1 MiB", 4 * kKiB, kMiB),
      strided("64 KiB of 256 KiB", 64 * kKiB, 256 * kKiB),
      backward("backward, 4 KiB", 4 * kKiB, 4 * kKiB),
      backward("backward, 64 KiB", 64 * kKiB, 64 * kKiB),
      backward("backward, 4 KiB of 16 KiB", 4 * kKiB, 16 * kKiB),
      {"random, 4 KiB", [](uint64_t n) { return piece(scattered(n) * 4 * kKiB, 4 * kKiB); }},
      {"random, runs of 4 reads of 4 KiB",
       [](uint64_t n) { return piece(scattered(n / 4) * 64 * kKiB + n % 4 * 4 * kKiB, 4 * kKiB); }},
      {"random and sequential in turn, 4 KiB",
       [](uint64_t n) {
         return n % 2 ? piece((kMiB << 12) + scattered(n) * 4 * kKiB, 4 * kKiB) : piece(n / 2 * 4 * kKiB, 4 * kKiB);
       }},
      {"sequential, then random, 4 KiB",
       [](uint64_t n) {
         return n < kShown ? piece(n * 4 * kKiB, 4 * kKiB) : piece(scattered(n) * 4 * kKiB, 4 * kKiB);
       }},
  };
  return all;
}

ReadCost measure(const ReadPattern& pattern) {
  DistantWorld world(EngineConfig{}, {5 * kMillisecond, 1e9});
  uint64_t done = 0;
  Totals shown;
  std::function<void()> next = [&] {
    const Range range = pattern.at(done);
    world.read(range.begin, range.length(), [&](ssize_t) {
      world.engine().settle_lanes();
      if (++done == kShown) shown = world.engine().counters().totals;
      if (done < kReads) world.later(kPause, next);
    });
  };
  next();
  while (done < kReads) world.run_until(world.now() + 10 * kMillisecond);
  const Totals& all = world.engine().counters().totals;
  const double reads = static_cast<double>(all.reads - shown.reads);
  return {static_cast<double>(all.backend_bytes_read - shown.backend_bytes_read) /
              static_cast<double>(all.bytes_read - shown.bytes_read),
          static_cast<double>(all.read_hits - shown.read_hits) / reads,
          static_cast<double>(all.backend_reads - shown.backend_reads) / reads};
}

std::string read_pattern_table() {
  std::string table =
      "| reads | backend bytes per byte read | without waiting | backend reads per read |\n|---|---|---|---|\n";
  for (const ReadPattern& pattern : read_patterns()) {
    const ReadCost cost = measure(pattern);
    char line[256];
    std::snprintf(line, sizeof line, "| %s | %.2f | %.0f %% | %.2f |\n", pattern.name, cost.amplification,
                  cost.hits * 100, cost.backend_reads);
    table += line;
  }
  return table;
}

}  // namespace conveyor::test

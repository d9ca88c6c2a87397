#pragma once
/// The command line of core_bench.

#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

namespace conveyor::bench {

/// What to run. Sizes are bytes.
struct Settings {
  std::string workload;
  std::string condition;       // one of the workload's; empty = its first
  std::string directory = "."; // of scratch files
  std::string side;            // only this one, for a profiler; empty = all, paired
  std::uint64_t bytes = 64 << 20;
  std::uint64_t block = 4096;
  std::uint64_t rounds = 11;   // measured ones; an unmeasured one comes first
  std::uint64_t seed = 1;
  std::uint64_t delay_us = 2000;  // of each operation of a slow backend
  std::uint64_t megabits = 0;     // of the link to a slow backend, per second; 0: no limit
  std::uint64_t handles = 10'000;
  std::uint64_t rest_ms = 3000;  // before idle handles are looked at: the engine gives memory back after a second
  bool list = false;

  std::uint64_t blocks() const { return bytes / block; }
};

/// A command line that makes no sense; what() says why in one line.
class BadArguments : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// `WORKLOAD [--condition NAME] [--directory DIR] [--side NAME] [--bytes N] [--block N] [--rounds N] [--seed N]
/// [--delay-us N] [--megabits N] [--handles N] [--rest-ms N]`, or `--list`. Errors: BadArguments.
Settings parse_arguments(std::span<const char* const> arguments);

}  // namespace conveyor::bench

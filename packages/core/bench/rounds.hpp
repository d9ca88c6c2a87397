#pragma once
/// Runs the sides of a workload beside each other, in turn and with alternating order: A B, B A, A B ...

#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "arguments.hpp"
#include "report.hpp"
#include "stopwatch.hpp"

namespace conveyor::bench {

/// One run of one side. The side starts and stops the clock around what counts, then proves its bytes.
struct Trial {
  std::uint64_t seed = 0;  // of the bytes; no other trial of the run has it
  Stopwatch watch;
  std::uint64_t verified_bytes = 0;
  std::uint64_t backend_operations = 0;  // where the side counts them
};

/// One way of doing the work.
struct Side {
  std::string name;
  /// Errors: Mismatch when bytes are wrong; std::system_error when a call fails.
  std::function<void(Trial&)> run;
  /// Fewer measured rounds than the others have, and no warm-up: for peers that are slow by nature.
  std::uint64_t rounds_most = std::numeric_limits<std::uint64_t>::max();
};

/// Runs all rounds and reports each trial as a `sample`. Round 0 is a warm-up.
///
/// Errors: those of the sides, and std::logic_error when a side did not verify `settings.bytes`; BadArguments when
/// `settings.side` names none of them.
void run_rounds(const Settings& settings, const std::vector<Side>& sides, Report& report);

}  // namespace conveyor::bench

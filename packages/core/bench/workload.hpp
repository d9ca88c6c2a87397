#pragma once
/// The workloads of core_bench by name.

#include <span>
#include <string_view>

#include "arguments.hpp"
#include "report.hpp"

namespace conveyor::bench {

/// A kind of work that several sides do in turn.
struct Workload {
  std::string_view name;
  std::string_view summary;
  std::span<const std::string_view> conditions;  // the first is the default
  /// Reports samples (or gauges). Errors: as run_rounds.
  void (*run)(const Settings& settings, Report& report);
};

extern const Workload kPositionalWrites;
extern const Workload kLargeWrites;
extern const Workload kCursorWrites;
extern const Workload kAccepts;
extern const Workload kWarmReads;
extern const Workload kPositionalReads;
extern const Workload kCursorReads;
extern const Workload kRandomReads;
extern const Workload kSlowWrites;
extern const Workload kSlowReads;
extern const Workload kFarWrites;
extern const Workload kFarReads;
extern const Workload kSingleWrites;
extern const Workload kSingleReads;
extern const Workload kManyThreads;
extern const Workload kIdleHandles;
extern const Workload kTurnover;
extern const Workload kStreams;

std::span<const Workload* const> all_workloads();

/// Checks workload and condition, and runs: a `begin` line, what the workload reports, an `end` line.
/// Errors: BadArguments; those of the workload.
void run_workload(Settings settings, Report& report);

}  // namespace conveyor::bench

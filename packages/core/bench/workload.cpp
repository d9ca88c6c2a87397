#include "workload.hpp"

#include <algorithm>
#include <array>
#include <string>

#include <conveyor/conveyor.h>

namespace conveyor::bench {
namespace {

constexpr std::array kAll{&kPositionalWrites, &kLargeWrites, &kCursorWrites, &kPositionalReads, &kCursorReads,
                          &kRandomReads,      &kAccepts,     &kWarmReads,    &kManyThreads,     &kSlowWrites,
                          &kSlowReads,        &kFarWrites,   &kFarReads,     &kSingleWrites,    &kSingleReads,
                          &kIdleHandles,      &kTurnover,    &kStreams};

const Workload& find_workload(std::string_view name) {
  const auto found = std::find_if(kAll.begin(), kAll.end(), [&](const Workload* each) { return each->name == name; });
  if (found == kAll.end()) throw BadArguments("unknown workload " + std::string(name) + "; --list names them");
  return **found;
}

}  // namespace

std::span<const Workload* const> all_workloads() { return kAll; }

void run_workload(Settings settings, Report& report) {
  const Workload& workload = find_workload(settings.workload);
  const auto& conditions = workload.conditions;
  if (settings.condition.empty()) settings.condition = conditions.front();
  if (std::find(conditions.begin(), conditions.end(), settings.condition) == conditions.end()) {
    throw BadArguments("workload " + settings.workload + " has no condition " + settings.condition);
  }
  report.line("begin", {{"workload", std::string_view(settings.workload)},
                        {"condition", std::string_view(settings.condition)},
                        {"bytes", settings.bytes},
                        {"block", settings.block},
                        {"rounds", settings.rounds},
                        {"seed", settings.seed},
                        {"library", std::string_view(conveyor_version())},
                        {"compiler", std::string_view(__VERSION__)}});
  workload.run(settings, report);
  report.line("end", {});
}

}  // namespace conveyor::bench

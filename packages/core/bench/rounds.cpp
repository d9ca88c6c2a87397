#include "rounds.hpp"

#include <algorithm>

namespace conveyor::bench {
namespace {

void run_trial(const Settings& settings, const Side& side, std::uint64_t round, std::uint64_t number, Report& report) {
  Trial trial;
  trial.seed = settings.seed * 1'000'003 + number;
  side.run(trial);
  if (trial.verified_bytes != settings.bytes) throw std::logic_error(side.name + " has not verified all bytes");
  report.line("sample", {{"side", std::string_view(side.name)},
                         {"round", round},
                         {"order", number},
                         {"ns", trial.watch.elapsed_ns()},
                         {"cpuNs", trial.watch.cpu_ns()},
                         {"verifiedBytes", trial.verified_bytes},
                         {"backendOperations", trial.backend_operations}});
}

bool takes_part(const Side& side, std::uint64_t round) {
  const bool is_limited = side.rounds_most != std::numeric_limits<std::uint64_t>::max();
  return is_limited ? round >= 1 && round <= side.rounds_most : true;
}

}  // namespace

void run_rounds(const Settings& settings, const std::vector<Side>& sides, Report& report) {
  std::vector<const Side*> order;
  for (const Side& side : sides) {
    if (settings.side.empty() || settings.side == side.name) order.push_back(&side);
  }
  if (order.empty()) throw BadArguments("--side " + settings.side + ": there is no such side");
  std::uint64_t number = 0;
  for (std::uint64_t round = 0; round <= settings.rounds; ++round) {
    for (const Side* side : order) {
      if (takes_part(*side, round)) run_trial(settings, *side, round, number++, report);
    }
    std::reverse(order.begin(), order.end());
  }
}

}  // namespace conveyor::bench

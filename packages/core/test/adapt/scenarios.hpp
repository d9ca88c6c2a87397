// What adaptation is tried with: applications over backends that change, each beside the best of many fixed settings in
// the same simulated world.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "distant_world.hpp"

namespace conveyor::test {

/// What counts: bytes moved per second; the same while accepted bytes had not landed; how long bytes are in memory,
/// which is to be short; bytes per backend operation.
enum class Aim { kThroughput, kDrain, kAge, kConsolidation };

/// A backend for a while.
struct Phase {
  const char* name;
  Distance distance;
  Aim aim = Aim::kThroughput;
};

/// An application: lives until the world has ended.
struct Application {
  virtual ~Application() = default;
};
using Applications = std::vector<std::unique_ptr<Application>>;

struct Scenario {
  const char* name;
  std::vector<Phase> phases;
  std::function<Applications(DistantWorld&)> start;
  bool read_through = false;
};

/// How a phase ended.
struct PhaseResult {
  double score = 0;       // higher is better: bytes per second, one over the mean age in seconds, bytes
  int settled_after = 0;  // ticks until every setting stays within a factor of two to the end of the phase
  Tuning last;
};

struct Comparison {
  const Scenario* scenario = nullptr;
  const Phase* phase = nullptr;
  PhaseResult adaptive;
  double best = 0;
  Tuning best_tuning;
  double share() const { return adaptive.score / best; }
};

const std::vector<Scenario>& scenarios();
/// Each phase in turn over one engine that adapts.
std::vector<PhaseResult> run_adaptive(const Scenario& scenario);
/// The best of the fixed settings for one phase.
std::pair<double, Tuning> best_fixed(const Scenario& scenario, const Phase& phase);
std::vector<Comparison> compare(const Scenario& scenario);
/// As a table in Markdown.
std::string table_of(const std::vector<Comparison>& comparisons);

}  // namespace conveyor::test

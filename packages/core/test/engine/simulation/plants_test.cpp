// Does the simulation find bugs? Built from engine sources with planted ones (engine/planted.hpp), of which each test
// turns one on.
#include <conveyor/testkit/check.hpp>
#include <optional>

#include "engine/planted.hpp"
#include "script.hpp"

namespace conveyor::sim {
namespace {

constexpr uint64_t kSeedsMost = 500;
constexpr size_t kEventsMost = 30;

// The first world that fails, made as short as it gets.
std::optional<Script> find_and_shrink() {
  for (uint64_t seed = 0; seed < kSeedsMost; ++seed) {
    Script script = script_of_seed(seed, kStepsDefault);
    if (!run_apart(script).failed()) continue;
    return shrink(script, run_apart);
  }
  return std::nullopt;
}

void check_found(Bug bug) {
  planted_bug = bug;
  std::optional<Script> script = find_and_shrink();
  if (CHECK(script.has_value())) {
    Verdict verdict = run_apart(*script);
    CHECK(verdict.failed());
    CHECK_LE(script->events.size(), kEventsMost);
    std::printf("%s: %s\n%s", verdict.rule.c_str(), verdict.message.c_str(), to_text(*script).c_str());
    planted_bug = Bug::kNone;
    verdict = run_apart(*script);
    CHECK_MSG(!verdict.failed(), verdict.rule + ": " + verdict.message);
  }
  planted_bug = Bug::kNone;
}

TEST(simulation, finds_a_lost_extent) { check_found(Bug::kLostExtent); }
TEST(simulation, finds_a_reordered_overlap) { check_found(Bug::kReorderedOverlap); }
TEST(simulation, finds_a_stale_read) { check_found(Bug::kStaleRead); }
TEST(simulation, finds_a_missed_wakeup) { check_found(Bug::kMissedWakeup); }
TEST(simulation, finds_ring_space_freed_too_early) { check_found(Bug::kEarlyFree); }

TEST(simulation, finds_nothing_where_nothing_is_planted) {
  uint64_t events = 0;
  for (uint64_t seed = 0; seed < kSeedsMost; ++seed) {
    Verdict verdict = run_seed(seed, kStepsDefault, nullptr, &events);
    if (!CHECK_MSG(!verdict.failed(), std::to_string(seed) + ": " + verdict.rule + ": " + verdict.message)) return;
  }
}

}  // namespace
}  // namespace conveyor::sim

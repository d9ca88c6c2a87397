// A1: adaptation in a simulated world, beside the best of many fixed settings.
#include "scenarios.hpp"

#include <conveyor/testkit/check.hpp>
#include <fstream>
#include <sstream>

#include "applications.hpp"

namespace conveyor::test {
namespace {

constexpr int kTicksMost = 10;
constexpr double kShareLeast = 0.9;

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
constexpr bool kIsSlow = true;
#else
constexpr bool kIsSlow = false;
#endif
constexpr const char* kWhySlow = "one thread and no new code: too long for a sanitizer, and the release build runs it";

std::string name_of(const Comparison& c) { return std::string(c.scenario->name) + ", " + c.phase->name; }

const std::vector<Comparison>& comparisons() {
  static const std::vector<Comparison> all = [] {
    std::vector<Comparison> made;
    for (const Scenario& scenario : scenarios())
      for (const Comparison& comparison : compare(scenario)) made.push_back(comparison);
    return made;
  }();
  return all;
}

TEST(a1, settles_within_ten_ticks_of_every_change) {
  if (kIsSlow) SKIP(kWhySlow);
  for (const Comparison& c : comparisons()) CHECK_MSG(c.adaptive.settled_after <= kTicksMost, name_of(c));
}

TEST(a1, reaches_nine_tenths_of_the_best_fixed_setting) {
  if (kIsSlow) SKIP(kWhySlow);
  for (const Comparison& c : comparisons())
    CHECK_MSG(c.share() >= kShareLeast, name_of(c) + ": " + std::to_string(c.share()));
}

TEST(a1, the_guide_holds_the_table_that_the_program_prints) {
  if (kIsSlow) SKIP(kWhySlow);
  std::ifstream file(CONVEYOR_GUIDES "/adaptation.md");
  if (!file) SKIP("the guide is not part of this tree");
  std::stringstream guide;
  guide << file.rdbuf();
  CHECK_MSG(guide.str().find(table_of(comparisons())) != std::string::npos,
            "docs/guides/adaptation.md: put the output of .build/release/test/adaptation_table there");
}

EngineConfig adaptive() {
  EngineConfig config;
  config.adaptive = true;
  return config;
}

TEST(a1, an_idle_handle_does_not_tick) {
  DistantWorld world(adaptive(), {20 * kMillisecond, 1e8});
  CHECK_EQ(world.engine().next_wakeup(), kNever);
  world.write(0, 1 << 20, [] {});
  world.run_until(5'000 * kMillisecond);
  CHECK_EQ(world.engine().dirty_bytes(), 0U);
  CHECK_EQ(world.engine().next_wakeup(), kNever);
}

TEST(a1, without_it_nothing_changes) {
  EngineConfig config;
  DistantWorld world(config, {20 * kMillisecond, 1e8});
  const Tuning before = world.engine().adaptation().tuning();
  Writer writer(world, 64 << 10, {});
  world.run_until(5'000 * kMillisecond);
  CHECK(world.engine().adaptation().tuning() == before);
  CHECK_EQ(world.engine().adaptation().decisions(), 0U);
}

TEST(a1, what_was_chosen_is_kept) {
  EngineConfig config = adaptive();
  config.pinned = {true, true, true, true, true};
  DistantWorld world(config, {200 * kMillisecond, 1e9});
  const Tuning before = world.engine().adaptation().tuning();
  Writer writer(world, 64 << 10, {});
  Reader reader(world, 64 << 10);
  world.run_until(10'000 * kMillisecond);
  CHECK(world.engine().adaptation().tuning() == before);
}

TEST(a1, depth_stays_below_its_bound) {
  EngineConfig config = adaptive();
  config.depth_max = 6;
  DistantWorld world(config, {20 * kMillisecond, 1e9});
  RandomWriter writer(world, 4096);
  world.run_until(10'000 * kMillisecond);
  CHECK_EQ(world.engine().adaptation().tuning().write_depth, 6U);
}

}  // namespace
}  // namespace conveyor::test

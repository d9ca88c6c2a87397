// The engine in many seeded worlds, the scripts of bugs that there were, and shrinking.
#include <conveyor/testkit/check.hpp>
#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "script.hpp"

namespace conveyor::sim {
namespace {

uint64_t worlds() {
  const char* wanted = std::getenv("CONVEYOR_TEST_WORLDS");
  if (wanted) return std::strtoull(wanted, nullptr, 10);
  return testkit::kSanitized ? 4'000 : 40'000;
}

// In tenths, because each test has its deadline.
void run_tenth(uint64_t tenth) {
  const uint64_t count = worlds() / 10;
  uint64_t events = 0;
  for (uint64_t seed = tenth * count; seed < (tenth + 1) * count; ++seed) {
    Verdict verdict = run_seed(seed, kStepsDefault, nullptr, &events);
    std::string what = "engine_sim --seed " + std::to_string(seed) + " --shrink: " + verdict.rule + ": ";
    if (!CHECK_MSG(!verdict.failed(), what + verdict.message)) return;
  }
  CHECK_GT(events, count * 50);
}

TEST(c2, worlds_of_tenth_0_agree_with_a_byte_array) { run_tenth(0); }
TEST(c2, worlds_of_tenth_1_agree_with_a_byte_array) { run_tenth(1); }
TEST(c2, worlds_of_tenth_2_agree_with_a_byte_array) { run_tenth(2); }
TEST(c2, worlds_of_tenth_3_agree_with_a_byte_array) { run_tenth(3); }
TEST(c2, worlds_of_tenth_4_agree_with_a_byte_array) { run_tenth(4); }
TEST(c2, worlds_of_tenth_5_agree_with_a_byte_array) { run_tenth(5); }
TEST(c2, worlds_of_tenth_6_agree_with_a_byte_array) { run_tenth(6); }
TEST(c2, worlds_of_tenth_7_agree_with_a_byte_array) { run_tenth(7); }
TEST(c2, worlds_of_tenth_8_agree_with_a_byte_array) { run_tenth(8); }
TEST(c2, worlds_of_tenth_9_agree_with_a_byte_array) { run_tenth(9); }

TEST(simulation, scripts_of_former_bugs_run) {
  std::vector<std::filesystem::path> scripts;
  for (const auto& entry : std::filesystem::directory_iterator(CONVEYOR_FIXTURES))
    if (entry.path().extension() == ".txt") scripts.push_back(entry.path());
  std::sort(scripts.begin(), scripts.end());
  CHECK(!scripts.empty());
  for (const auto& path : scripts) {
    Script script;
    std::string error;
    if (!CHECK_MSG(read_script(path, &script, &error), path.string() + ": " + error)) continue;
    Verdict verdict = run(script);
    CHECK_MSG(!verdict.failed(), path.filename().string() + ": " + verdict.rule + ": " + verdict.message);
  }
}

TEST(simulation, a_script_survives_being_text) {
  Script script, again;
  uint64_t events = 0;
  run_seed(5, kStepsDefault, &script, &events);
  std::string error;
  REQUIRE(parse(to_text(script), &again, &error));
  CHECK_EQ(to_text(again), to_text(script));
  CHECK(again.events == script.events);
  CHECK(!parse("write offset\n", &again, &error));
  CHECK(!parse("fly\n", &again, &error));
  CHECK_EQ(error, "fly");
}

TEST(simulation, the_same_seed_is_the_same_world) {
  Script one, other;
  uint64_t events = 0;
  run_seed(11, kStepsDefault, &one, &events);
  run_seed(11, kStepsDefault, &other, &events);
  CHECK(one.events == other.events);
  std::vector<std::string> story, again;
  run(one, &story);
  run(other, &again);
  CHECK(story == again);
}

TEST(simulation, shrinking_keeps_what_fails) {
  Script script;
  uint64_t events = 0;
  run_seed(3, kStepsDefault, &script, &events);
  script.events.push_back({EventKind::kWrite, Outcome::kWhole, kAtCursor, 0, 1234, 0});
  script.events.push_back({EventKind::kFlush});
  // Fails wherever a flush comes after a write of 1000 bytes or more.
  auto try_out = [](const Script& s) {
    bool large = false;
    for (const Event& e : s.events) {
      large = large || (e.kind == EventKind::kWrite && e.count >= 1000);
      if (large && e.kind == EventKind::kFlush) return Verdict{"test", "it does"};
    }
    return Verdict{};
  };
  Script shortest = shrink(script, try_out);
  REQUIRE_EQ(shortest.events.size(), 2u);
  CHECK(shortest.events[0].kind == EventKind::kWrite && shortest.events[0].count < 2000);
  CHECK(shortest.events[0].flags == 0 && shortest.events[0].offset == 0);
  CHECK(shortest.events[1] == Event{EventKind::kFlush});
  CHECK(to_text(shortest.world).empty());
}

}  // namespace
}  // namespace conveyor::sim

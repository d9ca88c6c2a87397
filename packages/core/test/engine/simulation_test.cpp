// The engine against a byte array, in many seeded worlds.
#include "simulation.hpp"

#include <conveyor/testkit/check.hpp>
#include <cstdlib>

namespace conveyor::test {
namespace {

SimulationOptions small_rings() {
  SimulationOptions options;
  options.config.write_capacity_initial = 512;
  options.config.write_capacity_max = 8 << 10;
  options.config.read_window_initial = 1 << 10;
  options.config.read_capacity_max = 16 << 10;
  options.config.max_io = 4 << 10;
  options.config.max_dirty = 20 * kMillisecond;
  options.traits = {false, true, true, true};
  return options;
}

uint64_t seeds() {
  const char* wanted = std::getenv("CONVEYOR_TEST_ITERATIONS");
  return wanted ? std::strtoull(wanted, nullptr, 10) * 10 : 500;
}

void run(const SimulationOptions& options) {
  for (uint64_t seed = 0; seed < seeds(); ++seed) {
    uint64_t world = testkit::seed() + seed;
    std::string failure = Simulation(options, world).run();
    if (!CHECK_MSG(failure.empty(), "world " + std::to_string(world) + ": " + failure)) return;
  }
}

TEST(c2, small_rings_agree_with_a_byte_array) { run(small_rings()); }

TEST(c2, large_rings_agree_with_a_byte_array) {
  SimulationOptions options = small_rings();
  options.config.write_capacity_max = 1 << 20;
  options.config.read_capacity_max = 1 << 20;
  options.memory = 8 << 20;
  options.config.max_io = 1 << 20;
  run(options);
}

TEST(w3, short_reads_and_writes_are_continued) {
  SimulationOptions options = small_rings();
  options.traits.short_read_is_eof = false;
  run(options);
}

TEST(f2, bytes_are_kept_until_a_sync) {
  SimulationOptions options = small_rings();
  options.config.keep_until_sync = true;
  run(options);
}

TEST(w7, unbuffered_sides_pass_through) {
  SimulationOptions options = small_rings();
  options.config.write_through = options.config.read_through = true;
  // A write that has not returned may be seen already, and an error means that it may have landed in part.
  options.one_at_a_time = true;
  options.faults = false;
  run(options);
}

TEST(w9, appends_agree_with_a_byte_array) {
  SimulationOptions options = small_rings();
  options.config.append = true;
  options.traits.append = true;
  options.short_writes = false;  // a backend that appends half a record shows half a record
  run(options);
  options.traits.append = false;
  run(options);
}

TEST(w6, a_small_memory_budget_slows_but_loses_nothing) {
  SimulationOptions options = small_rings();
  options.memory = 12 << 10;
  run(options);
}

TEST(r3, aligned_reads_agree_with_a_byte_array) {
  SimulationOptions options = small_rings();
  options.config.read_align = 512;
  run(options);
}

}  // namespace
}  // namespace conveyor::test

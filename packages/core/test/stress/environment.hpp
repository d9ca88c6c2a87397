#pragma once
/// How long and how wide a stress run is: environment variables, so that soak loops can vary them.

#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include <conveyor/conveyor.h>
#include <conveyor/testkit/check.hpp>

namespace conveyor::test {

/// The number in an environment variable, or `otherwise`.
inline std::uint64_t environment_number(const char *name, std::uint64_t otherwise) {
  const char *text = std::getenv(name);
  return text == nullptr || *text == '\0' ? otherwise : std::strtoull(text, nullptr, 10);
}

/// CONVEYOR_TEST_ITERATIONS: how many rounds, 1 by default.
inline std::uint64_t stress_iterations() {
  return std::max<std::uint64_t>(1, environment_number("CONVEYOR_TEST_ITERATIONS", 1));
}

/// CONVEYOR_TEST_SEED, or the seed of the running test.
inline std::uint64_t stress_seed() { return environment_number("CONVEYOR_TEST_SEED", testkit::seed()); }

/// Takes CONVEYOR_TEST_WORKERS as the size of the pool. Call at the start of every stress test.
inline void configure_workers() {
  static const bool configured = [] {
    conveyor_runtime_t runtime{};
    runtime.struct_size = sizeof runtime;
    runtime.worker_threads = static_cast<std::uint32_t>(environment_number("CONVEYOR_TEST_WORKERS", 0));
    return conveyor_runtime_configure(&runtime) == 0;
  }();
  REQUIRE(configured);
}

}  // namespace conveyor::test

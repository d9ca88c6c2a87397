// The target of libFuzzer: any input is a scenario (scenario.hpp), and one that a plain file does not share ends the
// process. `npm run fuzz` builds and runs it; CONVEYOR_FUZZ_TRACE=1 tells every step.

#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "comparison.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *bytes, std::size_t size) {
  const auto failure = conveyor::test::Comparison({bytes, size}).run();
  if (!failure) return 0;
  std::fprintf(stderr, "MISMATCH %s\n", failure->c_str());
  std::abort();
}

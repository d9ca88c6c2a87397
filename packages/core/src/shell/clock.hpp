// The clock of the shells.
#pragma once

#include <time.h>

#include "engine/config.hpp"

namespace conveyor {

inline Time read_clock(clockid_t clock) {
  timespec now;
  clock_gettime(clock, &now);
  return now.tv_sec * Time{1'000'000'000} + now.tv_nsec;
}
inline Time precise_now() { return read_clock(CLOCK_MONOTONIC); }
/// Up to a few milliseconds behind, at a quarter of the cost: enough for ages and deadlines.
inline Time coarse_now() { return read_clock(CLOCK_MONOTONIC_COARSE); }

}  // namespace conveyor

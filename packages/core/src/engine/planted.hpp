// Bugs that can be put into the engine, to see that the simulation finds them. Only a test build has them
// (CONVEYOR_PLANTS); in any other, planted() is false at compile time and nothing of them is left.
#pragma once

#include <cstdint>

namespace conveyor {

enum class Bug : uint8_t {
  kNone,
  kLostExtent,        // a rewrite also drops what an older extent has behind its end
  kReorderedOverlap,  // a write does not wait for one in flight that it overlaps
  kStaleRead,         // chunks do not take over what lands
  kMissedWakeup,      // when one retry is due, the others are forgotten
  kEarlyFree,         // ring space is free when the backend has answered, even if the bytes did not land
};

#ifdef CONVEYOR_PLANTS
inline Bug planted_bug = Bug::kNone;
inline bool planted(Bug bug) { return bug == planted_bug; }
#else
constexpr bool planted(Bug) { return false; }
#endif

}  // namespace conveyor

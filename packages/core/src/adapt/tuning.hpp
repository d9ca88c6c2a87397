// What adaptation decides [A1].
#pragma once

#include <cstddef>
#include <cstdint>

namespace conveyor {

/// The settings of a handle that follow its backend. Sizes are bytes.
struct Tuning {
  size_t max_io = 0;           // largest coalesced backend operation
  size_t flush_threshold = 0;  // landing begins when so much is queued
  size_t window_limit = 0;     // all windows of the handle together
  uint32_t write_depth = 0;    // backend writes in flight
  uint32_t read_depth = 0;     // backend reads in flight

  bool operator==(const Tuning&) const = default;
};

/// How far each may move, both ends included. What is pinned has one value.
struct TuningRange {
  Tuning least;
  Tuning most;
};

}  // namespace conveyor

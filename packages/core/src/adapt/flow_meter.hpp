// How busy one direction of a backend was, from submissions and completions.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace conveyor {

/// Times are nanoseconds of the caller's clock, which may be a coarse one: errors of single operations cancel out.
/// Not thread safe.
class FlowMeter {
 public:
  void began(int64_t now) {
    settle(now);
    ++in_flight_;
    is_held_back_ = false;
  }
  void ended(int64_t now) {
    settle(now);
    --in_flight_;
  }
  /// There is more to submit than the depth allows; until the next operation begins.
  void held_back(int64_t now) {
    settle(now);
    is_held_back_ = true;
  }

  struct Reading {
    int64_t busy = 0;       // some operation was in flight for so long
    int64_t held_back = 0;  // and more would have been
  };
  /// What was measured since the last call.
  Reading take(int64_t now) {
    settle(now);
    return std::exchange(reading_, Reading{});
  }

 private:
  void settle(int64_t now) {
    const int64_t passed = std::max<int64_t>(now - since_, 0);
    since_ = now;
    if (in_flight_ == 0) return;
    reading_.busy += passed;
    if (is_held_back_) reading_.held_back += passed;
  }

  size_t in_flight_ = 0;
  bool is_held_back_ = false;
  int64_t since_ = 0;
  Reading reading_;
};

}  // namespace conveyor

// The pauses between attempts. Pure: time and chance come in as arguments. src/back-off.ts is its twin.
#pragma once

#include <algorithm>
#include <cstdint>

namespace conveyor::locking {

/// Exponential, with jitter: half of each pause is left to chance, so that waiters do not keep step.
class BackOff {
 public:
  /// In microseconds.
  BackOff(int64_t min_us, int64_t max_us) : min_us_(min_us), max_us_(max_us), next_us_(min_us) {}

  /// The pause before the next attempt.
  ///
  /// @param is_next  This process sits on the seat of who is next: it asks as often as allowed.
  /// @param chance   In [0, 1).
  int64_t pause_us(bool is_next, double chance) {
    const int64_t whole_us = is_next ? min_us_ : next_us_;
    if (!is_next) next_us_ = std::min(next_us_ * 2, max_us_);
    return whole_us / 2 + static_cast<int64_t>(static_cast<double>(whole_us - whole_us / 2) * chance);
  }

  /// The pause of a process that had its turn: longer than who is next will take to ask.
  int64_t polite_us(double chance) const { return min_us_ * 2 + static_cast<int64_t>(chance * 2.0 * min_us_); }

 private:
  const int64_t min_us_;
  const int64_t max_us_;
  int64_t next_us_;
};

}  // namespace conveyor::locking

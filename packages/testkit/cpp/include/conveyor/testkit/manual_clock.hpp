#pragma once
/// A clock that only the test moves, with timers that fire while it is moved.

#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <utility>

namespace conveyor::testkit {

/// Time in nanoseconds since an arbitrary start. Threads: one at a time.
class ManualClock {
 public:
  using Timer = std::uint64_t;

  explicit ManualClock(std::uint64_t start_ns = 0) : now_ns_(start_ns) {}

  [[nodiscard]] std::uint64_t now_ns() const { return now_ns_; }
  [[nodiscard]] std::uint64_t now_ms() const { return now_ns_ / kNsPerMs; }

  /// Calls `action` once, when the clock reaches `at_ns`; a time that has passed fires on the next advance, 0 included.
  Timer schedule_at_ns(std::uint64_t at_ns, std::function<void()> action) {
    const Timer timer = ++last_timer_;
    timers_.emplace(std::pair(at_ns, timer), std::move(action));
    return timer;
  }

  Timer schedule_in_ms(std::uint64_t delay_ms, std::function<void()> action) {
    return schedule_at_ns(now_ns_ + delay_ms * kNsPerMs, std::move(action));
  }

  /// Takes a timer back. Returns false when it fired or was cancelled before.
  bool cancel(Timer timer) {
    for (auto it = timers_.begin(); it != timers_.end(); ++it) {
      if (it->first.second != timer) continue;
      timers_.erase(it);
      return true;
    }
    return false;
  }

  /// Moves the time on. Timers fire in order of their time, then of scheduling, each with the clock at its own time;
  /// timers that they schedule fire too when they are due within the step.
  void advance_ns(std::uint64_t step_ns) {
    const std::uint64_t target = now_ns_ + step_ns;
    while (!timers_.empty() && timers_.begin()->first.first <= target) {
      auto node = timers_.extract(timers_.begin());
      if (node.key().first > now_ns_) now_ns_ = node.key().first;
      node.mapped()();
    }
    now_ns_ = target;
  }

  void advance_ms(std::uint64_t step_ms) { advance_ns(step_ms * kNsPerMs); }

  /// Time of the earliest timer; the maximum of the type when there is none.
  [[nodiscard]] std::uint64_t next_timer_ns() const {
    return timers_.empty() ? std::numeric_limits<std::uint64_t>::max() : timers_.begin()->first.first;
  }

  [[nodiscard]] std::size_t timers_pending() const { return timers_.size(); }

 private:
  static constexpr std::uint64_t kNsPerMs = 1'000'000;

  std::uint64_t now_ns_;
  Timer last_timer_ = 0;
  std::map<std::pair<std::uint64_t, Timer>, std::function<void()>> timers_;
};

}  // namespace conveyor::testkit

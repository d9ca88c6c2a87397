// One-shot event on a futex: the waiter's stack may hold it, because signalling touches no memory after the store that
// releases the waiter.
#pragma once

#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>

#include "engine/config.hpp"
#include "shell/sync_point.hpp"

namespace conveyor {

/// Threads: one waits, one signals once.
class Event {
 public:
  bool is_set() const { return state_.load(std::memory_order_acquire) == kSet; }  // pairs with set()

  void set() {
    CONVEYOR_SYNC_POINT("event.sets");
    // Releases everything written before to the waiter. A stale address in the wake below wakes nobody or spuriously.
    void* address = &state_;
    if (state_.exchange(kSet, std::memory_order_acq_rel) == kWaiting)
      syscall(SYS_futex, address, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
  }

  /// Waits until set, or until `deadline` of CLOCK_MONOTONIC (kNever: for ever). True: set.
  bool wait_until(Time deadline) {
    for (;;) {
      uint32_t seen = kClear;
      if (!state_.compare_exchange_strong(seen, kWaiting, std::memory_order_acq_rel) && seen == kSet) return true;
      CONVEYOR_SYNC_WAITS("event.waits");
      timespec until{deadline / 1'000'000'000, deadline % 1'000'000'000};
      long rc = syscall(SYS_futex, &state_, FUTEX_WAIT_BITSET_PRIVATE, kWaiting, deadline == kNever ? nullptr : &until,
                        nullptr, FUTEX_BITSET_MATCH_ANY);
      CONVEYOR_SYNC_POINT("event.woken");
      if (is_set()) return true;
      if (rc == -1 && errno == ETIMEDOUT) return false;
    }
  }

 private:
  static constexpr uint32_t kClear = 0, kWaiting = 1, kSet = 2;
  std::atomic<uint32_t> state_{kClear};
};

}  // namespace conveyor

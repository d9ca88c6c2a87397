// A mutex of one word, for locks that are taken for some nanoseconds and hardly ever contended: taking and releasing it
// is most of what a small read or write costs.
#pragma once

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>

namespace conveyor {

/// Not recursive, not fair, for one process; `std::unique_lock` and `std::lock_guard` hold it. Unlocking touches no
/// memory after the store that lets others in. Threads: any.
class SlimMutex {
 public:
  SlimMutex() = default;
  SlimMutex(const SlimMutex&) = delete;
  SlimMutex& operator=(const SlimMutex&) = delete;

  void lock() {
    if (!try_lock()) lock_contended();
  }

  bool try_lock() {
    uint32_t seen = kFree;
    return state_.compare_exchange_strong(seen, kTaken, std::memory_order_acquire, std::memory_order_relaxed);
  }

  void unlock() {
    void* address = &state_;
    if (state_.exchange(kFree, std::memory_order_release) == kAwaited)
      syscall(SYS_futex, address, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
  }

 private:
  static constexpr uint32_t kFree = 0, kTaken = 1, kAwaited = 2;
  static constexpr int kSpins = 64;  // some hundred nanoseconds: whoever runs will be out by then

  [[gnu::noinline]] void lock_contended() {
    for (int spin = 0; spin < kSpins; ++spin) {
      if (state_.load(std::memory_order_relaxed) == kFree && try_lock()) return;
      relax();
    }
    // Whoever has slept cannot know whether others still sleep, and leaves word that they may.
    while (state_.exchange(kAwaited, std::memory_order_acquire) != kFree)
      syscall(SYS_futex, &state_, FUTEX_WAIT_PRIVATE, kAwaited, nullptr, nullptr, 0);
  }

  static void relax() {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("isb");
#endif
  }

  std::atomic<uint32_t> state_{kFree};
};

}  // namespace conveyor

#pragma once
/// Decides at every sync point (shell/sync_point.hpp) which thread runs on: probabilistic concurrency testing
/// (Burckhardt and others, 2010). Each thread has a random priority, the highest that can run does, alone; at a few
/// random steps the running thread's priority falls below all others; with half of the seeds it changes at every fourth
/// step instead, which is a random walk. The same seed gives nearly the same order: what
/// the scheduler does not see is how long the system takes to wake a thread.

#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <list>
#include <mutex>
#include <set>
#include <string>

#include <conveyor/testkit/prng.hpp>

#include "shell/sync_point.hpp"

namespace conveyor::test {

class Scheduler {
 public:
  static Scheduler &instance() {
    static auto *scheduler = new Scheduler;  // never destroyed: the pool's threads outlive main
    return *scheduler;
  }

  /// From now on threads run one at a time. `gather`: the first decision waits for so many. `changes` among about
  /// `steps_expected` steps.
  void begin(std::uint64_t seed, unsigned gather, unsigned changes, unsigned steps_expected) {
    const std::scoped_lock lock(mutex_);
    prng_ = testkit::Prng(seed);
    gather_ = gather;
    changes_.clear();
    for (unsigned i = 0; i < changes; ++i) changes_.insert(1 + prng_.below(steps_expected));
    for (Thread &thread : threads_) thread.priority = new_priority();
    steps_ = lost_ = 0;
    lowest_ = 0;
    running_ = nullptr;
    restless_ = prng_.chance(1, 2);
    active_ = true;
  }
  /// Everybody runs freely. Returns how many steps there were.
  std::uint64_t end() {
    const std::scoped_lock lock(mutex_);
    active_ = false;
    for (Thread &thread : threads_) thread.turn.notify_one();
    return steps_;
  }
  /// Turns that were taken from a thread that waited for something without saying so.
  std::uint64_t lost() {
    const std::scoped_lock lock(mutex_);
    return lost_;
  }
  /// The names of all points that were met since the program began.
  std::set<std::string> met() {
    const std::scoped_lock lock(mutex_);
    return met_;
  }

  void point(const char *name) {
    const int error = errno;
    std::unique_lock lock(mutex_);
    met_.insert(name);
    if (active_) take_turn(lock, self());
    errno = error;
  }
  void waits(const char *name) {
    const std::scoped_lock lock(mutex_);
    met_.insert(name);
    if (!active_ || running_ != &self()) return;
    running_ = nullptr;
    choose();
  }

 private:
  static constexpr std::chrono::milliseconds kPatience{5};

  struct Thread {
    std::int64_t priority = 0;
    bool ready = false;
    std::condition_variable turn;
  };

  std::int64_t new_priority() { return static_cast<std::int64_t>(1 + prng_.below(1'000'000)); }

  Thread &self() {
    thread_local Thread *mine = nullptr;
    if (mine == nullptr) {
      mine = &threads_.emplace_back();
      mine->priority = new_priority();
    }
    return *mine;
  }

  void take_turn(std::unique_lock<std::mutex> &lock, Thread &me) {
    if (changes_.contains(++steps_)) {
      me.priority = --lowest_;
    } else if (restless_ && prng_.chance(1, 4)) {
      me.priority = new_priority();
    }
    if (running_ == &me) running_ = nullptr;
    me.ready = true;
    if (gather_ > 0) --gather_;
    choose();
    while (active_ && running_ != &me) {
      const std::uint64_t turn = turns_;
      const bool woken = me.turn.wait_for(lock, kPatience) == std::cv_status::no_timeout;
      if (!active_ || running_ == &me) break;
      me.ready = true;  // it may have had the turn, and lost it before it woke
      if (woken || turn != turns_) continue;
      if (running_ != nullptr) ++lost_;
      running_ = nullptr;
      gather_ = 0;
      choose();
    }
    me.ready = false;
  }

  void choose() {
    if (running_ != nullptr || gather_ > 0) return;
    Thread *best = nullptr;
    for (Thread &thread : threads_) {
      if (thread.ready && (best == nullptr || thread.priority > best->priority)) best = &thread;
    }
    if (best == nullptr) return;
    best->ready = false;
    running_ = best;
    ++turns_;
    best->turn.notify_one();
  }

  std::mutex mutex_;
  // Guarded by mutex_.
  testkit::Prng prng_{1};
  std::list<Thread> threads_;
  Thread *running_ = nullptr;
  std::set<std::uint64_t> changes_;
  std::set<std::string> met_;
  std::int64_t lowest_ = 0;
  std::uint64_t steps_ = 0;
  std::uint64_t turns_ = 0;
  std::uint64_t lost_ = 0;
  unsigned gather_ = 0;
  bool restless_ = false;  // priorities change all the time: a random walk
  bool active_ = false;
};

}  // namespace conveyor::test

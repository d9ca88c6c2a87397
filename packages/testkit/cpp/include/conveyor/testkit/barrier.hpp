#pragma once
/// Meeting points for threads under test, each with a deadline: a test that would hang says who is stuck instead.
///
/// Waits come in two forms: `..._for` returns false when time runs out, the plain form prints the names of those who
/// wait and aborts (a thread that is stuck cannot be taken back, so nothing after it would be worth running).

#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <conveyor/testkit/runner.hpp>

namespace conveyor::testkit {

/// How long the plain waits wait.
inline constexpr std::chrono::milliseconds kWaitDeadline{kSanitized ? 100'000 : 10'000};

/// Lets `parties` threads start together, round after round. Threads: any.
class Barrier {
 public:
  /// Requires: parties > 0. `name` is what a report calls it.
  explicit Barrier(std::size_t parties, std::string name = "barrier") : name_(std::move(name)), parties_(parties) {}

  /// Waits until all parties of this round have arrived. Aborts with a report after kWaitDeadline.
  void arrive_and_wait(std::string_view who = "a thread") {
    if (arrive_and_wait_for(kWaitDeadline, who)) return;
    std::fprintf(stderr, "%s\n", describe().c_str());
    std::abort();
  }

  /// The same with an own deadline. Returns false when time ran out; the arrival then still counts, and the thread is
  /// still listed as waiting, so that `describe` tells the whole story.
  [[nodiscard]] bool arrive_and_wait_for(std::chrono::milliseconds deadline, std::string_view who = "a thread") {
    std::unique_lock lock(mutex_);
    const std::size_t round = round_;
    waiting_.emplace_back(who);
    if (waiting_.size() >= parties_) {
      waiting_.clear();
      ++round_;
      changed_.notify_all();
      return true;
    }
    return changed_.wait_for(lock, deadline, [&] { return round_ != round; });
  }

  /// "barrier 'start': 1 of 3 arrived and wait: writer".
  std::string describe() const {
    const std::scoped_lock lock(mutex_);
    std::string text = "barrier '" + name_ + "': " + std::to_string(waiting_.size()) + " of " +
                       std::to_string(parties_) + " arrived and wait:";
    for (const std::string& who : waiting_) text += ' ' + who;
    return text;
  }

 private:
  // Constant after construction.
  const std::string name_;
  const std::size_t parties_;
  // Guarded by mutex_.
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> waiting_;
  std::size_t round_ = 0;
};

/// Opens once `count` things have happened, and stays open. Threads: any.
class Latch {
 public:
  explicit Latch(std::size_t count, std::string name = "latch") : name_(std::move(name)), left_(count) {}

  /// Counts one thing; does nothing when the latch is open already.
  void count_down() {
    const std::scoped_lock lock(mutex_);
    if (left_ > 0 && --left_ == 0) changed_.notify_all();
  }

  /// Waits until the latch is open. Aborts with a report after kWaitDeadline.
  void wait(std::string_view who = "a thread") {
    if (wait_for(kWaitDeadline)) return;
    std::fprintf(stderr, "%s waits at %s\n", std::string(who).c_str(), describe().c_str());
    std::abort();
  }

  /// The same with an own deadline. Returns whether the latch is open.
  [[nodiscard]] bool wait_for(std::chrono::milliseconds deadline) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, deadline, [this] { return left_ == 0; });
  }

  [[nodiscard]] bool is_open() const {
    const std::scoped_lock lock(mutex_);
    return left_ == 0;
  }

  /// "latch 'landed': 2 still to come".
  std::string describe() const {
    const std::scoped_lock lock(mutex_);
    return "latch '" + name_ + "': " + std::to_string(left_) + " still to come";
  }

 private:
  const std::string name_;
  // Guarded by mutex_.
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t left_;
};

/// A place in the code under test where threads are held until the test lets them go on: the way to build one
/// interleaving on purpose. The code calls `pass`; the test calls `await_arrivals`, looks, then `release`.
/// Threads: any.
class SyncPoint {
 public:
  explicit SyncPoint(std::string name = "sync point") : name_(std::move(name)) {}

  /// Called at the place: reports the arrival and waits for a release. Aborts with a report after kWaitDeadline.
  void pass(std::string_view who = "a thread") {
    if (pass_for(kWaitDeadline)) return;
    std::fprintf(stderr, "%s is held at %s\n", std::string(who).c_str(), describe().c_str());
    std::abort();
  }

  /// The same with an own deadline. Returns whether it was released.
  [[nodiscard]] bool pass_for(std::chrono::milliseconds deadline) {
    std::unique_lock lock(mutex_);
    const std::size_t ticket = arrived_++;
    changed_.notify_all();
    return changed_.wait_for(lock, deadline, [&] { return open_ || ticket < released_; });
  }

  /// Waits until `count` threads in all have arrived here. Aborts with a report after kWaitDeadline.
  void await_arrivals(std::size_t count = 1) {
    if (await_arrivals_for(kWaitDeadline, count)) return;
    std::fprintf(stderr, "the test waits for arrival %zu at %s\n", count, describe().c_str());
    std::abort();
  }

  /// The same with an own deadline. Returns whether they arrived.
  [[nodiscard]] bool await_arrivals_for(std::chrono::milliseconds deadline, std::size_t count = 1) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, deadline, [&] { return arrived_ >= count; });
  }

  /// Lets the next `count` threads pass, in order of arrival; those who come later use up what is left.
  void release(std::size_t count = 1) {
    const std::scoped_lock lock(mutex_);
    released_ += count;
    changed_.notify_all();
  }

  /// Lets everybody pass from now on.
  void open() {
    const std::scoped_lock lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }

  /// Threads that have come here so far, those who went on included.
  [[nodiscard]] std::size_t arrivals() const {
    const std::scoped_lock lock(mutex_);
    return arrived_;
  }

  /// "sync point 'before submit': 2 arrived, 1 released".
  std::string describe() const {
    const std::scoped_lock lock(mutex_);
    return "sync point '" + name_ + "': " + std::to_string(arrived_) + " arrived, " +
           (open_ ? std::string("all") : std::to_string(released_)) + " released";
  }

 private:
  const std::string name_;
  // Guarded by mutex_.
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t arrived_ = 0;
  std::size_t released_ = 0;
  bool open_ = false;
};

}  // namespace conveyor::testkit

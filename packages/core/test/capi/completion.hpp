#pragma once
/// The application's side of asynchronous calls.

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>

#include <conveyor/conveyor_async.h>

#include "scripted_backend.hpp"

namespace conveyor::test {

/// The application's side of one asynchronous call: pass `Completion::done` and the object's address.
class Completion {
 public:
  static void done(void *arg, ssize_t result) { static_cast<Completion *>(arg)->finish(result); }

  bool is_done() const {
    const std::scoped_lock lock(mutex_);
    return times_ > 0;
  }
  /// How often `done` was called.
  int times() const {
    const std::scoped_lock lock(mutex_);
    return times_;
  }
  /// The result, once it is there; -1000 when it does not come.
  ssize_t result() {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kPatience, [this] { return times_ > 0; }) ? result_ : -1000;
  }
  std::uint64_t done_at() const {
    const std::scoped_lock lock(mutex_);
    return done_at_;
  }
  /// Called from `done`, with no lock held.
  std::function<void(ssize_t)> then;

 private:
  void finish(ssize_t result) {
    if (then) then(result);
    const std::scoped_lock lock(mutex_);
    ++times_;
    result_ = result;
    done_at_ = stamp();
    changed_.notify_all();
  }

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  int times_ = 0;
  ssize_t result_ = 0;
  std::uint64_t done_at_ = 0;
};

}  // namespace conveyor::test

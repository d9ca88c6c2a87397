// What other threads hand to an environment's JavaScript thread.
#pragma once

#include <node_api.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "javascript_backend.hpp"
#include "operation_table.hpp"

namespace conveyor_node {

/// Finished operations, and requests of the engine to storages written in JavaScript, on their way to the JavaScript
/// thread. One wake-up covers everything that came since the last `take`.
///
/// Thread safety: `post` from any thread; everything else from the JavaScript thread.
/// Invariant: after `close` no thread touches the waker again, and `post` of a request is refused.
class Mailbox {
 public:
  struct Mail {
    Operation* operations = nullptr;  // linked by `next`, in the order finished
    std::vector<BackendRequest> requests;
  };

  Mailbox() : thread_(std::this_thread::get_id()) {}
  Mailbox(const Mailbox&) = delete;
  Mailbox& operator=(const Mailbox&) = delete;

  /// From now on the waker is called when mail arrives.
  void open(napi_threadsafe_function waker);

  void post(Operation* operation);
  /// False when the environment is going away: the request is the caller's to answer.
  [[nodiscard]] bool post(const BackendRequest& request);

  /// Brackets a call from JavaScript that dispatches requests before it returns: requests posted meanwhile on this
  /// very thread need no wake-up, and operations neither when the call also settles (`settles`).
  void enter(bool settles) {
    ++inside_;
    settling_ += settles ? 1 : 0;
  }
  void leave(bool settles) {
    --inside_;
    settling_ -= settles ? 1 : 0;
  }
  bool is_inside() const { return inside_ > 0; }

  /// May be wrong for a moment: mail that is just arriving brings its own wake-up.
  bool has_requests_guess() const { return has_requests_.load(std::memory_order_relaxed); }
  bool has_operations_guess() const { return has_operations_.load(std::memory_order_relaxed); }
  Mail take();
  std::vector<BackendRequest> take_requests();
  /// The waker's call has come: the next mail calls it again.
  void woken();
  /// Calls the waker, for mail that could not be handled now.
  void wake();

  /// Shuts the mailbox: the waker is released, and requests that nobody took are returned.
  Mail close();
  /// After `close`: waits until `count` operations in all have arrived here. False when the deadline came first.
  bool await_operations(size_t count, std::chrono::steady_clock::time_point deadline);

 private:
  bool is_on_javascript_thread() const { return std::this_thread::get_id() == thread_; }
  void wake_locked();

  const std::thread::id thread_;
  int inside_ = 0;    // JavaScript thread only
  int settling_ = 0;  // JavaScript thread only
  std::atomic<bool> has_requests_{false};
  std::atomic<bool> has_operations_{false};

  std::mutex mutex_;  // guards what follows; never held across a call into the engine
  std::condition_variable arrival_;
  napi_threadsafe_function waker_ = nullptr;
  bool waking_ = false;  // the waker has been called, and its call has not come yet
  bool closed_ = false;
  size_t arrivals_after_close_ = 0;
  Operation* first_ = nullptr;
  Operation* last_ = nullptr;
  std::vector<BackendRequest> requests_;
};

}  // namespace conveyor_node

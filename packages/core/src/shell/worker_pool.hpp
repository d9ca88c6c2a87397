// The process's workers: a few threads that run blocking backend operations of all handles.
#pragma once

#include <condition_variable>
#include <mutex>

#include "engine/backend_op.hpp"

namespace conveyor {

/// Threads start on demand and end when idle for long. Operations run in the order in which they were posted.
/// Threads: all functions from any thread, also with a handle's lock held (its own lock is the inner one and short).
class WorkerPool {
 public:
  explicit WorkerPool(unsigned threads_max) : threads_max_(threads_max) {}
  WorkerPool(const WorkerPool&) = delete;

  /// Runs `op` through its handle (Handle::run_op) on a worker.
  void post(BackendOp* op);
  /// Takes `op` back if no worker has begun it. True: it is the caller's to run.
  bool steal(BackendOp* op);
  /// Takes back some operation of `handle` that no worker has begun, or nullptr.
  BackendOp* steal_any(const Handle* handle);

 private:
  void work();
  void push(BackendOp* op);
  void unlink(BackendOp* op);

  const unsigned threads_max_;
  std::mutex mutex_;
  std::condition_variable posted_;
  BackendOp* first_ = nullptr;
  BackendOp* last_ = nullptr;
  unsigned threads_ = 0;
  unsigned idle_ = 0;
  unsigned waking_ = 0;  // of the idle ones, those that were notified and have not looked yet
};

}  // namespace conveyor

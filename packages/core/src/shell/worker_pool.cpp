#include "shell/worker_pool.hpp"

#include <chrono>
#include <system_error>
#include <thread>

#include "shell/handle.hpp"
#include "shell/sync_point.hpp"

namespace conveyor {
namespace {

constexpr std::chrono::seconds kIdleFor{10};
constexpr int kStealDepth = 256;

}  // namespace

void WorkerPool::push(BackendOp* op) {
  op->queue_prev = last_;
  op->queue_next = nullptr;
  (last_ ? last_->queue_next : first_) = op;
  last_ = op;
  op->queued = true;
}

void WorkerPool::unlink(BackendOp* op) {
  (op->queue_prev ? op->queue_prev->queue_next : first_) = op->queue_next;
  (op->queue_next ? op->queue_next->queue_prev : last_) = op->queue_prev;
  op->queued = false;
}

void WorkerPool::post(BackendOp* op) {
  bool start = false;
  {
    std::lock_guard lock(mutex_);
    push(op);
    if (idle_ > waking_) {
      ++waking_;
      posted_.notify_one();
    } else if (threads_ < threads_max_) {
      ++threads_;
      start = true;
    }
  }
  CONVEYOR_SYNC_POINT("pool.posted");
  if (!start) return;
  try {
    std::thread([this] { work(); }).detach();
  } catch (const std::system_error&) {
    // No more threads to be had. With at least one worker the work gets done; without, this thread has to do it.
    bool none;
    {
      std::lock_guard lock(mutex_);
      none = --threads_ == 0;
    }
    if (none && steal(op)) Handle::run_op(op);
  }
}

bool WorkerPool::steal(BackendOp* op) {
  std::lock_guard lock(mutex_);
  if (!op->queued) return false;
  unlink(op);
  return true;
}

BackendOp* WorkerPool::steal_any(const Handle* handle) {
  std::lock_guard lock(mutex_);
  BackendOp* op = first_;
  for (int depth = 0; op && depth < kStealDepth; ++depth, op = op->queue_next) {
    if (op->handle != handle) continue;
    unlink(op);
    return op;
  }
  return nullptr;
}

void WorkerPool::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    if (BackendOp* op = first_) {
      unlink(op);
      lock.unlock();
      CONVEYOR_SYNC_POINT("pool.picked");
      Handle::run_op(op);
      CONVEYOR_SYNC_POINT("pool.ran");
      lock.lock();
      continue;
    }
    ++idle_;
    CONVEYOR_SYNC_WAITS("pool.idle");
    bool notified = posted_.wait_for(lock, kIdleFor, [&] { return waking_ > 0; });
    --idle_;
    if (notified) {
      --waking_;
    } else if (!first_) {
      --threads_;
      return;
    }
  }
}

}  // namespace conveyor

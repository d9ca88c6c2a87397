#include "mailbox.hpp"

#include <utility>

namespace conveyor_node {

void Mailbox::open(napi_threadsafe_function waker) {
  const std::lock_guard lock(mutex_);
  waker_ = waker;
}

void Mailbox::post(Operation* operation) {
  const std::lock_guard lock(mutex_);
  operation->next = nullptr;
  (first_ == nullptr ? first_ : last_->next) = operation;
  last_ = operation;
  if (closed_) {
    ++arrivals_after_close_;
    arrival_.notify_all();
    return;
  }
  has_operations_.store(true, std::memory_order_relaxed);
  if (!(is_on_javascript_thread() && settling_ > 0)) wake_locked();
}

bool Mailbox::post(const BackendRequest& request) {
  const std::lock_guard lock(mutex_);
  if (closed_) return false;
  requests_.push_back(request);
  has_requests_.store(true, std::memory_order_relaxed);
  if (!(is_on_javascript_thread() && inside_ > 0)) wake_locked();
  return true;
}

void Mailbox::wake() {
  const std::lock_guard lock(mutex_);
  wake_locked();
}

void Mailbox::wake_locked() {
  if (waking_ || waker_ == nullptr) return;
  waking_ = true;
  // Refused when the environment has begun to close; then `close` finds what is here.
  if (napi_call_threadsafe_function(waker_, nullptr, napi_tsfn_nonblocking) == napi_closing) waker_ = nullptr;
}

Mailbox::Mail Mailbox::take() {
  const std::lock_guard lock(mutex_);
  has_requests_.store(false, std::memory_order_relaxed);
  has_operations_.store(false, std::memory_order_relaxed);
  last_ = nullptr;
  return {std::exchange(first_, nullptr), std::exchange(requests_, {})};
}

void Mailbox::woken() {
  const std::lock_guard lock(mutex_);
  waking_ = false;
}

std::vector<BackendRequest> Mailbox::take_requests() {
  const std::lock_guard lock(mutex_);
  has_requests_.store(false, std::memory_order_relaxed);
  return std::exchange(requests_, {});
}

Mailbox::Mail Mailbox::close() {
  napi_threadsafe_function waker = nullptr;
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    waker = std::exchange(waker_, nullptr);
  }
  if (waker != nullptr) napi_release_threadsafe_function(waker, napi_tsfn_abort);
  return take();
}

bool Mailbox::await_operations(size_t count, std::chrono::steady_clock::time_point deadline) {
  std::unique_lock lock(mutex_);
  return arrival_.wait_until(lock, deadline, [&] { return arrivals_after_close_ >= count; });
}

}  // namespace conveyor_node

#include "messenger.hpp"

#include <utility>

namespace conveyor::mount {

std::shared_ptr<Messenger> Messenger::open(napi_env env) {
  auto messenger = std::make_shared<Messenger>();
  napi_value name;
  if (napi_create_string_latin1(env, "conveyor mount", NAPI_AUTO_LENGTH, &name) != napi_ok) return nullptr;
  // The messenger lives at least as long as the waker: the environment keeps both.
  if (napi_create_threadsafe_function(env, nullptr, nullptr, name, 0, 1, nullptr, nullptr, messenger.get(), &on_wake,
                                      &messenger->waker_) != napi_ok) {
    return nullptr;
  }
  napi_unref_threadsafe_function(env, messenger->waker_);
  return messenger;
}

bool Messenger::post(Task task) {
  const std::lock_guard lock(mutex_);
  if (closed_) return false;
  tasks_.push_back(std::move(task));
  if (!waking_) waking_ = napi_call_threadsafe_function(waker_, nullptr, napi_tsfn_nonblocking) == napi_ok;
  return true;
}

void Messenger::keep_alive(napi_env env, bool wanted) {
  if (wanted) {
    napi_ref_threadsafe_function(env, waker_);
  } else {
    napi_unref_threadsafe_function(env, waker_);
  }
}

void Messenger::close() {
  const std::lock_guard lock(mutex_);
  if (closed_) return;
  closed_ = true;
  tasks_.clear();
  napi_release_threadsafe_function(waker_, napi_tsfn_abort);
}

void Messenger::on_wake(napi_env env, napi_value, void* context, void*) {
  auto* messenger = static_cast<Messenger*>(context);
  std::vector<Task> tasks;
  {
    const std::lock_guard lock(messenger->mutex_);
    messenger->waking_ = false;
    tasks.swap(messenger->tasks_);
  }
  if (env == nullptr) return;
  for (const Task& task : tasks) {
    napi_handle_scope scope;
    if (napi_open_handle_scope(env, &scope) != napi_ok) return;
    task(env);
    napi_close_handle_scope(env, scope);
  }
}

}  // namespace conveyor::mount

// The way from other threads to the JavaScript thread.
#pragma once

#include <node_api.h>

#include <functional>
#include <memory>
#include <mutex>
#include <vector>

namespace conveyor::mount {

/// Runs functions on the JavaScript thread of one environment, in the order posted; one wake-up covers all that came
/// since the last.
///
/// Threads: `post` from any; the rest from the JavaScript thread. `post` never blocks.
class Messenger {
 public:
  using Task = std::function<void(napi_env env)>;

  /// nullptr when Node refuses.
  static std::shared_ptr<Messenger> open(napi_env env);
  Messenger() = default;
  Messenger(const Messenger&) = delete;
  Messenger& operator=(const Messenger&) = delete;

  /// False when the environment is going away: the task will never run.
  bool post(Task task);
  /// Whether the environment stays alive for what may be posted.
  void keep_alive(napi_env env, bool wanted);
  /// No task runs from now on.
  void close();

 private:
  static void on_wake(napi_env env, napi_value, void* context, void*);

  std::mutex mutex_;  // guards what follows; not held while tasks run
  napi_threadsafe_function waker_ = nullptr;
  bool closed_ = false;
  bool waking_ = false;
  std::vector<Task> tasks_;
};

}  // namespace conveyor::mount

// The mounts of one Node environment.
#pragma once

#include <node_api.h>

#include <functional>
#include <memory>
#include <unordered_map>

#include "messenger.hpp"
#include "session.hpp"

namespace conveyor::mount {

/// Threads: the JavaScript thread of the environment.
class Mounts {
 public:
  explicit Mounts(std::shared_ptr<Messenger> messenger) : messenger_(std::move(messenger)) {}
  Mounts(const Mounts&) = delete;
  Mounts& operator=(const Mounts&) = delete;

  /// Starts a session whose events go to `listener(event, errno, words)`. Returns its number.
  uint32_t add(napi_env env, SessionSettings settings, std::unique_ptr<FileSystem> system, napi_value listener);
  /// Forgets a mount that has ended.
  void finish(napi_env env, uint32_t number);
  /// nullptr once it is forgotten.
  std::shared_ptr<Session> find(uint32_t number) const;
  const std::shared_ptr<Messenger>& messenger() const { return messenger_; }

  /// Runs `work` on a thread of its own and calls `done(...)` with the numbers that it gave. Both are run once.
  void in_background(napi_env env, std::function<std::vector<double>()> work, napi_value done);

  /// The mount no longer keeps the environment alive.
  void let_go(napi_env env, uint32_t number);

  /// The environment ends: takes every mount out of the tree, and leaves its session to the end of the process.
  void abandon();

 private:
  struct Mount {
    std::shared_ptr<Session> session;
    napi_ref listener = nullptr;
    bool keeps_alive = true;
  };
  void hear(napi_env env, uint32_t number, Session::Event event, int error, const std::string& words);
  void count(napi_env env, int change);

  const std::shared_ptr<Messenger> messenger_;
  std::unordered_map<uint32_t, Mount> mounts_;
  uint32_t last_ = 0;
  int pending_ = 0;  // mounts, and work in the background: what keeps the environment alive
};

/// One entry of the addon's table; its data are the mounts.
struct Function {
  const char* name;
  napi_callback callback;
};
bool add_function(napi_env env, napi_value exports, const Function& function, Mounts* mounts);
inline Mounts& mounts_in(void* data) { return *static_cast<Mounts*>(data); }

}  // namespace conveyor::mount

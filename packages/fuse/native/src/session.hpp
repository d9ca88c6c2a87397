// One mount from its beginning to its end: libfuse's session and the threads that serve it.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "file_system.hpp"

namespace conveyor::mount {

struct SessionSettings {
  std::string mount_point;
  std::vector<std::string> options;  // as behind mount's -o
  unsigned threads_max = 16;         // they are started on demand; half of them stay when idle
};

/// Thread: `start` and `unmount` from any; the listener is called from the session's own thread.
class Session {
 public:
  enum class Event { kMounted, kFailed, kEnded };
  /// @param error an errno, 0 where there is none.
  /// @param words what libfuse said.
  using Listener = std::function<void(Event event, int error, const std::string& words)>;

  Session(SessionSettings settings, std::unique_ptr<FileSystem> system, Listener listener);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  /// Requires: it has ended, or was never started.
  ~Session();

  /// Mounts and serves, on a thread of its own. The listener hears kMounted or kFailed, and kEnded after kMounted.
  void start();

  /// Takes the mount out of the tree, as root. `lazily`: at once, while files that are open in it go on working; else
  /// EBUSY when there are any. 0, or an errno.
  int unmount(bool lazily) const;

  FileSystem& system() { return *system_; }
  const std::string& mount_point() const { return settings_.mount_point; }

 private:
  void run();
  int serve(fuse_session* session);

  const SessionSettings settings_;
  const std::unique_ptr<FileSystem> system_;
  const Listener listener_;
  std::thread thread_;
};

}  // namespace conveyor::mount

// What a session serves.
#pragma once

#include <sys/stat.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <optional>

#include "fuse_api.hpp"
#include "in_flight.hpp"

namespace conveyor::mount {

/// How files are shown, and for how long the kernel may believe what it was told.
struct Presentation {
  std::optional<uid_t> uid;     // everything belongs to this user
  std::optional<gid_t> gid;     // ... and group
  std::optional<mode_t> umask;  // permission bits that nothing has
  double entry_timeout_s = 1;
  double attribute_timeout_s = 1;

  void apply(struct stat& stat) const {
    if (uid) stat.st_uid = *uid;
    if (gid) stat.st_gid = *gid;
    if (umask) stat.st_mode &= ~(*umask & 07777);
  }
  bool maps_owners() const { return uid.has_value() || gid.has_value(); }
};

/// What has been accepted and has not landed.
struct Unlanded {
  uint64_t files = 0;
  uint64_t bytes = 0;
  uint64_t oldest_ms = 0;
  int error = 0;  // why, if that is known
};

/// One mounted tree: answers the kernel's requests.
///
/// Threads: the operations are called from all threads of the session at once; each answers its request exactly once,
/// then or later, from any thread.
class FileSystem {
 public:
  explicit FileSystem(const Presentation& presentation) : presentation_(presentation) {}
  FileSystem(const FileSystem&) = delete;
  FileSystem& operator=(const FileSystem&) = delete;
  virtual ~FileSystem() = default;

  /// Their user data is this object.
  virtual const fuse_lowlevel_ops& operations() const = 0;

  /// Lands what has been accepted, for at most `timeout_ms`; says what is left.
  virtual Unlanded drain(int timeout_ms) = 0;

  /// Waits until no request is unanswered. False when the time was up first: the session must stay then.
  virtual bool await_answers(int) { return true; }

  /// From now on whatever would change the tree is EROFS.
  void refuse_changes() { refuses_changes_.store(true, std::memory_order_relaxed); }
  bool refuses(Operation operation) const {
    return changes(operation) && refuses_changes_.load(std::memory_order_relaxed);
  }

  InFlight& in_flight() { return in_flight_; }
  const Presentation& presentation() const { return presentation_; }

 private:
  const Presentation presentation_;
  std::atomic<bool> refuses_changes_{false};
  InFlight in_flight_;
};

/// The settings that users otherwise have to find: large requests, many of them, and as many bytes ahead as the
/// kernel allows.
inline void ask_for_large_requests(fuse_conn_info& connection) {
  constexpr unsigned kRequestMax = 1U << 20;
  connection.max_write = kRequestMax;
  connection.max_background = 128;
  connection.congestion_threshold = 96;
}

/// Makes a method of a file system the function that libfuse wants, counted as the operation that it is.
template <Operation kOperation, auto kMethod>
struct Handler;

template <Operation kOperation, typename System, typename... Rest,
          void (System::*kMethod)(fuse_req_t, fuse_ino_t, Rest...)>
struct Handler<kOperation, kMethod> {
  static void run(fuse_req_t request, fuse_ino_t node, Rest... rest) {
    auto* system = static_cast<System*>(static_cast<FileSystem*>(fuse_req_userdata(request)));
    if (system->refuses(kOperation)) {
      fuse_reply_err(request, EROFS);
      return;
    }
    const auto process = static_cast<uint32_t>(fuse_req_ctx(request)->pid);
    const InFlight::Scope scope(system->in_flight(), kOperation, node, process);
    (system->*kMethod)(request, node, rest...);
  }
};

}  // namespace conveyor::mount

// The lock between processes, and between threads of one, for a resource on disk. It guards by convention: everybody
// who touches the resource takes the lock first. The clauses L1 to L9 are those of packages/file-lock/SEMANTICS.md.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>

namespace conveyor {

enum class LockMode { kExclusive, kShared };

/// What the path of a resource stands for: it decides the name of the sidecar. kAny: what is there, and a file where
/// nothing is.
enum class ResourceKind { kAny, kFile, kDirectory };

/// Who asks. An owner cannot wait for itself: that is EDEADLK.
using LockOwner = uint64_t;

/// The calling thread, as an owner.
inline constexpr LockOwner kThisThread = 0;

struct LockOptions {
  LockMode mode = LockMode::kExclusive;
  ResourceKind resource = ResourceKind::kAny;
  /// How long to wait; negative: for ever.
  std::chrono::milliseconds timeout{-1};
  /// Bounds of the pause between two attempts.
  std::chrono::milliseconds poll_min{1};
  std::chrono::milliseconds poll_max{20};
  /// kThisThread, or a number of make_lock_owner.
  LockOwner owner = kThisThread;
  /// The owner may take what it holds once more; each is released by itself.
  bool reentrant = false;
  /// Byte-range locks of open file descriptions (fcntl(2), F_OFD_SETLK) instead of flock(2), for file systems without
  /// it. The two do not see each other: all who share a resource use the same.
  bool byte_range = false;
  /// Ends the waiting with ECANCELED.
  std::stop_token stop;
};

/// Who holds a lock, as far as the sidecar and the kernel tell.
struct LockHolder {
  pid_t pid = 0;
  std::string host;
  /// When the process started, in milliseconds since 1970; 0 where nobody knows.
  int64_t started_ms = 0;
};

/// A lock that is held, or nothing. The destructor releases.
///
/// Threads: an object belongs to one thread at a time; it may be moved to another. A forked child has nothing: its
/// copies are empty, and neither their release nor its exit touches the parent's lock (L6).
class FileLock {
 public:
  FileLock() = default;
  ~FileLock() { release(); }
  FileLock(FileLock&& other) noexcept : id_(other.id_) { other.id_ = 0; }
  FileLock& operator=(FileLock&& other) noexcept;
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

  /// Waits for the lock on a resource, which need not exist; the directory that holds it must.
  ///
  /// Errors, as -errno: ETIMEDOUT, ECANCELED (options.stop), EDEADLK (the owner holds it), EINVAL (options, or a
  /// sidecar that is no regular file), ENOTSUP (the file system has no such locks), ENOTDIR, EISDIR (the resource is
  /// not of the kind asked for), and those of open(2). Nothing is held then, and `lock` is as it was.
  /// Clauses: L1 to L7.
  [[nodiscard]] static int acquire(const std::string& path, const LockOptions& options, FileLock* lock);

  /// As acquire, in one attempt: EAGAIN when somebody holds the lock.
  [[nodiscard]] static int try_acquire(const std::string& path, const LockOptions& options, FileLock* lock);

  /// Gives the lock back. Nothing to do where none is held.
  ///
  /// Errors: -ESTALE when the sidecar was removed or replaced while the lock was held: somebody else may have held one
  /// on its successor. The lock is released all the same.
  int release();

  bool is_held() const { return !locked_resource_path().empty(); }

  /// The absolute path of what is protected, without symbolic links; empty when nothing is held.
  std::string locked_resource_path() const;

 private:
  uint64_t id_ = 0;
};

/// Runs `body` with the path of what is locked. Returns 0, or the -errno of acquire or release.
[[nodiscard]] int with_lock(const std::string& path, const LockOptions& options,
                            const std::function<void(const std::string& resource)>& body);

/// An owner that no other part of the process is.
LockOwner make_lock_owner();

/// Whether somebody holds a lock on the resource at this moment, also in this process. Takes a lock for that moment
/// where nobody does. Returns 0 or 1, or -errno.
[[nodiscard]] int is_locked(const std::string& path, const LockOptions& options = {});

/// Who holds the lock on a resource; one of them where it is shared. Nothing where nobody does or nobody knows.
std::optional<LockHolder> find_lock_holder(const std::string& path, const LockOptions& options = {});

/// The file that the lock on a resource sits on. Returns 0, or -errno.
[[nodiscard]] int find_sidecar(const std::string& path, ResourceKind kind, std::string* sidecar);

}  // namespace conveyor

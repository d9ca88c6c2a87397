#include "sidecar.hpp"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "file_system.hpp"

namespace conveyor::locking {

namespace {

/// How often a sidecar may turn out to be replaced before an attempt counts as one that met somebody.
constexpr int kReplacedMax = 64;

constexpr off_t kLockByte = 0;
constexpr off_t kSeatByte = 1;

constexpr int kFlags = O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK;
/// What the umask leaves of it: other users may lock too.
constexpr mode_t kMode = 0666;

template <class Call>
auto retried(Call call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

int open_once(const Place& place, int flags) {
  int fd = -1;
  if (place.is_resolved) {
    fd = retried([&] { return ::open(place.sidecar.c_str(), flags | kFlags, kMode); });
  } else {
    open_how how{};
    how.flags = static_cast<uint64_t>(flags | kFlags);
    how.mode = (flags & O_CREAT) != 0 ? kMode : 0;
    how.resolve = RESOLVE_NO_SYMLINKS;
    fd = static_cast<int>(
        retried([&] { return ::syscall(SYS_openat2, AT_FDCWD, place.sidecar.c_str(), &how, sizeof how); }));
  }
  return fd >= 0 ? fd : -errno;
}

struct flock range_of(short type, off_t start) {
  struct flock range {};
  range.l_type = type;
  range.l_whence = SEEK_SET;
  range.l_start = start;
  range.l_len = 1;
  return range;
}

/// 0, -EAGAIN, or another -errno.
int set_range(int fd, short type, off_t start) {
  struct flock range = range_of(type, start);
  if (retried([&] { return ::fcntl(fd, F_OFD_SETLK, &range); }) == 0) return 0;
  return errno == EACCES ? -EAGAIN : -errno;
}

int lock_descriptor(int fd, const Aim& aim) {
  const bool is_shared = aim.mode == LockMode::kShared;
  if (aim.byte_range) return set_range(fd, is_shared ? F_RDLCK : F_WRLCK, kLockByte);
  const int operation = (is_shared ? LOCK_SH : LOCK_EX) | LOCK_NB;
  if (retried([&] { return ::flock(fd, operation); }) == 0) return 0;
  // Kernels say in several ways that a file system has none.
  const bool has_none = errno == ENOSYS || errno == EINVAL || errno == EOPNOTSUPP;
  return has_none ? -ENOTSUP : -errno;
}

void unlock_descriptor(int fd, bool byte_range) {
  if (byte_range) {
    set_range(fd, F_UNLCK, kLockByte);
  } else {
    retried([&] { return ::flock(fd, LOCK_UN); });
  }
}

/// Whether what was locked still is what the path names. 0, -EAGAIN when it is not, another -errno.
int check_identity(const Place& place, const Aim& aim, Grip* grip) {
  struct stat held;
  struct stat named;
  if (::fstat(grip->fd, &held) != 0) return -errno;
  if (!S_ISREG(held.st_mode)) return -EINVAL;
  grip->device = held.st_dev;
  grip->inode = held.st_ino;
  grip->changed = held.st_ctim;
  if (!aim.byte_range && (aim.known_device == nullptr || *aim.known_device != held.st_dev)) {
    if (const int error = check_flock_excludes(grip->fd); error != 0) return error;
  }
  if (held.st_nlink == 0) return -EAGAIN;
  if (::lstat(place.sidecar.c_str(), &named) != 0) return errno == ENOENT ? -EAGAIN : -errno;
  return named.st_dev == held.st_dev && named.st_ino == held.st_ino ? 0 : -EAGAIN;
}

/// Opens what is there or makes it; -EEXIST and -ENOENT when somebody was faster.
int open_or_make(const Place& place, bool byte_range, bool* is_writable) {
  int fd = open_sidecar(place, is_writable);
  if (fd == -ENOENT) {
    *is_writable = true;
    fd = open_once(place, O_RDWR | O_CREAT | O_EXCL);
  }
  // A byte range can be locked exclusively through a writable descriptor only.
  if (fd >= 0 && byte_range && !*is_writable) {
    close_descriptor(fd);
    return -EACCES;
  }
  return fd;
}

}  // namespace

void close_descriptor(int fd) { ::close(fd); }

int open_sidecar(const Place& place, bool* is_writable) {
  *is_writable = true;
  int fd = open_once(place, O_RDWR);
  // Locking needs no permission to write; only the holder's name cannot be left there.
  if (fd == -EACCES || fd == -EROFS) {
    *is_writable = false;
    const int refusal = fd;
    fd = open_once(place, O_RDONLY);
    if (fd == -ENOENT) return refusal;
  }
  return fd;
}

int try_grip(const Place& place, const Aim& aim, Grip* grip) {
  for (int replaced = 0; replaced < kReplacedMax; ++replaced) {
    bool is_writable = false;
    const int fd = open_or_make(place, aim.byte_range, &is_writable);
    if (fd == -EEXIST) continue;
    if (fd < 0) return fd;
    grip->fd = fd;
    grip->byte_range = aim.byte_range;
    grip->is_writable = is_writable;
    if (const int error = lock_descriptor(fd, aim); error != 0) {
      close_descriptor(fd);
      return error;
    }
    const int error = check_identity(place, aim, grip);
    if (error == 0) return 0;
    unlock_descriptor(fd, aim.byte_range);
    close_descriptor(fd);
    if (error != -EAGAIN) return error;
  }
  return -EAGAIN;
}

int let_go(const Grip& grip) {
  struct stat held;
  const bool is_stale = ::fstat(grip.fd, &held) == 0 && held.st_nlink == 0;
  // Not by closing alone: a forked child that has not come to its exec holds the same open file description.
  unlock_descriptor(grip.fd, grip.byte_range);
  close_descriptor(grip.fd);
  return is_stale ? -ESTALE : 0;
}

int take_seat(int fd) { return set_range(fd, F_WRLCK, kSeatByte); }

bool is_seat_taken(int fd) {
  struct flock range = range_of(F_WRLCK, kSeatByte);
  return ::fcntl(fd, F_OFD_GETLK, &range) == 0 && range.l_type != F_UNLCK;
}

int probe_grip(const Place& place, bool byte_range) {
  bool is_writable = false;
  const int fd = open_sidecar(place, &is_writable);
  if (fd == -ENOENT) return 0;
  if (fd < 0) return fd;
  int result = 0;
  if (byte_range) {
    struct flock range = range_of(F_WRLCK, kLockByte);
    result = ::fcntl(fd, F_OFD_GETLK, &range) != 0 ? -errno : range.l_type != F_UNLCK;
  } else {
    result = check_flock_excludes(fd);
    if (result == 0) result = lock_descriptor(fd, {LockMode::kExclusive, false, nullptr});
    if (result == -EAGAIN) result = 1;
  }
  close_descriptor(fd);
  return result;
}

}  // namespace conveyor::locking

// The calls on the file that is locked. No state: each attempt opens a descriptor of its own.
#pragma once

#include <sys/types.h>
#include <time.h>

#include "place.hpp"

namespace conveyor::locking {

/// A lock of the kernel.
struct Grip {
  int fd = -1;
  dev_t device = 0;
  ino_t inode = 0;
  /// When the sidecar was last changed, as of the moment when it was locked.
  timespec changed{};
  bool byte_range = false;
  /// Whether the descriptor can write.
  bool is_writable = false;
};

/// What an attempt needs to know.
struct Aim {
  LockMode mode = LockMode::kExclusive;
  bool byte_range = false;
  /// The device whose file system is known to have locks; the kernel is asked about any other.
  const dev_t* known_device = nullptr;
};

/// Opens the sidecar, which is made where it is missing, and tries to lock it, once.
///
/// Errors: -EAGAIN (somebody holds it, or it was replaced again and again), -ELOOP for a place that is not resolved
/// and has symbolic links on the way, -ENOTSUP, those of open(2). No descriptor is left then.
int try_grip(const Place& place, const Aim& aim, Grip* grip);

/// Unlocks and closes. Returns -ESTALE when the sidecar has been removed or replaced meanwhile.
int let_go(const Grip& grip);

/// Opens an existing sidecar; -errno where it cannot be.
int open_sidecar(const Place& place, bool* is_writable);

/// close(2), which must not be repeated after EINTR.
void close_descriptor(int fd);

/// The second byte of a sidecar: the seat of who is next. Returns 0, -EAGAIN when another process has it.
int take_seat(int fd);
/// Whether another open file description has the seat.
bool is_seat_taken(int fd);

/// Who could be asked for the lock in vain: 0 nobody, 1 somebody; -errno.
int probe_grip(const Place& place, bool byte_range);

}  // namespace conveyor::locking

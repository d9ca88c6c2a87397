// One operation of the application, from start to completion.
#pragma once

#include <sys/types.h>
#include <sys/uio.h>

#include <cstdint>

#include "engine/intrusive_list.hpp"

namespace conveyor {

enum class RequestKind : uint8_t { kRead, kWrite, kSeek, kSize, kTruncate, kFlush, kSync, kClose };

/// Where a pending request is kept.
enum class Stage : uint8_t {
  kNew,
  kCursor,  // behind another operation at the cursor
  kRoom,    // write: for room in the ring; truncate: for its turn among writes
  kReading,
  kQuiet,       // for the append in flight
  kSizing,      // for the backend's size
  kPausedSize,  // to ask for it after a truncate
  kLanding,     // for accepted bytes to land
  kSyncWaiting,
  kSyncRunning,
  kClosing,
  kDone,
};

struct BackendOp;
struct DirectRead;
struct ReadStream;

/// Made by a shell, which fills in the first part and keeps it alive until the engine has completed it.
/// Threads: guarded by the lock around the engine from Engine::start until it is completed.
struct Request {
  RequestKind kind = RequestKind::kRead;
  bool at_cursor = false;      // read, write: at the handle's cursor, which moves
  bool runs_inline = false;    // the shell runs backend operations made for this request before it waits for it
  bool glances = false;        // read: the same, as far as it can be done without waiting; the rest is for workers
  bool data_only = false;      // sync
  int whence = 0;              // seek
  int64_t offset = 0;          // read, write: file offset; seek: distance; truncate: size
  const iovec* iov = nullptr;  // read, write: the caller's memory, `count` bytes in all
  int iov_count = 0;
  size_t count = 0;

  /// Its caller runs operations itself, all that it needs or those that need no waiting.
  bool runs_operations() const { return runs_inline || glances; }

  ssize_t result = 0;   // when complete: >= 0, or -errno
  bool lands = false;   // write: its caller runs a backend write that became due with it
  bool waited = false;  // it could not be completed at once
  bool closed = false;  // close: the handle is gone
  int64_t started = 0;  // when it was started, by the shell's clock

  // The engine's.
  Stage stage = Stage::kNew;
  uint8_t tries = 0;             // read: how often it waited for chunks
  bool holds_appends = false;    // appends wait for it
  size_t accepted = 0;           // write: bytes copied into the ring so far
  uint64_t order = 0;            // read: how fresh an end of file has to be
  uint64_t land_before = 0;      // flush: all ring positions below this have to land
  uint64_t land_remaining = 0;   // flush: bytes of them that have not
  BackendOp* blocker = nullptr;  // read: an operation it waits for, which the shell may run itself
  DirectRead* direct = nullptr;
  ReadStream* stream = nullptr;
  Request* prev = nullptr;
  Request* next = nullptr;
};

using RequestList = IntrusiveList<Request>;

}  // namespace conveyor

// One operation of the backend, from submission to its last completion.
#pragma once

#include <sys/types.h>
#include <sys/uio.h>

#include <cstdint>
#include <vector>

#include "engine/config.hpp"
#include "engine/intrusive_list.hpp"
#include "engine/memory.hpp"
#include "engine/range.hpp"

namespace conveyor {

/// Values of enum conveyor_io_kind.
enum class IoKind : uint8_t { kRead = 1, kWrite, kAppend, kSize, kTruncate, kSync, kClose };

struct Request;
struct Chunk;
struct DirectRead;
class Handle;

/// A run of bytes of the write ring.
struct LogRun {
  uint64_t position;
  uint64_t length;
};

/// Made by the engine. What is to be done now is kind, offset, count and pieces; a shell runs it and reports the count
/// or -errno to Engine::complete. Threads: a shell may read it between submission and completion without the engine's
/// lock.
struct BackendOp {
  uint64_t id = 0;
  IoKind kind = IoKind::kRead;
  bool data_only = false;
  uint64_t offset = 0;  // what remains: after a short count, the rest
  size_t count = 0;
  std::vector<iovec> pieces;  // memory of what remains, `count` bytes in all

  // The engine's.
  Range range;                   // all of it
  std::vector<LogRun> log;       // write, append: where its bytes stand in the write ring
  Chunk* chunk = nullptr;        // read: the chunk it fills
  Request* request = nullptr;    // read, size, truncate: who asked, if somebody did
  DirectRead* direct = nullptr;  // read: the direct read it belongs to
  Range wanted;                  // of a direct read: the part that was asked for
  Block block;                   // read: memory of its own
  int ring_generation = 0;       // write: which memory of the ring it reads
  bool waiting = false;          // for a retry
  bool end_of_file = false;      // read: it met the end
  uint32_t attempts = 0;
  Time first_failure = 0;
  Time due = 0;        // of the retry
  Time submitted = 0;  // set by the shell
  size_t done = 0;
  uint64_t end_floor = 0;  // read, size: writes that landed meanwhile made the file at least this long
  BackendOp* prev = nullptr;
  BackendOp* next = nullptr;

  // The shell's: its place in a queue of work.
  Handle* handle = nullptr;
  BackendOp* queue_prev = nullptr;
  BackendOp* queue_next = nullptr;
  bool queued = false;
};

using OpList = IntrusiveList<BackendOp>;

}  // namespace conveyor

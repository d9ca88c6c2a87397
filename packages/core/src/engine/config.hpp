// What an engine is told when it is made. Sizes are bytes, times nanoseconds; names as in conveyor.h.
#pragma once

#include <cstddef>
#include <cstdint>

namespace conveyor {

/// Nanoseconds of a monotonic clock that the shell reads; the engine reads none.
using Time = int64_t;
inline constexpr Time kMillisecond = 1'000'000;
inline constexpr Time kNever = INT64_MAX;

/// What the backend can do.
struct BackendTraits {
  bool append = false;             // has an append of its own [W9]
  bool truncate = false;           // else truncate is ENOTSUP [P4]
  bool sync = false;               // else sync is flush [F2]
  bool short_read_is_eof = false;  // a short count needs no second read to tell the end of file
  bool serial_writes = false;      // takes one write after the other, as kernels do with files in the page cache
};

/// Settings that adaptation leaves alone, because somebody has chosen them [A1].
struct Pinned {
  bool max_io = false;
  bool flush_threshold = false;
  bool window_limit = false;
  bool write_depth = false;
  bool read_depth = false;
};

/// While an engine lives, only its adaptation changes something here: what Tuning (adapt/tuning.hpp) holds.
struct EngineConfig {
  bool readable = true;
  bool writable = true;
  bool append = false;         // O_APPEND [W9]
  bool write_through = false;  // no write ring: a write returns when it landed
  bool read_through = false;   // no read-ahead
  bool split_large_writes = false;
  bool nonblocking = false;
  bool keep_until_sync = false;
  bool sync_is_noop = false;  // durability `memory` [F10]
  uint32_t read_depth = 4;
  uint32_t write_depth = 4;
  size_t write_capacity_initial = 64 << 10;
  size_t write_capacity_max = 8 << 20;
  size_t read_window_initial = 128 << 10;
  size_t read_capacity_max = 8 << 20;
  bool trust_first_read = true;  // at the beginning of the file; where the backend is near, the second is soon enough
  size_t max_io = 1 << 20;
  size_t flush_threshold = SIZE_MAX;  // of queued bytes; max_io and a quarter of the ring's bound cap it [W5]
  size_t window_limit = SIZE_MAX;     // of all windows together; three quarters of read_capacity_max cap it [R3]
  size_t read_align = 1;
  Time max_dirty = 100 * kMillisecond;
  Time retry_deadline = 10'000 * kMillisecond;
  Time idle = 1'000 * kMillisecond;  // memory of a handle without traffic is given back after this
  bool adaptive = false;
  Time tick = 1'000 * kMillisecond;  // length of a window of adaptation
  Pinned pinned;
  uint32_t depth_max = 64;  // for adaptation
  uint64_t initial_cursor = 0;
  uint64_t seed = 1;  // of the retry jitter
  /// Says which errors of the backend are worth a retry [F3]; EINTR and EAGAIN always are.
  bool (*retryable)(void* context, int error) = nullptr;
  void* retryable_context = nullptr;
};

}  // namespace conveyor

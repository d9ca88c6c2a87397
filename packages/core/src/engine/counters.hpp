// What a handle counts [O1].
#pragma once

#include <cstdint>
#include <memory>

#include "engine/backend_op.hpp"
#include "engine/config.hpp"
#include "engine/histogram.hpp"
#include "engine/memory.hpp"

namespace conveyor {

/// Histograms are made at their first value, so that an idle handle stays small. Not thread safe.
class LazyHistogram {
 public:
  explicit LazyHistogram(Memory& memory) : memory_(memory) {}
  ~LazyHistogram() {
    if (histogram_) memory_.charge(-kSize);
  }
  LazyHistogram(const LazyHistogram&) = delete;
  LazyHistogram& operator=(const LazyHistogram&) = delete;

  void record(Time value) {
    if (!histogram_) {
      histogram_ = std::make_unique<Histogram>();
      memory_.charge(kSize);
    }
    histogram_->record(value);
  }
  const Histogram* get() const { return histogram_.get(); }

 private:
  static constexpr int64_t kSize = sizeof(Histogram);

  Memory& memory_;
  std::unique_ptr<Histogram> histogram_;
};

/// Totals; the window is the difference to a copy of them.
struct Totals {
  uint64_t reads = 0, writes = 0, bytes_read = 0, bytes_written = 0;
  uint64_t read_hits = 0, read_misses = 0;
  uint64_t backend_reads = 0, backend_writes = 0, backend_others = 0;
  uint64_t backend_bytes_read = 0, backend_bytes_written = 0;
  uint64_t retries = 0, rewrites_in_place = 0, stalls = 0, stall_ns = 0, unreported_errors = 0;
  uint64_t backend_read_ns = 0, backend_reads_timed = 0, backend_write_ns = 0, backend_writes_timed = 0;
};

struct Counters {
  /// A backend whose operations take less than this costs no more than to sleep and be woken a few times.
  static constexpr Time kNear = kMillisecond / 2;
  /// A backend that takes longer than this does more than copy, even if it takes one after the other.
  static constexpr Time kFar = 2 * kMillisecond;

  explicit Counters(Memory& memory)
      : app_read(memory),
        app_write(memory),
        app_other(memory),
        backend_read(memory),
        backend_write(memory),
        backend_other(memory) {}

  Totals totals;
  Totals at_last_look;  // where the window began
  LazyHistogram app_read, app_write, app_other, backend_read, backend_write, backend_other;

  /// Reads of the backend are quick on average, as far as it is known.
  bool reads_are_quick() const {
    return totals.backend_read_ns <= totals.backend_reads_timed * static_cast<uint64_t>(kNear);
  }

  /// They take a millisecond or more.
  bool reads_are_far() const {
    return totals.backend_reads_timed > 0 &&
           totals.backend_read_ns >= totals.backend_reads_timed * static_cast<uint64_t>(kMillisecond);
  }
  bool writes_are_far() const {
    return totals.backend_write_ns > totals.backend_writes_timed * static_cast<uint64_t>(kFar);
  }
  bool writes_are_quick() const {
    return totals.backend_write_ns <= totals.backend_writes_timed * static_cast<uint64_t>(kNear);
  }

  /// A backend operation has ended; `taken` < 0: it was not timed.
  void backend_done(IoKind kind, ssize_t result, Time taken) {
    uint64_t bytes = result > 0 ? static_cast<uint64_t>(result) : 0;
    if (kind == IoKind::kRead) {
      ++totals.backend_reads;
      totals.backend_bytes_read += bytes;
      time(taken, totals.backend_read_ns, totals.backend_reads_timed, backend_read);
    } else if (kind == IoKind::kWrite || kind == IoKind::kAppend) {
      ++totals.backend_writes;
      totals.backend_bytes_written += bytes;
      time(taken, totals.backend_write_ns, totals.backend_writes_timed, backend_write);
    } else {
      ++totals.backend_others;
      if (taken >= 0) backend_other.record(taken);
    }
  }

 private:
  static void time(Time taken, uint64_t& sum, uint64_t& count, LazyHistogram& histogram) {
    if (taken < 0) return;
    sum += static_cast<uint64_t>(taken);
    ++count;
    histogram.record(taken);
  }
};

}  // namespace conveyor

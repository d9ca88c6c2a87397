#pragma once
/// The clock of the benchmarks.

#include <cstdint>
#include <stdexcept>

#include <ctime>

namespace conveyor::bench {

/// Measures one stretch of time, and what the processors of the machine did for this process meanwhile.
/// Requires: start, then stop, once each.
class Stopwatch {
 public:
  void start() {
    cpu_begin_ns_ = now(CLOCK_PROCESS_CPUTIME_ID);
    begin_ns_ = now(CLOCK_MONOTONIC);
  }
  void stop() {
    end_ns_ = now(CLOCK_MONOTONIC);
    cpu_end_ns_ = now(CLOCK_PROCESS_CPUTIME_ID);
  }

  /// Nanoseconds between start and stop. Errors: std::logic_error unless both were called.
  std::int64_t elapsed_ns() const {
    if (begin_ns_ == 0 || end_ns_ == 0) throw std::logic_error("a side has not started or not stopped its clock");
    return end_ns_ - begin_ns_;
  }
  /// Processor time of all threads, user and system.
  std::int64_t cpu_ns() const { return cpu_end_ns_ - cpu_begin_ns_; }

 private:
  static std::int64_t now(clockid_t clock) {
    timespec time{};
    clock_gettime(clock, &time);
    return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
  }

  std::int64_t begin_ns_ = 0;
  std::int64_t end_ns_ = 0;
  std::int64_t cpu_begin_ns_ = 0;
  std::int64_t cpu_end_ns_ = 0;
};

}  // namespace conveyor::bench

// One thread that ticks handles when they ask for it, and makes them give memory back when others starve.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <queue>
#include <vector>

#include "engine/config.hpp"

namespace conveyor {

/// Started at its first use. Threads: all functions from any thread, no lock needed.
class Timer {
 public:
  Timer() = default;
  Timer(const Timer&) = delete;
  /// Ticks the handle with this token at `at` or soon after (a closed handle is passed over).
  void arm(uint64_t token, Time at);
  /// Makes all handles give back memory that they do not use, soon.
  void reclaim();

 private:
  struct Entry {
    Time at;
    uint64_t token;
    bool operator>(const Entry& other) const { return at > other.at; }
  };
  void start_locked();
  void work();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::priority_queue<Entry, std::vector<Entry>, std::greater<>> entries_;
  bool reclaim_ = false;
  bool ticked_ = false;  // since the process has last given memory back
  bool started_ = false;
};

}  // namespace conveyor

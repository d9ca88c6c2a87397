// Who copies between memory and a backend that is as fast as memory.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "engine/config.hpp"

namespace conveyor {

/// Where the backend is as fast as memory, leaving it to workers pays only if one gets a processor to do it on, and if
/// what it costs to wake it and to share caches with it is less than the copy it takes over. Nobody knows that
/// beforehand, and it changes. So both ways are tried, the one in which the handle's callers got on faster is kept, and
/// the other is tried again ever more rarely. One for reads, one for writes. Not thread safe.
class Pace {
 public:
  static constexpr size_t kSettleMax = 64 << 20;

  /// `settle`: bytes after which nothing is left of what the other way has done in advance. Twice that is measured at a
  /// time, because what works in advance gets on in bursts.
  explicit Pace(uint64_t settle) : settle_(settle) {}

  /// The caller does it: a reader fetches when he gets there and nobody reads ahead, a writer lands what is due.
  bool alone() const { return way_ == kAlone; }

  /// A caller for whom either way would do asks for more. `bytes_total`: what the handle has moved for callers so far.
  void note(uint64_t bytes_total, Time now) {
    uint64_t bytes = bytes_total - bytes_seen_;
    Time taken = now - time_seen_;
    bytes_seen_ = bytes_total;
    time_seen_ = now;
    if (taken > kPause) return;  // the application did something else
    if (settling_ > 0) {
      settling_ -= bytes < settling_ ? bytes : settling_;
      return;
    }
    stretch_.bytes += bytes;
    stretch_.taken += taken;
    if (stretch_.bytes >= 2 * settle_) end_stretch();
  }

 private:
  static constexpr size_t kAlone = 0, kAhead = 1;
  static constexpr uint32_t kPatienceMin = 4;  // stretches
  static constexpr uint32_t kPatienceMax = 256;
  static constexpr Time kPause = 20 * kMillisecond;

  struct Progress {
    uint64_t bytes = 0;
    Time taken = 0;

    double cost() const { return static_cast<double>(taken) / static_cast<double>(bytes); }
  };

  void end_stretch() {
    Progress& mine = progress_[way_];
    mine = {mine.bytes / 2 + stretch_.bytes, mine.taken / 2 + stretch_.taken};
    stretch_ = {};
    if (trying_) {
      // Workers cost the machine a second processor and wake-ups: they have to be worth it.
      size_t best = 0.75 * progress_[kAlone].cost() <= progress_[kAhead].cost() ? kAlone : kAhead;
      patience_ = best == way_ ? kPatienceMin : std::min(4 * patience_, kPatienceMax);
      rest_ = patience_;
      trying_ = false;
      turn(best);
    } else if (--rest_ == 0) {
      trying_ = true;
      turn(1 - way_);
    }
  }

  void turn(size_t way) {
    if (way == way_) return;
    settling_ = settle_;
    way_ = way;
  }

  const uint64_t settle_;
  size_t way_ = kAlone;
  bool trying_ = false;               // this stretch is the other way's chance
  uint32_t patience_ = kPatienceMin;  // stretches from one chance to the next, and how many are left
  uint32_t rest_ = kPatienceMin;
  uint64_t settling_ = 0;
  uint64_t bytes_seen_ = 0;
  Time time_seen_ = 0;
  Progress stretch_;
  std::array<Progress, 2> progress_;
};

}  // namespace conveyor

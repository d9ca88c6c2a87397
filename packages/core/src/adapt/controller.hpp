// The controller of adaptation: closed windows in, settings out. It has no clock, no I/O and no engine; a window is all
// it knows, so the same windows lead to the same decisions. Clause: A1.
#pragma once

#include <array>
#include <cstdint>

#include "adapt/tuning.hpp"

namespace conveyor {

/// One direction of the backend in one window. Times are nanoseconds.
struct Flow {
  uint64_t operations = 0;   // of the backend, that ended
  uint64_t bytes = 0;        // they moved
  uint64_t latency_ns = 0;   // sum over the operations that were timed
  uint64_t timed = 0;        // how many of them were
  uint64_t waits = 0;        // operations of the application that had to wait
  uint64_t app_bytes = 0;    // read or accepted
  int64_t busy_ns = 0;       // some operation was in flight for so long
  int64_t held_back_ns = 0;  // and the depth kept another one from being submitted
};

/// What happened from one tick to the next.
struct ClosedWindow {
  int64_t length_ns = 0;
  Flow reads;
  Flow writes;
};

/// Where the depth is the bottleneck, raises it one step of two at a time, then max_io, as long as throughput follows;
/// gives back depth that is not missed; then keeps still until the throughput is another one. The flush threshold is
/// what is accepted during one backend operation, the window limit a few times what is read during one.
///
/// Not thread safe.
class Controller {
 public:
  /// Starts with `start`. Requires: it is inside of the range.
  Controller(const Tuning& start, const TuningRange& range);

  /// Takes the next window. One in which the backend was busy for too short a time is joined
  /// with those that follow.
  void close(const ClosedWindow& window);

  const Tuning& tuning() const { return tuning_; }
  /// Windows after which something was changed.
  uint64_t decisions() const { return decisions_; }

 private:
  enum class Phase : uint8_t { kUp, kDown, kSettled };
  enum class Knob : uint8_t { kDepth, kMaxIo };
  /// How far one direction has come.
  struct Climb {
    Phase phase = Phase::kUp;
    bool has_begun = false;    // the window before it may be of another time
    bool depth_tried = false;  // in this phase, to its end
    bool max_io_tried = false;
    bool gained = false;
    double rate_above = 0;    // of both directions, before the first step down
    double rate = 0;          // of the direction, in the settings now in force
    double settled_rate = 0;  // the same when it had settled
  };
  /// A step that the next window decides about. One at a time: directions share the backend.
  struct Probe {
    bool open = false;
    size_t direction = 0;
    Knob knob = Knob::kDepth;
    Tuning before;
  };

  bool judge(const ClosedWindow& window);
  bool climb(size_t direction, const ClosedWindow& window);
  bool probe(size_t direction, Knob knob, bool up);
  void follow_writer(const Flow& writes, int64_t length_ns);
  void follow_reader(const Flow& reads, int64_t length_ns);
  size_t full_threshold() const;

  const TuningRange range_;
  Tuning tuning_;
  ClosedWindow pending_;
  uint64_t decisions_ = 0;
  std::array<Climb, 2> climbs_;  // of reads, of writes
  Probe probe_;
  double rate_ = 0;  // of both directions, in the settings now in force
  size_t turn_ = 0;
  size_t threshold_floor_ = 0;  // below it landings were held back
  uint64_t floor_latency_ = 0;  // when operations took so long
  uint32_t floor_rests_ = 0;    // windows for which that is believed
};

}  // namespace conveyor

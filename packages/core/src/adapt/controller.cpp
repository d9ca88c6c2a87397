#include "adapt/controller.hpp"

#include <algorithm>
#include <utility>

namespace conveyor {
namespace {

constexpr double kWorthIt = 1.08;    // a step up is kept when the rate grows by this
constexpr double kNotMissed = 0.97;  // a step down when the rate stays above this
constexpr double kOtherRate = 1.5;   // a change of the rate that asks for another climb
constexpr uint64_t kOperationsLeast = 4;
constexpr int64_t kLatenciesLeast = 4;   // a direction is busy for so many of its operations, one after another
constexpr int64_t kHeldBackShare = 4;    // of the busy time: one part in so many is a bottleneck
constexpr uint64_t kNearNs = 1'000'000;  // a backend below this is not worth a probe
constexpr double kSecond = 1e9;
constexpr uint32_t kFloorRests = 60;

uint64_t latency_of(const Flow& flow) { return flow.timed ? flow.latency_ns / flow.timed : 0; }

// Bytes per second while busy.
double rate_of(const Flow& flow) {
  return flow.busy_ns > 0 ? static_cast<double>(flow.bytes) * kSecond / static_cast<double>(flow.busy_ns) : 0;
}

double rate_of(const ClosedWindow& window) { return rate_of(window.reads) + rate_of(window.writes); }

const Flow& flow_of(const ClosedWindow& window, size_t direction) {
  return direction == 0 ? window.reads : window.writes;
}

bool is_held_back(const Flow& flow) {
  return flow.held_back_ns > 0 && flow.held_back_ns * kHeldBackShare >= flow.busy_ns;
}

// Too little happened for a rate: what was in flight at either end weighs too much.
bool is_short(const Flow& flow) { return flow.busy_ns < kLatenciesLeast * static_cast<int64_t>(latency_of(flow)); }

bool is_bottleneck(const Flow& flow) {
  return flow.operations >= kOperationsLeast && is_held_back(flow) && latency_of(flow) >= kNearNs;
}

void add(Flow& sum, const Flow& flow) {
  sum.operations += flow.operations;
  sum.bytes += flow.bytes;
  sum.latency_ns += flow.latency_ns;
  sum.timed += flow.timed;
  sum.waits += flow.waits;
  sum.app_bytes += flow.app_bytes;
  sum.busy_ns += flow.busy_ns;
  sum.held_back_ns += flow.held_back_ns;
}

// What passes at `bytes` per window during one backend operation, or during a millisecond if that is longer: nearer
// backends are not worth more operations than that.
size_t bytes_per_operation(uint64_t bytes, int64_t length_ns, uint64_t latency_ns) {
  const double during = static_cast<double>(std::max(latency_ns, kNearNs)) / static_cast<double>(length_ns);
  return static_cast<size_t>(std::min(static_cast<double>(bytes) * during, 1e15));
}

// One step of two towards `wanted`, and none while that is within a factor of four below.
size_t follow(size_t value, size_t wanted, size_t least, size_t most) {
  if (wanted > value) value *= 2;
  if (wanted < value / 4) value /= 2;
  return std::clamp(value, least, most);
}

template <class Value>
bool step(Value& value, Value least, Value most, bool up) {
  const Value old = value;
  value = std::clamp(static_cast<Value>(up ? value * 2 : value / 2), least, most);
  return value != old;
}

}  // namespace

Controller::Controller(const Tuning& start, const TuningRange& range) : range_(range), tuning_(start) {}

size_t Controller::full_threshold() const {
  return std::max(range_.least.flush_threshold, std::min(range_.most.flush_threshold, tuning_.max_io));
}

void Controller::close(const ClosedWindow& window) {
  pending_.length_ns += window.length_ns;
  add(pending_.reads, window.reads);
  add(pending_.writes, window.writes);
  if (pending_.length_ns <= 0 || is_short(pending_.reads) || is_short(pending_.writes)) return;
  const ClosedWindow whole = pending_;
  pending_ = {};
  const Tuning before = tuning_;
  if (!probe_.open || judge(whole)) {
    rate_ = rate_of(whole);
    for (size_t direction : {0, 1}) climbs_[direction].rate = rate_of(flow_of(whole, direction));
  }
  if (climb(turn_, whole) || climb(1 - turn_, whole)) turn_ = 1 - probe_.direction;
  follow_writer(whole.writes, whole.length_ns);
  follow_reader(whole.reads, whole.length_ns);
  if (!(tuning_ == before)) ++decisions_;
}

// False: it is taken back, and the window is not of the settings now in force.
bool Controller::judge(const ClosedWindow& window) {
  Climb& climb = climbs_[probe_.direction];
  const bool up = climb.phase == Phase::kUp;
  const bool comparable = flow_of(window, probe_.direction).operations >= kOperationsLeast;
  const bool keep = comparable && rate_of(window) >= (up ? rate_ * kWorthIt : climb.rate_above * kNotMissed);
  probe_.open = false;
  if (keep) {
    climb.gained = climb.gained || up;
    return true;
  }
  tuning_.max_io = probe_.before.max_io;
  tuning_.write_depth = probe_.before.write_depth;
  tuning_.read_depth = probe_.before.read_depth;
  if (comparable) (probe_.knob == Knob::kDepth ? climb.depth_tried : climb.max_io_tried) = true;
  return false;
}

// Starts the next probe of a direction, if there is one. Larger operations come where depth does not help, and where
// operations are as large as they may be.
bool Controller::climb(size_t direction, const ClosedWindow& window) {
  const Flow& flow = flow_of(window, direction);
  Climb& climb = climbs_[direction];
  if (!is_bottleneck(flow)) return false;
  if (climb.phase == Phase::kSettled) {
    const double then = climb.settled_rate;
    if (climb.rate < then * kOtherRate && climb.rate * kOtherRate > then) return false;
    climb = Climb{.rate = climb.rate};
  }
  if (!std::exchange(climb.has_begun, true)) return false;
  if (climb.phase == Phase::kUp) {
    if (!climb.depth_tried && probe(direction, Knob::kDepth, true)) return true;
    const bool filled = flow.bytes >= flow.operations * (tuning_.max_io / 4 * 3);
    if (!climb.max_io_tried && filled && probe(direction, Knob::kMaxIo, true)) return true;
    climb.phase = climb.gained ? Phase::kSettled : Phase::kDown;
    climb.depth_tried = climb.max_io_tried = false;
    climb.rate_above = rate_;
  }
  if (climb.phase == Phase::kDown) {
    if (!climb.max_io_tried && probe(direction, Knob::kMaxIo, false)) return true;
    if (!climb.depth_tried && probe(direction, Knob::kDepth, false)) return true;
    climb.phase = Phase::kSettled;
  }
  climb.settled_rate = climb.rate;
  return false;
}

bool Controller::probe(size_t direction, Knob knob, bool up) {
  const Tuning before = tuning_;
  bool moved;
  if (knob == Knob::kMaxIo) {
    moved = step(tuning_.max_io, range_.least.max_io, range_.most.max_io, up);
  } else if (direction == 0) {
    moved = step(tuning_.read_depth, range_.least.read_depth, range_.most.read_depth, up);
  } else {
    moved = step(tuning_.write_depth, range_.least.write_depth, range_.most.write_depth, up);
  }
  if (!moved) return false;
  probe_ = {true, direction, knob, before};
  return true;
}

void Controller::follow_writer(const Flow& writes, int64_t length_ns) {
  const size_t full = full_threshold();
  const uint64_t latency = latency_of(writes);
  size_t& threshold = tuning_.flush_threshold;
  if (floor_rests_ > 0 && (--floor_rests_ == 0 || latency < floor_latency_ / 2)) floor_rests_ = 0, threshold_floor_ = 0;
  if (writes.app_bytes == 0) {
    threshold = std::min(threshold, full);
    return;
  }
  size_t wanted = bytes_per_operation(writes.app_bytes, length_ns, latency);
  if (threshold < full && is_held_back(writes)) {
    // The operations could have been larger: not so early again.
    threshold_floor_ = std::min(2 * threshold, full);
    floor_latency_ = latency;
    floor_rests_ = kFloorRests;
    wanted = full;
  }
  if (writes.busy_ns * 2 >= length_ns) wanted = full;
  threshold = follow(threshold, wanted, std::max(range_.least.flush_threshold, std::min(threshold_floor_, full)), full);
}

void Controller::follow_reader(const Flow& reads, int64_t length_ns) {
  if (reads.app_bytes == 0) return;
  const size_t wanted = 4 * bytes_per_operation(reads.app_bytes, length_ns, latency_of(reads));
  const size_t limit = follow(tuning_.window_limit, wanted, range_.least.window_limit, range_.most.window_limit);
  // Who waits already does so for want of bytes ahead.
  if (limit < tuning_.window_limit && reads.waits > 0) return;
  tuning_.window_limit = limit;
}

}  // namespace conveyor

// Adaptation of one handle: cuts its counters into windows, and puts into force what the controller decides.
#pragma once

#include <memory>

#include "adapt/controller.hpp"
#include "engine/config.hpp"
#include "engine/counters.hpp"
#include "engine/op_table.hpp"

namespace conveyor {

/// A window opens with a backend operation and closes `tick` later; without traffic none is open, and nothing ticks.
/// Not thread safe. Clause: A1.
class Adaptation {
 public:
  /// What is decided is written into `config`.
  Adaptation(EngineConfig& config, OpTable& ops, const Counters& counters)
      : config_(config), ops_(ops), counters_(counters) {}

  /// Backend operations are in flight.
  void wake(Time now) {
    if (config_.adaptive && closes_at_ == kNever) open(now);
  }
  Time closes_at() const { return closes_at_; }
  /// Closes the window if it is time. Requires: what the lanes took is booked.
  void tick(Time now) {
    if (now >= closes_at_) close(now);
  }
  /// What is in force now.
  Tuning tuning() const;
  uint64_t decisions() const { return state_ ? state_->controller.decisions() : 0; }

 private:
  /// Made when there is traffic, so that an idle handle stays small.
  struct State {
    explicit State(const TuningRange& range, const Tuning& start) : controller(start, range) {}
    Controller controller;
    Time opened = 0;
    Flow reads_then, writes_then;
  };

  void open(Time now);
  void close(Time now);
  TuningRange range() const;
  Flow reads_now() const;
  Flow writes_now() const;

  EngineConfig& config_;
  OpTable& ops_;
  const Counters& counters_;
  std::unique_ptr<State> state_;
  Time closes_at_ = kNever;
};

}  // namespace conveyor

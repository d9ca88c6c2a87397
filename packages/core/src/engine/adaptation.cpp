#include "engine/adaptation.hpp"

#include <algorithm>

namespace conveyor {
namespace {

constexpr size_t kThresholdLeast = 64 << 10;
constexpr size_t kWindowsLeast = 512 << 10;

Flow between(const Flow& then, const Flow& now) {
  Flow flow = now;
  flow.operations -= then.operations;
  flow.bytes -= then.bytes;
  flow.latency_ns -= then.latency_ns;
  flow.timed -= then.timed;
  flow.waits -= then.waits;
  flow.app_bytes -= then.app_bytes;
  return flow;
}

void add_measured(Flow& flow, FlowMeter& meter, Time now) {
  const FlowMeter::Reading reading = meter.take(now);
  flow.busy_ns = reading.busy;
  flow.held_back_ns = reading.held_back;
}

}  // namespace

Tuning Adaptation::tuning() const {
  Tuning now;
  now.max_io = config_.max_io;
  now.flush_threshold = std::min({config_.flush_threshold, config_.max_io, config_.write_capacity_max / 4});
  now.window_limit = std::min(config_.window_limit, config_.read_capacity_max / 4 * 3);
  now.write_depth = config_.write_depth;
  now.read_depth = config_.read_depth;
  return now;
}

// Four of the largest operations fit into a ring: while one fills, others are on their way.
TuningRange Adaptation::range() const {
  const Tuning start = tuning();
  TuningRange range{start, start};
  const Pinned& pinned = config_.pinned;
  size_t io = SIZE_MAX;
  if (config_.writable && !config_.write_through) io = std::min(io, config_.write_capacity_max / 4);
  if (config_.readable && !config_.read_through) io = std::min(io, config_.read_capacity_max / 4);
  if (!pinned.max_io && io != SIZE_MAX) range.most.max_io = std::max(io, start.max_io);
  if (!pinned.flush_threshold) {
    range.least.flush_threshold = std::min(kThresholdLeast, start.flush_threshold);
    range.most.flush_threshold = std::max(config_.write_capacity_max / 4, start.flush_threshold);
  }
  if (!pinned.window_limit) range.least.window_limit = std::min(kWindowsLeast, start.window_limit);
  if (!pinned.write_depth) range.most.write_depth = std::max(config_.depth_max, start.write_depth);
  if (!pinned.read_depth) range.most.read_depth = std::max(config_.depth_max, start.read_depth);
  return range;
}

Flow Adaptation::reads_now() const {
  const Totals& t = counters_.totals;
  return {t.backend_reads, t.backend_bytes_read, t.backend_read_ns, t.backend_reads_timed, t.read_misses, t.bytes_read};
}

Flow Adaptation::writes_now() const {
  const Totals& t = counters_.totals;
  return {t.backend_writes, t.backend_bytes_written, t.backend_write_ns, t.backend_writes_timed,
          t.stalls,         t.bytes_written};
}

void Adaptation::open(Time now) {
  if (!state_) state_ = std::make_unique<State>(range(), tuning());
  state_->opened = now;
  state_->reads_then = reads_now();
  state_->writes_then = writes_now();
  closes_at_ = now + config_.tick;
}

void Adaptation::close(Time now) {
  ClosedWindow window;
  window.length_ns = now - state_->opened;
  window.reads = between(state_->reads_then, reads_now());
  window.writes = between(state_->writes_then, writes_now());
  add_measured(window.reads, ops_.read_meter(), now);
  add_measured(window.writes, ops_.write_meter(), now);
  state_->controller.close(window);
  const Tuning& decided = state_->controller.tuning();
  config_.max_io = decided.max_io;
  config_.flush_threshold = decided.flush_threshold;
  config_.window_limit = decided.window_limit;
  config_.write_depth = decided.write_depth;
  config_.read_depth = decided.read_depth;
  closes_at_ = kNever;
}

}  // namespace conveyor

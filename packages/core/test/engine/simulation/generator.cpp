#include "generator.hpp"

#include <algorithm>

namespace conveyor::sim {
namespace {

// How often a kind of event happens, before a world's habits.
constexpr uint32_t kWeights[] = {
    200,  // read
    200,  // write
    30,   // seek
    15,   // size
    12,   // truncate
    15,   // flush
    12,   // sync
    2,    // close
    20,   // pass
    25,   // end_pass
    80,   // effect
    500,  // complete
    60,   // advance
    4,    // tick
    4,    // trim
    6,    // invalidate
    10,   // prefetch
    12,   // clear_error
    2,    // last_error
    6,    // stats
    6,    // go_direct
    12,   // cancel
    6,    // grow
    3,    // budget
};
static_assert(std::size(kWeights) == kEventKinds);

bool is_of_backend(EventKind kind) { return kind == EventKind::kComplete || kind == EventKind::kEffect; }

}  // namespace

Generator::Generator(const World& world, testkit::Prng prng) : world_(world), prng_(prng) {
  constexpr uint32_t kHabits[] = {0, 1, 2, 4, 4, 8, 16};
  uint32_t sum = 0;
  for (int i = 0; i < kEventKinds; ++i) {
    uint32_t habit = kHabits[prng_.below(std::size(kHabits))];
    if (static_cast<EventKind>(i) == EventKind::kComplete) habit = std::max(habit, 2u);
    sum += kWeights[i] * habit;
    up_to_[static_cast<size_t>(i)] = sum;
  }
  auto one_of = [&](std::initializer_list<uint64_t> values) { return values.begin()[prng_.below(values.size())]; };
  offsets_ = one_of({64, 600, 3000, 9000, 20'000});
  count_small_ = static_cast<uint32_t>(one_of({4, 32, 200, 512}));
  count_max_ = static_cast<uint32_t>(one_of({64, 512, 2000, 3000}));
  at_cursor_ = one_of({0, 30, 70, 100});
  inline_ = one_of({0, 0, 50});
  in_order_ = one_of({0, 50, 90});
  faults_ = one_of({0, 0, 5, 15, 40});
  permanent_ = one_of({0, 10, 50});
  deadlines_ = one_of({0, 0, 20});
  pending_max_ = one_of({1, 3, 8, 20});
}

EventKind Generator::kind() {
  uint32_t at = static_cast<uint32_t>(prng_.below(up_to_.back()));
  return static_cast<EventKind>(std::upper_bound(up_to_.begin(), up_to_.end(), at) - up_to_.begin());
}

uint32_t Generator::count() {
  if (percent(1)) return 0;
  if (percent(50)) return 1 + static_cast<uint32_t>(prng_.below(count_small_));
  if (percent(2)) return 1 + static_cast<uint32_t>(prng_.below(10'000));
  return 1 + static_cast<uint32_t>(prng_.below(count_max_));
}

int64_t Generator::offset(const Simulation& simulation) {
  if (percent(in_order_)) return static_cast<int64_t>(next_offset_);
  if (percent(5)) return static_cast<int64_t>(simulation.file_size());
  if (percent(10)) return static_cast<int64_t>(prng_.below(offsets_) / 512 * 512);
  return static_cast<int64_t>(prng_.below(offsets_));
}

Event Generator::next(const Simulation& simulation) {
  if (simulation.pending() >= pending_max_ && simulation.flying() > 0 && percent(70))
    return backend_event(EventKind::kComplete);
  const EventKind chosen = kind();
  if (is_of_backend(chosen)) return backend_event(chosen);
  return application_event(chosen, simulation);
}

Event Generator::backend_event(EventKind kind) {
  Event event{kind};
  event.pick = percent(40) ? 0 : static_cast<uint32_t>(prng_.below(16));
  if (percent(10)) {
    event.outcome = Outcome::kShort;
    event.count = static_cast<uint32_t>(prng_.below(5000));
  }
  if (!percent(faults_)) return event;
  constexpr Outcome kLies[] = {Outcome::kZero, Outcome::kTooMuch, Outcome::kNonsense};
  event.count = static_cast<uint32_t>(prng_.below(5000));
  if (percent(permanent_)) {
    event.outcome = percent(80) ? Outcome::kPermanent : kLies[prng_.below(std::size(kLies))];
  } else {
    event.outcome = percent(20) ? Outcome::kRetryable : Outcome::kTransient;
  }
  return event;
}

Event Generator::application_event(EventKind kind, const Simulation& simulation) {
  Event event{kind};
  auto flag = [&](EventFlag which, bool set) { event.flags = static_cast<uint8_t>(event.flags | (set ? which : 0)); };
  if (kind <= EventKind::kClose && percent(deadlines_)) event.pick = 1 + static_cast<uint32_t>(prng_.below(30));
  switch (kind) {
    case EventKind::kRead:
    case EventKind::kWrite:
      event.count = count();
      event.offset = offset(simulation);
      next_offset_ = static_cast<uint64_t>(event.offset) + event.count;
      if (next_offset_ > offsets_) next_offset_ = 0;
      flag(kAtCursor, percent(at_cursor_));
      flag(kVectored, percent(10));
      flag(kRunsInline, kind == EventKind::kRead && percent(inline_));
      flag(kGlances, kind == EventKind::kRead && !event.has(kRunsInline) && percent(inline_));
      if (percent(1)) event.offset = -1 - event.offset;
      if (percent(1)) event.offset = INT64_MAX - static_cast<int64_t>(prng_.below(100));
      break;
    case EventKind::kSeek:
      event.count = static_cast<uint32_t>(prng_.below(3));
      event.offset = event.count == 0 ? offset(simulation) : offset(simulation) - static_cast<int64_t>(offsets_ / 2);
      if (percent(2)) event.count = 3;
      if (percent(1)) event.offset = INT64_MIN + static_cast<int64_t>(prng_.below(3));
      if (percent(1) && event.count != 0) event.offset = INT64_MAX;
      break;
    case EventKind::kTruncate:
      event.offset = percent(2) ? -1 : percent(30) ? 0 : offset(simulation);
      break;
    case EventKind::kSync:
      flag(kDataOnly, percent(50));
      break;
    case EventKind::kPass:
      event.offset = offset(simulation);
      event.count = 1 + static_cast<uint32_t>(prng_.below(count_max_));
      break;
    case EventKind::kEndPass:
      event.pick = static_cast<uint32_t>(prng_.below(4));
      if (percent(faults_ / 2)) event.outcome = Outcome::kPermanent;
      break;
    case EventKind::kAdvance:
      event.count = static_cast<uint32_t>(prng_.below(percent(10) ? 2000 : 30));
      flag(kLate, percent(30));
      break;
    case EventKind::kPrefetch:
      event.offset = offset(simulation);
      event.count = static_cast<uint32_t>(prng_.below(20'000));
      break;
    case EventKind::kGoDirect:
      event.pick = static_cast<uint32_t>(prng_.below(16));
      break;
    case EventKind::kCancel:
      event.pick = static_cast<uint32_t>(prng_.below(16));
      flag(kTimeout, percent(50));
      break;
    case EventKind::kGrow:
      event.count = 1 + static_cast<uint32_t>(prng_.below(count_max_));
      break;
    case EventKind::kBudget:
      event.count = percent(50) ? 1 << 20 : static_cast<uint32_t>(prng_.below(30'000));
      break;
    default:
      break;
  }
  return event;
}

}  // namespace conveyor::sim

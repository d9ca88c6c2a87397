#include "scenarios.hpp"

#include <algorithm>
#include <cstdarg>
#include <cstdio>

#include "applications.hpp"

namespace conveyor::test {
namespace {

constexpr Time kTick = 1'000 * kMillisecond;
constexpr int kSettling = 10;  // ticks before a phase is measured
constexpr int kMeasured = 5;   // ticks that are
constexpr Time kFixedWarmUp = 1'500 * kMillisecond;
constexpr Time kFixedMeasured = 2'500 * kMillisecond;
constexpr double kGigabit = 1e9 / 8;

Time ms(double value) { return static_cast<Time>(value * kMillisecond); }

double score_of(Aim aim, const Progress& progress, Time length) {
  if (aim == Aim::kConsolidation)
    return static_cast<double>(progress.bytes_landed) / static_cast<double>(progress.landings);
  if (aim == Aim::kDrain) return static_cast<double>(progress.bytes_landed) / progress.dirty_seconds;
  if (aim == Aim::kAge) return static_cast<double>(progress.bytes_landed) / progress.waited_byte_seconds;
  return static_cast<double>(progress.bytes_landed + progress.bytes_read) * 1e9 / static_cast<double>(length);
}

// By how much the settings differ.
double distance_between(const Tuning& a, const Tuning& b) {
  const auto ratio = [](double x, double y) { return std::max(x, y) / std::min(x, y); };
  return std::max({ratio(static_cast<double>(a.max_io), static_cast<double>(b.max_io)),
                   ratio(static_cast<double>(a.flush_threshold), static_cast<double>(b.flush_threshold)),
                   ratio(static_cast<double>(a.window_limit), static_cast<double>(b.window_limit)),
                   ratio(a.write_depth, b.write_depth), ratio(a.read_depth, b.read_depth)});
}

// The first tick from which on no two settings differ by more than a factor of two.
int settled_after(const std::vector<Tuning>& by_tick) {
  int from = static_cast<int>(by_tick.size()) - 1;
  while (from > 0) {
    const auto& candidate = by_tick[static_cast<size_t>(from) - 1];
    const bool near = std::all_of(by_tick.begin() + from, by_tick.end(),
                                  [&](const Tuning& later) { return distance_between(candidate, later) <= 2; });
    if (!near) break;
    --from;
  }
  return from;
}

std::vector<Tuning> fixed_settings(Aim aim) {
  std::vector<Tuning> all;
  for (size_t max_io : {256 << 10, 1 << 20, 2 << 20})
    for (uint32_t depth : {1, 4, 8, 16, 64})
      for (size_t threshold : {64 << 10, 256 << 10, 2 << 20}) {
        const bool matters = aim != Aim::kThroughput || threshold == 2 << 20;
        // With less in flight, operations become large because bytes wait for each other.
        if (aim == Aim::kConsolidation && depth < 4) continue;
        if (matters) all.push_back({max_io, threshold, 6 << 20, depth, depth});
      }
  return all;
}

EngineConfig config_of(const Scenario& scenario) {
  EngineConfig config;
  config.read_through = scenario.read_through;
  config.tick = kTick;
  return config;
}

const Phase kNearGigabit{"0.1 ms, 1 Gbit/s", {ms(0.1), kGigabit}};
const Phase kFarGigabit{"200 ms, 1 Gbit/s", {ms(200), kGigabit}};
const Phase kMiddleGigabit{"20 ms, 1 Gbit/s", {ms(20), kGigabit}};
const Phase kMiddleSlow{"20 ms, 100 Mbit/s", {ms(20), kGigabit / 10}};

std::vector<Phase> draining(std::vector<Phase> phases) {
  for (Phase& phase : phases) phase.aim = Aim::kDrain;
  return phases;
}

template <class App, class... Arguments>
auto one(Arguments... arguments) {
  return [=](DistantWorld& world) {
    Applications all;
    all.push_back(std::make_unique<App>(world, arguments...));
    return all;
  };
}

Applications writer_and_reader(DistantWorld& world) {
  Applications all;
  all.push_back(std::make_unique<Writer>(world, 64 << 10, Writer::Pace{}));
  all.push_back(std::make_unique<Reader>(world, 64 << 10));
  return all;
}

}  // namespace

const std::vector<Scenario>& scenarios() {
  const Writer::Pace trickle{ms(20), 0, 0};
  const Writer::Pace bursts{kQuick, 6 << 20, ms(500)};
  static const std::vector<Scenario> all{
      {"sequential writes",
       {kNearGigabit, kFarGigabit, kNearGigabit, kMiddleGigabit, kMiddleSlow},
       one<Writer>(64 << 10, Writer::Pace{})},
      {"sequential reads",
       {kNearGigabit, kFarGigabit, kNearGigabit, kMiddleGigabit, kMiddleSlow},
       one<Reader>(64 << 10)},
      {"random 4 KiB writes",
       {{"5 ms, 1 Gbit/s", {ms(5), kGigabit}}, {"5 ms, 8 at once", {ms(5), kGigabit, 8}}},
       one<RandomWriter>(uint64_t{4096})},
      {"reads of 8 MiB, unbuffered", {kMiddleGigabit, kFarGigabit}, one<Reader>(8 << 20), true},
      {"writes and reads at once", {kMiddleGigabit, kFarGigabit}, writer_and_reader},
      {"bursts of 6 MiB", draining({kNearGigabit, kMiddleGigabit, kFarGigabit, kNearGigabit}),
       one<Writer>(64 << 10, bursts)},
      {"3 MB/s of writes",
       {{kNearGigabit.name, kNearGigabit.distance, Aim::kAge},
        {kFarGigabit.name, kFarGigabit.distance, Aim::kConsolidation},
        {kNearGigabit.name, kNearGigabit.distance, Aim::kAge}},
       one<Writer>(64 << 10, trickle)},
  };
  return all;
}

std::vector<PhaseResult> run_adaptive(const Scenario& scenario) {
  EngineConfig config = config_of(scenario);
  config.adaptive = true;
  DistantWorld world(config, scenario.phases.front().distance);
  const Applications applications = scenario.start(world);
  std::vector<PhaseResult> results;
  for (const Phase& phase : scenario.phases) {
    world.move_backend(phase.distance);
    std::vector<Tuning> by_tick;
    for (int tick = 0; tick < kSettling + kMeasured; ++tick) {
      if (tick == kSettling) world.take_progress();
      world.run_until(world.now() + kTick);
      by_tick.push_back(world.engine().adaptation().tuning());
    }
    results.push_back(
        {score_of(phase.aim, world.take_progress(), kMeasured * kTick), settled_after(by_tick), by_tick.back()});
  }
  return results;
}

std::pair<double, Tuning> best_fixed(const Scenario& scenario, const Phase& phase) {
  std::pair<double, Tuning> best{0, {}};
  for (const Tuning& tuning : fixed_settings(phase.aim)) {
    EngineConfig config = config_of(scenario);
    config.max_io = tuning.max_io;
    config.flush_threshold = tuning.flush_threshold;
    config.write_depth = config.read_depth = tuning.write_depth;
    DistantWorld world(config, phase.distance);
    const Applications applications = scenario.start(world);
    world.run_until(kFixedWarmUp);
    world.take_progress();
    world.run_until(kFixedWarmUp + kFixedMeasured);
    const double score = score_of(phase.aim, world.take_progress(), kFixedMeasured);
    if (score > best.first) best = {score, tuning};
  }
  return best;
}

std::vector<Comparison> compare(const Scenario& scenario) {
  const std::vector<PhaseResult> results = run_adaptive(scenario);
  std::vector<Comparison> comparisons;
  for (size_t i = 0; i < results.size(); ++i) {
    const auto [score, tuning] = best_fixed(scenario, scenario.phases[i]);
    comparisons.push_back({&scenario, &scenario.phases[i], results[i], score, tuning});
  }
  return comparisons;
}

namespace {

std::string text(const char* format, ...) {
  char line[256];
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(line, sizeof line, format, arguments);
  va_end(arguments);
  return line;
}

std::string score_text(Aim aim, double score) {
  if (aim == Aim::kConsolidation) return text("%.0f KiB", score / 1024);
  return aim == Aim::kAge ? text("%.0f ms", 1e3 / score) : text("%.1f MB/s", score / 1e6);
}

std::string tuning_text(const Tuning& t) {
  return text("%zu KiB, %zu KiB, %u/%u", t.max_io >> 10, std::min(t.flush_threshold, t.max_io) >> 10, t.write_depth,
              t.read_depth);
}

}  // namespace

std::string table_of(const std::vector<Comparison>& comparisons) {
  std::string table =
      "| application | backend | best fixed | with | adaptive | with | share | settled after |\n"
      "|---|---|---|---|---|---|---|---|\n";
  for (const Comparison& c : comparisons) {
    const Aim aim = c.phase->aim;
    table += text("| %s | %s | %s | %s ", c.scenario->name, c.phase->name, score_text(aim, c.best).c_str(),
                  tuning_text(c.best_tuning).c_str());
    table += text("| %s | %s | %.0f %% | %d ticks |\n", score_text(aim, c.adaptive.score).c_str(),
                  tuning_text(c.adaptive.last).c_str(), c.share() * 100, c.adaptive.settled_after);
  }
  return table;
}

}  // namespace conveyor::test

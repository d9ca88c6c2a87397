// The clockwork: who runs when, and what is not accepted as a result.
#include <sstream>

#include <conveyor/testkit/check.hpp>

#include "pattern.hpp"
#include "rounds.hpp"

namespace {

using namespace conveyor::bench;

struct Run {
  std::string order;
  std::string lines;
};

void clock_and_verify(Trial& trial, std::uint64_t bytes) {
  trial.watch.start();
  trial.watch.stop();
  trial.verified_bytes = bytes;
}

Run run_sides(Settings settings, std::uint64_t rounds_of_third) {
  std::string order;
  const auto side = [&](const char* name, std::uint64_t most) -> Side {
    return {name, [&order, name, settings](Trial& trial) {
              order += name;
              clock_and_verify(trial, settings.bytes);
            }, most};
  };
  std::ostringstream out;
  Report report(out);
  run_rounds(settings, {side("a", UINT64_MAX), side("b", UINT64_MAX), side("c", rounds_of_third)}, report);
  return {order, out.str()};
}

template <class Error>
bool throws(const std::function<void()>& action) {
  try {
    action();
    return false;
  } catch (const Error&) {
    return true;
  }
}

}  // namespace

TEST(rounds, alternate_the_order_and_begin_with_a_warm_up) {
  Settings settings;
  settings.rounds = 3;
  const Run run = run_sides(settings, UINT64_MAX);
  CHECK_EQ(run.order, std::string("abccbaabccba"));
  CHECK_EQ(std::count(run.lines.begin(), run.lines.end(), '\n'), 12);
  CHECK(run.lines.find("\"side\":\"a\",\"round\":0,\"order\":0") != std::string::npos);
  CHECK(run.lines.find("\"side\":\"c\",\"round\":3,\"order\":9") != std::string::npos);
}

TEST(rounds, limit_a_slow_peer) {
  Settings settings;
  settings.rounds = 3;
  CHECK_EQ(run_sides(settings, 1).order, std::string("abcbaabba"));
}

TEST(rounds, run_one_side_alone_for_a_profiler) {
  Settings settings;
  settings.rounds = 2;
  settings.side = "b";
  CHECK_EQ(run_sides(settings, 1).order, std::string("bbb"));
  settings.side = "d";
  CHECK(throws<BadArguments>([&] { run_sides(settings, 1); }));
}

TEST(rounds, give_each_trial_bytes_of_its_own) {
  Settings settings;
  settings.rounds = 4;
  std::vector<std::uint64_t> seeds;
  std::ostringstream out;
  Report report(out);
  const Side side{"a", [&](Trial& trial) {
                    seeds.push_back(trial.seed);
                    clock_and_verify(trial, settings.bytes);
                  }};
  run_rounds(settings, {side}, report);
  std::sort(seeds.begin(), seeds.end());
  CHECK_EQ(seeds.size(), 5U);
  CHECK(std::adjacent_find(seeds.begin(), seeds.end()) == seeds.end());
}

TEST(rounds, refuse_a_side_that_proves_too_little_or_stops_no_clock) {
  const Settings settings;
  std::ostringstream out;
  Report report(out);
  const Side careless{"a", [&](Trial& trial) { clock_and_verify(trial, settings.bytes - 1); }};
  CHECK(throws<std::logic_error>([&] { run_rounds(settings, {careless}, report); }));
  const Side endless{"a", [&](Trial& trial) {
                       trial.watch.start();
                       trial.verified_bytes = settings.bytes;
                     }};
  CHECK(throws<std::logic_error>([&] { run_rounds(settings, {endless}, report); }));
  CHECK(out.str().empty());
}

// lesson_27: benchmarks that never compare the bytes.
TEST(lesson_27, a_side_that_corrupts_a_byte_ends_the_run) {
  Settings settings;
  settings.bytes = 64 * 4096;
  std::vector<std::byte> storage(settings.bytes);
  bool corrupts = false;
  const Side side{"a", [&](Trial& trial) {
                    Pattern pattern(trial.seed, settings.block);
                    trial.watch.start();
                    for (std::uint64_t i = 0; i < settings.blocks(); ++i) {
                      std::copy_n(pattern.block(i), settings.block, storage.data() + i * settings.block);
                    }
                    trial.watch.stop();
                    if (corrupts) storage[5 * 4096 + 1234] ^= std::byte{1};
                    pattern.require_equal(storage, 0);
                    trial.verified_bytes = settings.bytes;
                  }};
  std::ostringstream out;
  Report report(out);
  run_rounds(settings, {side}, report);
  corrupts = true;
  CHECK(throws<Mismatch>([&] { run_rounds(settings, {side}, report); }));
}

// The harness judged from outside: planted_failures runs as a child and its output and exit code are read.
#include <conveyor/testkit/check.hpp>

#include <array>
#include <atomic>
#include <cstdio>
#include <string>
#include <thread>
#include <vector>

namespace {

struct Outcome {
  std::string output;
  int exit_code = -1;  // of a shell: 128 + signal when killed

  bool says(const std::string& text) const { return output.find(text) != std::string::npos; }
  std::string closing_line() const {
    const std::size_t end = output.find_last_not_of('\n');
    if (end == std::string::npos) return {};
    const std::size_t begin = output.find_last_of('\n', end);
    return output.substr(begin == std::string::npos ? 0 : begin + 1, end - (begin == std::string::npos ? -1 : begin));
  }
};

Outcome run(const std::string& arguments) {
  Outcome outcome;
  const std::string command = std::string("ulimit -c 0; '") + PLANTED_FAILURES + "' " + arguments + " 2>&1; exit $?";
  FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return outcome;
  std::array<char, 4096> part{};
  for (std::size_t count; (count = std::fread(part.data(), 1, part.size(), pipe)) > 0;) {
    outcome.output.append(part.data(), count);
  }
  const int status = pclose(pipe);
  if (WIFEXITED(status)) outcome.exit_code = WEXITSTATUS(status);
  return outcome;
}

}  // namespace

TEST(check, passing_run) {
  const Outcome outcome = run("--filter good.");
  CHECK_EQ(outcome.exit_code, 0);
  CHECK_EQ(outcome.closing_line(), "2 passed, 0 failed, 0 skipped");
}

TEST(check, failure_names_place_and_both_values) {
  const Outcome outcome = run("--filter bad.values");
  CHECK_EQ(outcome.exit_code, 1);
  CHECK(outcome.says("planted_failures.cpp:15: FAILED in bad.values"));
  CHECK(outcome.says("6 * 7 == 41"));
  CHECK(outcome.says("left:  42"));
  CHECK(outcome.says("right: 41"));
  CHECK_EQ(outcome.closing_line(), "0 passed, 1 failed, 0 skipped");
}

TEST(check, check_goes_on_and_require_stops) {
  CHECK(run("--filter bad.goes_on").says("2nd"));
  const Outcome outcome = run("--filter bad.stops");
  CHECK_EQ(outcome.exit_code, 1);
  CHECK(!outcome.says("reached"));
}

TEST(check, ranges_show_the_first_difference) {
  const Outcome outcome = run("--filter bad.ranges");
  CHECK(outcome.says("first difference at [2]"));
  CHECK(outcome.says("{1, 2, 4}"));
}

TEST(check, exceptions_threads_and_idle_tests_fail) {
  CHECK(run("--filter bad.exception").says("planted"));
  CHECK_EQ(run("--filter bad.exception").exit_code, 1);
  CHECK_EQ(run("--filter bad.from_a_thread").exit_code, 1);
  const Outcome idle = run("--filter bad.checks_nothing");
  CHECK_EQ(idle.exit_code, 1);
  CHECK(idle.says("made no check"));
}

TEST(check, many_failures_do_not_bury_the_first) {
  const Outcome outcome = run("--filter bad.many");
  CHECK(outcome.says("left:  0"));
  CHECK(!outcome.says("left:  99"));
  CHECK(outcome.says("100 failures in all"));
}

TEST(check, a_run_that_tested_nothing_is_red) {
  const Outcome none = run("--filter no_such_test");
  CHECK_EQ(none.exit_code, 1);
  CHECK_EQ(none.closing_line(), "0 passed, 0 failed, 0 skipped");
  const Outcome skipped = run("--filter idle.");
  CHECK_EQ(skipped.exit_code, 1);
  CHECK(skipped.says("SKIP idle.skipped: no such disk"));
  CHECK_EQ(skipped.closing_line(), "0 passed, 0 failed, 1 skipped");
}

TEST(check, watchdog_names_the_stuck_test) {
  const Outcome outcome = run("--filter stuck. --deadline 1");
  CHECK_EQ(outcome.exit_code, 128 + SIGABRT);
  CHECK(outcome.says("STUCK stuck.waits_for_nobody: not finished after 1 s"));
  CHECK(outcome.says("0 passed, 1 failed, 0 skipped"));
}

TEST(check, crashes_name_the_test) {
  const Outcome thread = run("--filter crash.require");
  CHECK_NE(thread.exit_code, 0);
  CHECK(thread.says("outside of the test's own thread in crash.require_in_a_thread"));
  const Outcome barrier = run("--filter crash.barrier");
  CHECK(barrier.says("barrier 'start': 1 of 2 arrived and wait: writer"));
  CHECK(barrier.says("CRASHED in crash.barrier_names_who_waits"));
}

TEST(check, command_line) {
  CHECK_EQ(run("--lst").exit_code, 2);
  CHECK_EQ(run("--seed").exit_code, 2);
  CHECK_EQ(run("--seed x").exit_code, 2);
  CHECK_EQ(run("--deadline 0").exit_code, 2);
  CHECK(run("--lst").says("bad option --lst"));
  const Outcome list = run("--list --filter good.");
  CHECK_EQ(list.exit_code, 0);
  CHECK_EQ(list.output, "good.relations\ngood.also\n");
  CHECK_EQ(run("--filter good. --repeat 3").closing_line(), "6 passed, 0 failed, 0 skipped");
}

TEST(check, values_compare_by_meaning) {
  CHECK_NE(-1, 0xffffffffU);
  CHECK_LT(-1, 0U);
  CHECK_GE(2U, 2);
  CHECK_GT(3, 2U);
  CHECK_LE(2, 2);
  const char text[] = "same";
  CHECK_EQ(static_cast<const char*>(text), "same");
  CHECK_EQ((std::vector<long>{1, 2}), (std::array<int, 2>{1, 2}));
  CHECK_MSG(true, "shown only on failure");
}

TEST(check, counts_checks_of_several_threads) {
  std::atomic<int> held{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&held] {
      for (int j = 0; j < 100; ++j) held += CHECK_LE(j, 99) ? 1 : 0;
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK_EQ(held.load(), 400);
}

TEST(check, seed_depends_on_run_and_test) { CHECK_NE(conveyor::testkit::seed(), std::uint64_t{1}); }

CONVEYOR_TEST_MAIN()

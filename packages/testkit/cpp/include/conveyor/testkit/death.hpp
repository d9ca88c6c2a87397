#pragma once
/// Tests of assertions that abort: the statement runs in a forked child whose stderr is read back.

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>

#include <sys/wait.h>
#include <unistd.h>

#include <conveyor/testkit/check.hpp>

/// Checks that a statement ends the process by SIGABRT and that stderr then holds `text`. The statement runs in a
/// forked child, so it changes nothing here; it must not start threads (a sanitizer refuses that after a fork).
#define CHECK_ABORTS(text, ...)                                                                              \
  (::conveyor::testkit::check_aborts([&] { __VA_ARGS__; }, (text), #__VA_ARGS__, __FILE__, __LINE__))

namespace conveyor::testkit {

/// Seconds the forked child may take before the kernel ends it.
inline constexpr unsigned kDeathDeadlineSeconds = kSanitized ? 100 : 10;

/// The work of CHECK_ABORTS.
template <typename Body>
bool check_aborts(Body body, const std::string& text, const char* statement, const char* file, int line) {
  int ends[2];
  if (pipe(ends) != 0) return check_condition(false, "pipe", file, line);
  std::fflush(nullptr);
  const pid_t child = fork();
  if (child < 0) return check_condition(false, "fork", file, line);
  if (child == 0) {
    std::signal(SIGABRT, SIG_DFL);
    alarm(kDeathDeadlineSeconds);
    dup2(ends[1], STDERR_FILENO);
    close(ends[0]);
    close(ends[1]);
    body();
    _exit(0);
  }
  close(ends[1]);
  std::string said;
  char part[512];
  for (ssize_t count; (count = read(ends[0], part, sizeof part)) > 0;) said.append(part, static_cast<size_t>(count));
  close(ends[0]);
  int status = 0;
  const bool reaped = waitpid(child, &status, 0) == child;
  const bool aborted = reaped && WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
  const std::string expectation = "aborts saying \"" + text + "\": " + statement;
  return check_condition(aborted && said.find(text) != std::string::npos, expectation.c_str(), file, line,
                         aborted ? "it said: " + said : "it did not abort");
}

}  // namespace conveyor::testkit

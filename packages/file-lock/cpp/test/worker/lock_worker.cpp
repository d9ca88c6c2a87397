// A process of the C++ API for tests that drive several: one command a line on standard input, one answer a line on
// standard output. test/lock-worker.ts is the same in JavaScript.
//
//   take MODE TIMEOUT_MS PATH    ok RESOURCE | error ERRNO
//   try MODE PATH                ok RESOURCE | error ERRNO
//   give                         ok | error ERRNO
//   increment COUNT PATH         ok
//   stress COUNT SEED PATH       section MODE BEGIN_NS END_NS RELEASE_ERRNO ... ok
//   fork-and-release             ok: a child without exec has released what it got, and ended
//   fork-and-stay                ok PID: a child without exec lives on
//   clone-and-release            ok: the same past the handlers of fork
//   user UID                     ok: effective user from now on
//   exhaust                      ok: no descriptor is left

#include <conveyor/file_lock/file_lock.hpp>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <random>
#include <sstream>
#include <string>

namespace {

using conveyor::FileLock;
using conveyor::LockMode;
using conveyor::LockOptions;

FileLock held;

LockMode mode_of(const std::string& name) { return name == "shared" ? LockMode::kShared : LockMode::kExclusive; }

int64_t now_ns() {
  timespec time;
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

void answer(const std::string& text) { std::cout << text << std::endl; }

void answer_taken(int error) {
  answer(error == 0 ? "ok " + held.locked_resource_path() : "error " + std::to_string(-error));
}

[[noreturn]] void fall(const char* what, int error) {
  std::fprintf(stderr, "lock_worker: %s: error %d\n", what, error);
  std::_Exit(3);
}

/// Reads a number from a file and writes it back, greater by one: what no two may do at once.
void increment_once(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
  if (fd < 0) fall("open", errno);
  char text[32] = {};
  if (::pread(fd, text, sizeof text - 1, 0) < 0) fall("pread", errno);
  const int length = std::snprintf(text, sizeof text, "%lld\n", std::strtoll(text, nullptr, 10) + 1);
  if (::pwrite(fd, text, static_cast<size_t>(length), 0) != length) fall("pwrite", errno);
  ::close(fd);
}

void increment(int count, const std::string& path) {
  for (int done = 0; done < count; ++done) {
    FileLock lock;
    if (const int error = FileLock::acquire(path, {}, &lock); error != 0) fall("acquire", error);
    increment_once(lock.locked_resource_path());
    if (const int error = lock.release(); error != 0) fall("release", error);
  }
  answer("ok");
}

void stress(int count, unsigned seed, const std::string& path) {
  std::mt19937 random(seed);
  std::ostringstream sections;
  for (int done = 0; done < count; ++done) {
    LockOptions options;
    options.mode = random() % 3 == 0 ? LockMode::kShared : LockMode::kExclusive;
    FileLock lock;
    if (const int error = FileLock::acquire(path, options, &lock); error != 0) fall("acquire", error);
    const int64_t begin = now_ns();
    for (unsigned turns = random() % 2000; turns > 0; --turns) asm volatile("");
    const int64_t end = now_ns();
    const int result = lock.release();
    sections << "section " << (options.mode == LockMode::kShared ? "shared" : "exclusive") << ' ' << begin << ' ' << end
             << ' ' << -result << '\n';
  }
  std::cout << sections.str();
  answer("ok");
}

void wait_for(pid_t child) {
  int status = 0;
  if (::waitpid(child, &status, 0) != child || !WIFEXITED(status) || WEXITSTATUS(status) != 0) fall("child", status);
}

/// In a child without exec: everything that could release the parent's lock.
[[noreturn]] void release_in_child() {
  const bool has_nothing = held.locked_resource_path().empty();
  const int result = held.release();
  held = FileLock();
  std::_Exit(has_nothing && result == 0 ? 0 : 1);
}

pid_t clone_bare() { return static_cast<pid_t>(::syscall(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, nullptr)); }

void stay() {
  int ready[2];
  if (::pipe(ready) != 0) fall("pipe", errno);
  const pid_t child = ::fork();
  if (child == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::write(ready[1], "!", 1) != 1) ::_exit(1);
    for (;;) ::pause();
  }
  // Whoever ends this process from now on ends the child too.
  char byte;
  if (::read(ready[0], &byte, 1) != 1) fall("read", errno);
  ::close(ready[0]);
  ::close(ready[1]);
  answer("ok " + std::to_string(child));
}

/// The lowest number that is free, and all above it, are not to be had any more.
void exhaust() {
  const int free = ::dup(0);
  ::close(free);
  const rlimit limit{static_cast<rlim_t>(free), static_cast<rlim_t>(free)};
  if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) fall("setrlimit", errno);
  answer("ok");
}

void obey(const std::string& line) {
  std::istringstream words(line);
  std::string command, mode, path;
  long number = 0, other = 0;
  words >> command;
  if (command == "take") {
    words >> mode >> number >> std::ws;
    std::getline(words, path);
    LockOptions options;
    options.mode = mode_of(mode);
    options.timeout = std::chrono::milliseconds(number);
    answer_taken(FileLock::acquire(path, options, &held));
  } else if (command == "try") {
    words >> mode >> std::ws;
    std::getline(words, path);
    LockOptions options;
    options.mode = mode_of(mode);
    answer_taken(FileLock::try_acquire(path, options, &held));
  } else if (command == "give") {
    const int result = held.release();
    answer(result == 0 ? "ok" : "error " + std::to_string(-result));
  } else if (command == "increment") {
    words >> number >> std::ws;
    std::getline(words, path);
    increment(static_cast<int>(number), path);
  } else if (command == "stress") {
    words >> number >> other >> std::ws;
    std::getline(words, path);
    stress(static_cast<int>(number), static_cast<unsigned>(other), path);
  } else if (command == "fork-and-release" || command == "clone-and-release") {
    const pid_t child = command.front() == 'f' ? ::fork() : clone_bare();
    if (child == 0) release_in_child();
    wait_for(child);
    answer("ok");
  } else if (command == "fork-and-stay") {
    stay();
  } else if (command == "user") {
    words >> number;
    if (::seteuid(static_cast<uid_t>(number)) != 0) fall("seteuid", errno);
    answer("ok");
  } else if (command == "exhaust") {
    exhaust();
  } else {
    fall(command.c_str(), EINVAL);
  }
}

}  // namespace

int main() {
  std::string line;
  while (std::getline(std::cin, line)) obey(line);
  return 0;
}

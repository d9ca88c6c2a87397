// Children without exec: they share open file descriptions with their parent, and must not disturb it.
#include <conveyor/testkit/check.hpp>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <cerrno>
#include <functional>

#include "scratch.hpp"

namespace conveyor::test {

namespace {

/// How `body` ends in a child: 0 for true.
bool holds_in(pid_t child, const std::function<bool()>& body) {
  if (child == 0) std::_Exit(body() ? 0 : 1);
  int status = 0;
  return ::waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

pid_t bare_clone() { return static_cast<pid_t>(::syscall(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, nullptr)); }

/// As long as its parent lives.
[[noreturn]] void pause_for_ever() {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  for (;;) ::pause();
}

bool is_free_for_others(const std::string& path) {
  return holds_in(::fork(), [&] {
    FileLock lock;
    return FileLock::try_acquire(path, somebody(), &lock) == 0;
  });
}

}  // namespace

TEST(lesson_35, a_forked_childs_clean_up_leaves_the_parents_lock) {
  const Scratch scratch;
  FileLock lock;
  REQUIRE_EQ(FileLock::acquire(scratch / "file", somebody(), &lock), 0);
  CHECK(holds_in(::fork(), [&] {
    const bool has_nothing = !lock.is_held() && lock.locked_resource_path().empty();
    const bool is_quiet = lock.release() == 0;
    lock = FileLock();
    return has_nothing && is_quiet;
  }));
  CHECK(lock.is_held());
  CHECK(!is_free_for_others(scratch / "file"));
  CHECK_EQ(lock.release(), 0);
  CHECK(is_free_for_others(scratch / "file"));
}

TEST(l6, a_child_made_past_the_handlers_of_fork_leaves_it_too) {
  const Scratch scratch;
  FileLock lock;
  REQUIRE_EQ(FileLock::acquire(scratch / "file", somebody(), &lock), 0);
  CHECK(holds_in(bare_clone(), [&] {
    const bool has_nothing = lock.locked_resource_path().empty();
    return has_nothing && lock.release() == 0;
  }));
  CHECK(!is_free_for_others(scratch / "file"));
}

TEST(l6, a_child_that_lives_on_does_not_keep_the_lock) {
  const Scratch scratch;
  int alive[2];
  REQUIRE_EQ(::pipe(alive), 0);
  FileLock lock;
  REQUIRE_EQ(FileLock::acquire(scratch / "file", somebody(), &lock), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    (void)!::write(alive[1], "x", 1);
    pause_for_ever();
  }
  char byte = 0;
  REQUIRE_EQ(::read(alive[0], &byte, 1), 1);
  CHECK_EQ(lock.release(), 0);
  CHECK(is_free_for_others(scratch / "file"));
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  ::close(alive[0]);
  ::close(alive[1]);
}

TEST(l6, a_child_has_a_table_of_its_own) {
  const Scratch scratch;
  FileLock lock;
  REQUIRE_EQ(FileLock::acquire(scratch / "held", somebody(), &lock), 0);
  CHECK(holds_in(::fork(), [&] {
    FileLock other;
    const bool is_excluded = FileLock::try_acquire(scratch / "held", somebody(), &other) == -EAGAIN;
    const bool can_lock = FileLock::try_acquire(scratch / "free", somebody(), &other) == 0;
    const auto holder = find_lock_holder(scratch / "free");
    return is_excluded && can_lock && holder && holder->pid == ::getpid() && other.release() == 0;
  }));
}

TEST(l6, a_holder_that_is_killed_frees_the_lock) {
  const Scratch scratch;
  int taken[2];
  REQUIRE_EQ(::pipe(taken), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    FileLock lock;
    char byte = FileLock::acquire(scratch / "file", {}, &lock) == 0 ? 'y' : 'n';
    (void)!::write(taken[1], &byte, 1);
    pause_for_ever();
  }
  char byte = 0;
  REQUIRE_EQ(::read(taken[0], &byte, 1), 1);
  REQUIRE_EQ(byte, 'y');
  FileLock lock;
  CHECK_EQ(FileLock::try_acquire(scratch / "file", somebody(), &lock), -EAGAIN);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  CHECK_EQ(FileLock::try_acquire(scratch / "file", somebody(), &lock), 0);
  CHECK_EQ(lock.release(), 0);
  ::close(taken[0]);
  ::close(taken[1]);
}

}  // namespace conveyor::test

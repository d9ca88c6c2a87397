// Owners and threads of one process.
#include <conveyor/testkit/barrier.hpp>
#include <conveyor/testkit/check.hpp>
#include <signal.h>
#include <pthread.h>

#include <atomic>
#include <cerrno>
#include <thread>
#include <vector>

#include "lock_table.hpp"
#include "scratch.hpp"

namespace conveyor::test {

TEST(l1, a_lock_is_taken_seen_and_given_back) {
  const Scratch scratch;
  const std::string path = scratch.make_file("file");
  CHECK_EQ(is_locked(path), 0);
  FileLock lock;
  CHECK(!lock.is_held());
  REQUIRE_EQ(FileLock::acquire(path, {}, &lock), 0);
  CHECK(lock.is_held());
  CHECK_EQ(lock.locked_resource_path(), path);
  CHECK_EQ(is_locked(path), 1);
  CHECK_EQ(lock.release(), 0);
  CHECK_EQ(lock.locked_resource_path(), "");
  CHECK_EQ(is_locked(path), 0);
  CHECK_EQ(lock.release(), 0);
}

TEST(l1, a_lock_moves_with_its_object_and_ends_with_it) {
  const Scratch scratch;
  const std::string path = scratch / "file";
  {
    FileLock first;
    REQUIRE_EQ(FileLock::acquire(path, {}, &first), 0);
    FileLock second = std::move(first);
    CHECK(second.is_held());
    FileLock third;
    REQUIRE_EQ(FileLock::acquire(scratch / "other", {}, &third), 0);
    third = std::move(second);
    CHECK_EQ(third.locked_resource_path(), path);
    CHECK_EQ(is_locked(scratch / "other"), 0);
  }
  CHECK_EQ(is_locked(path), 0);
}

TEST(l1, with_lock_gives_the_resource_to_its_body) {
  const Scratch scratch;
  std::string seen;
  CHECK_EQ(with_lock(scratch / "file", {}, [&](const std::string& resource) { seen = resource; }), 0);
  CHECK_EQ(seen, scratch / "file");
  CHECK_EQ(is_locked(seen), 0);
}

TEST(l1, options_without_sense_are_refused) {
  const Scratch scratch;
  FileLock lock;
  LockOptions options;
  options.poll_min = std::chrono::milliseconds(0);
  CHECK_EQ(FileLock::acquire(scratch / "file", options, &lock), -EINVAL);
  options.poll_min = std::chrono::milliseconds(30);
  CHECK_EQ(FileLock::try_acquire(scratch / "file", options, &lock), -EINVAL);
}

TEST(l4, an_owner_does_not_wait_for_itself) {
  const Scratch scratch;
  FileLock lock;
  FileLock again;
  REQUIRE_EQ(FileLock::acquire(scratch / "file", {}, &lock), 0);
  CHECK_EQ(FileLock::acquire(scratch / "file", {}, &again), -EDEADLK);
  CHECK_EQ(FileLock::try_acquire(scratch / "file", {}, &again), -EDEADLK);
  CHECK_EQ(FileLock::try_acquire(scratch / "file", somebody(), &again), -EAGAIN);
}

TEST(l4, a_reentrant_owner_counts) {
  const Scratch scratch;
  LockOptions options = somebody();
  options.reentrant = true;
  LockOptions shared = options;
  shared.mode = LockMode::kShared;
  FileLock first;
  FileLock second;
  FileLock third;
  REQUIRE_EQ(FileLock::acquire(scratch / "file", options, &first), 0);
  CHECK_EQ(FileLock::acquire(scratch / "file", options, &second), 0);
  CHECK_EQ(FileLock::acquire(scratch / "file", shared, &third), 0);
  first.release();
  CHECK_EQ(second.locked_resource_path(), scratch / "file");
  second.release();
  CHECK_EQ(is_locked(scratch / "file"), 1);
  third.release();
  CHECK_EQ(is_locked(scratch / "file"), 0);
  // From shared to exclusive there is no way that two could not go at once.
  REQUIRE_EQ(FileLock::acquire(scratch / "file", shared, &first), 0);
  CHECK_EQ(FileLock::acquire(scratch / "file", options, &second), -EDEADLK);
}

TEST(l4, shared_owners_of_one_process_overlap_and_exclude_an_exclusive_one) {
  const Scratch scratch;
  FileLock one;
  FileLock two;
  FileLock three;
  REQUIRE_EQ(FileLock::acquire(scratch / "file", somebody(LockMode::kShared), &one), 0);
  CHECK_EQ(FileLock::try_acquire(scratch / "file", somebody(LockMode::kShared), &two), 0);
  CHECK_EQ(FileLock::try_acquire(scratch / "file", somebody(), &three), -EAGAIN);
  one.release();
  CHECK_EQ(FileLock::try_acquire(scratch / "file", somebody(), &three), -EAGAIN);
  two.release();
  CHECK_EQ(FileLock::try_acquire(scratch / "file", somebody(), &three), 0);
  CHECK_EQ(FileLock::try_acquire(scratch / "file", somebody(LockMode::kShared), &one), -EAGAIN);
}

TEST(l4, the_table_is_asked_before_a_descriptor_is_opened) {
  const Scratch scratch;
  FileLock lock;
  REQUIRE_EQ(FileLock::acquire(scratch / "file", somebody(), &lock), 0);
  std::vector<int> descriptors;
  for (int fd = ::dup(0); fd >= 0; fd = ::dup(0)) descriptors.push_back(fd);
  FileLock other;
  const int busy = FileLock::try_acquire(scratch / "file", somebody(), &other);
  const int exhausted = FileLock::try_acquire(scratch / "free", somebody(), &other);
  const int waiting = FileLock::acquire(scratch / "free", somebody(), &other);
  for (const int fd : descriptors) ::close(fd);
  CHECK_EQ(busy, -EAGAIN);
  CHECK_EQ(exhausted, -EMFILE);
  CHECK_EQ(waiting, -EMFILE);
  CHECK_EQ(is_locked(scratch / "file"), 1);
  CHECK_EQ(FileLock::try_acquire(scratch / "free", somebody(), &other), 0);
}

TEST(l4, a_process_serves_its_queue_in_order) {
  const Scratch scratch;
  locking::LockTable& table = locking::LockTable::of_process();
  locking::Request request;
  request.path = scratch / "file";
  request.queues = true;
  const auto ask = [&](locking::TicketId ticket) {
    request.owner = make_lock_owner();
    return table.attempt(request, ticket);
  };
  const locking::Outcome held = ask(0);
  REQUIRE_EQ(held.error, 0);
  const locking::Outcome second = ask(0);
  const locking::Outcome third = ask(0);
  CHECK_EQ(second.error, -EAGAIN);
  CHECK_EQ(third.error, -EAGAIN);
  CHECK_EQ(table.release(held.lock), 0);
  CHECK_EQ(ask(third.ticket).error, -EAGAIN);
  CHECK_EQ(ask(0).error, -EAGAIN);
  const locking::Outcome got = ask(second.ticket);
  CHECK_EQ(got.error, 0);
  CHECK_EQ(table.release(got.lock), 0);
  const locking::Outcome last = ask(third.ticket);
  CHECK_EQ(last.error, 0);
  CHECK_EQ(table.release(last.lock), 0);
}

TEST(l4, a_scope_takes_its_locks_and_places_with_it) {
  const Scratch scratch;
  locking::LockTable& table = locking::LockTable::of_process();
  locking::Request request;
  request.path = scratch / "file";
  request.queues = true;
  request.scope = table.next_number();
  request.owner = make_lock_owner();
  REQUIRE_EQ(table.attempt(request, 0).error, 0);
  request.owner = make_lock_owner();
  REQUIRE_EQ(table.attempt(request, 0).error, -EAGAIN);
  table.end_scope(request.scope);
  CHECK_EQ(is_locked(request.path), 0);
  FileLock lock;
  CHECK_EQ(FileLock::try_acquire(request.path, somebody(), &lock), 0);
}

TEST(l5, waiting_threads_are_woken_and_have_limits) {
  const Scratch scratch;
  FileLock lock;
  REQUIRE_EQ(FileLock::acquire(scratch / "file", somebody(), &lock), 0);
  FileLock other;
  LockOptions options = somebody();
  options.timeout = std::chrono::milliseconds(0);
  CHECK_EQ(FileLock::acquire(scratch / "file", options, &other), -ETIMEDOUT);
  options.timeout = std::chrono::milliseconds(5);
  CHECK_EQ(FileLock::acquire(scratch / "file", options, &other), -ETIMEDOUT);

  std::stop_source stop;
  LockOptions stoppable = somebody();
  stoppable.stop = stop.get_token();
  int stopped = 0;
  std::thread waiter([&] { stopped = FileLock::acquire(scratch / "file", stoppable, &other); });
  stop.request_stop();
  waiter.join();
  CHECK_EQ(stopped, -ECANCELED);

  int got = -1;
  std::thread patient([&] { got = FileLock::acquire(scratch / "file", somebody(), &other); });
  lock.release();
  patient.join();
  CHECK_EQ(got, 0);
}

TEST(l8, threads_lose_no_update) {
  const Scratch scratch;
  constexpr int kThreads = 4;
  constexpr int kRounds = 200;
  int counter = 0;  // plain: a sanitizer would see two at once
  std::atomic<int> failures = 0;
  testkit::Barrier start(kThreads);
  std::vector<std::thread> threads;
  for (int index = 0; index < kThreads; ++index) {
    threads.emplace_back([&] {
      start.arrive_and_wait();
      for (int round = 0; round < kRounds; ++round) {
        FileLock lock;
        if (FileLock::acquire(scratch / "file", {}, &lock) != 0) ++failures;
        ++counter;
        if (lock.release() != 0) ++failures;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK_EQ(failures.load(), 0);
  CHECK_EQ(counter, kThreads * kRounds);
}

TEST(lesson_39, signals_do_not_end_a_wait) {
  const Scratch scratch;
  struct sigaction action {};
  struct sigaction before {};
  action.sa_handler = [](int) {};  // without SA_RESTART: calls end with EINTR
  REQUIRE_EQ(::sigaction(SIGUSR1, &action, &before), 0);
  FileLock lock;
  REQUIRE_EQ(FileLock::acquire(scratch / "file", somebody(), &lock), 0);
  std::atomic<bool> done = false;
  int got = -1;
  FileLock other;
  std::thread waiter([&] {
    got = FileLock::acquire(scratch / "file", somebody(), &other);
    done = true;
  });
  for (int count = 0; count < 200; ++count) ::pthread_kill(waiter.native_handle(), SIGUSR1);
  CHECK(!done);
  lock.release();
  waiter.join();
  CHECK_EQ(got, 0);
  ::sigaction(SIGUSR1, &before, nullptr);
}

}  // namespace conveyor::test

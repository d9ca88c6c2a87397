#include <conveyor/testkit/barrier.hpp>
#include <conveyor/testkit/check.hpp>

#include <atomic>
#include <thread>
#include <vector>

using conveyor::testkit::Barrier;
using conveyor::testkit::Latch;
using conveyor::testkit::SyncPoint;
using std::chrono::milliseconds;

TEST(barrier, keeps_rounds_apart) {
  constexpr int kRounds = 200;
  Barrier barrier(3);
  std::atomic<int> inside{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < kRounds; ++round) {
        inside.fetch_add(1);
        barrier.arrive_and_wait();
        CHECK_EQ(inside.load(), 3 * (round + 1));
        barrier.arrive_and_wait();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK_EQ(inside.load(), 3 * kRounds);
}

TEST(barrier, deadline_names_who_waits) {
  Barrier barrier(3, "start");
  CHECK(!barrier.arrive_and_wait_for(milliseconds(1), "writer"));
  CHECK(!barrier.arrive_and_wait_for(milliseconds(1), "reader"));
  CHECK_EQ(barrier.describe(), "barrier 'start': 2 of 3 arrived and wait: writer reader");
}

TEST(latch, opens_once_and_stays_open) {
  Latch latch(2, "landed");
  CHECK(!latch.is_open());
  latch.count_down();
  CHECK(!latch.wait_for(milliseconds(1)));
  CHECK_EQ(latch.describe(), "latch 'landed': 1 still to come");
  std::thread other([&latch] { latch.count_down(); });
  latch.wait("the test");
  other.join();
  latch.count_down();
  CHECK(latch.is_open());
}

TEST(sync_point, holds_until_released) {
  SyncPoint point("before submit");
  std::atomic<bool> went_on{false};
  std::thread worker([&] {
    point.pass("worker");
    went_on = true;
  });
  point.await_arrivals();
  CHECK(!went_on.load());
  CHECK_EQ(point.describe(), "sync point 'before submit': 1 arrived, 0 released");
  point.release();
  worker.join();
  CHECK(went_on.load());
}

TEST(sync_point, releases_in_order_of_arrival) {
  SyncPoint point;
  Latch first_done(1);
  std::atomic<int> passed{0};
  std::thread first([&] {
    point.pass();
    ++passed;
    first_done.count_down();
  });
  point.await_arrivals(1);
  std::thread second([&] {
    point.pass();
    ++passed;
  });
  point.await_arrivals(2);
  point.release();
  first_done.wait();
  CHECK_EQ(passed.load(), 1);
  point.open();
  second.join();
  first.join();
  CHECK_EQ(point.arrivals(), 2U);
  CHECK(point.pass_for(milliseconds(1)));
}

TEST(sync_point, deadlines) {
  SyncPoint point;
  CHECK(!point.pass_for(milliseconds(1)));
  CHECK(!point.await_arrivals_for(milliseconds(1), 2));
  CHECK(point.await_arrivals_for(milliseconds(1), 1));
}

CONVEYOR_TEST_MAIN()

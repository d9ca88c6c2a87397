#include <conveyor/testkit/check.hpp>
#include <conveyor/testkit/manual_clock.hpp>

#include <cstdint>
#include <limits>
#include <vector>

using conveyor::testkit::ManualClock;

TEST(manual_clock, fires_in_order_at_their_own_time) {
  ManualClock clock;
  std::vector<std::uint64_t> fired;
  const auto note = [&] { fired.push_back(clock.now_ms()); };
  clock.schedule_in_ms(30, note);
  clock.schedule_in_ms(10, note);
  clock.schedule_in_ms(10, [&] {
    note();
    clock.schedule_in_ms(5, note);
  });
  clock.advance_ms(9);
  CHECK(fired.empty());
  CHECK_EQ(clock.next_timer_ns(), 10'000'000U);
  clock.advance_ms(11);
  CHECK_EQ(fired, (std::vector<std::uint64_t>{10, 10, 15}));
  CHECK_EQ(clock.now_ms(), 20U);
  clock.advance_ms(100);
  CHECK_EQ(fired.back(), 30U);
  CHECK_EQ(clock.timers_pending(), 0U);
  CHECK_EQ(clock.next_timer_ns(), std::numeric_limits<std::uint64_t>::max());
}

TEST(manual_clock, past_times_fire_on_the_next_advance) {
  ManualClock clock(50);
  int fired = 0;
  clock.schedule_at_ns(10, [&fired] { ++fired; });
  CHECK_EQ(fired, 0);
  clock.advance_ns(0);
  CHECK_EQ(fired, 1);
  CHECK_EQ(clock.now_ns(), 50U);
}

TEST(manual_clock, cancel) {
  ManualClock clock;
  int fired = 0;
  const ManualClock::Timer timer = clock.schedule_in_ms(1, [&fired] { ++fired; });
  CHECK(clock.cancel(timer));
  CHECK(!clock.cancel(timer));
  clock.advance_ms(5);
  CHECK_EQ(fired, 0);
}

CONVEYOR_TEST_MAIN()

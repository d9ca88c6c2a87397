#include <conveyor/testkit/check.hpp>

#include <cstdint>
#include <vector>

#include "back_off.hpp"

namespace conveyor::test {

using locking::BackOff;

TEST(l5, pauses_double_up_to_the_bound_and_half_of_each_is_chance) {
  BackOff least(1000, 20'000);
  BackOff most(1000, 20'000);
  for (const int64_t whole : {1000, 2000, 4000, 8000, 16'000, 20'000, 20'000}) {
    CHECK_EQ(least.pause_us(false, 0.0), whole / 2);
    const int64_t pause = most.pause_us(false, 0.999999);
    CHECK_LT(pause, whole);
    CHECK_GE(pause, whole - 2);
  }
}

TEST(l5, who_is_next_asks_as_often_as_allowed) {
  BackOff back_off(1000, 20'000);
  for (int attempt = 0; attempt < 10; ++attempt) back_off.pause_us(false, 0.5);
  CHECK_EQ(back_off.pause_us(true, 0.0), 500);
  CHECK_LT(back_off.pause_us(true, 0.9999), 1000);
}

TEST(l5, who_had_its_turn_pauses_longer_than_who_is_next) {
  BackOff back_off(1000, 20'000);
  CHECK_GE(back_off.polite_us(0.0), 2 * back_off.pause_us(true, 0.9999) - 2);
  CHECK_LE(back_off.polite_us(0.9999), 4000);
}

}  // namespace conveyor::test

// One test per way to fail, skip or get stuck. check_test.cpp runs this program and reads what it says.
#include <conveyor/testkit/barrier.hpp>
#include <conveyor/testkit/check.hpp>

#include <array>
#include <stdexcept>
#include <thread>
#include <vector>

TEST(good, relations) {
  CHECK_EQ(3, 3U);
  CHECK_LT(-1, 1U);
}
TEST(good, also) { REQUIRE(true); }
TEST(bad, values) { CHECK_EQ(6 * 7, 41); }
TEST(bad, goes_on_after_check) {
  CHECK(1 == 2);
  CHECK_EQ(std::string("second"), "2nd");
}
TEST(bad, stops_at_require) {
  REQUIRE_EQ(1, 2);
  CHECK_EQ(std::string("never"), "reached");
}
TEST(bad, ranges) {
  const std::vector<int> left{1, 2, 3};
  const std::array<int, 3> right{1, 2, 4};
  CHECK_EQ(left, right);
}
TEST(bad, exception) {
  CHECK(true);
  throw std::runtime_error("planted");
}
TEST(bad, from_a_thread) {
  std::thread([] { CHECK_EQ(1U, 2U); }).join();
}
TEST(bad, checks_nothing) {}
TEST(bad, many) {
  for (int i = 0; i < 100; ++i) CHECK_EQ(i, -1);
}
TEST(idle, skipped) { SKIP("no such disk"); }
TEST(stuck, waits_for_nobody) {
  CHECK(true);
  conveyor::testkit::SyncPoint point("planted");
  CHECK(point.pass_for(std::chrono::hours(1)));
}
TEST(crash, require_in_a_thread) {
  std::thread([] { REQUIRE(false); }).join();
}
TEST(crash, barrier_names_who_waits) {
  CHECK(true);
  conveyor::testkit::Barrier barrier(2, "start");
  if (!barrier.arrive_and_wait_for(std::chrono::milliseconds(1), "writer")) {
    std::fprintf(stderr, "%s\n", barrier.describe().c_str());
    std::abort();
  }
}

CONVEYOR_TEST_MAIN()

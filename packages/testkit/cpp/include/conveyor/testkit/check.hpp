#pragma once
/// A test harness in one header: tests, checks, a runner with a watchdog.
///
///     #include <conveyor/testkit/check.hpp>
///     TEST(w2, read_your_writes_in_flight) {
///       REQUIRE(engine.ok());
///       CHECK_EQ(engine.read(4), 4);
///     }
///     CONVEYOR_TEST_MAIN()
///
/// Command line of the program: `--list`, `--filter SUBSTRING` (of `suite.name`), `--seed N`, `--deadline SECONDS`,
/// `--repeat N`. The last line of the output is exactly `N passed, N failed, N skipped`. The exit code is 0 when every
/// test that ran passed, 1 when one failed or when none ran, 2 when the command line is wrong.
///
/// What counts as a failure: a CHECK or REQUIRE that does not hold, an exception that leaves the test, a test that ends
/// without having made a single check (it could not have failed), and a test past its deadline (it is named, the
/// closing line is printed and the process aborts, because a stuck thread cannot be taken back).
///
/// Threads: CHECK* may be used from any thread while its test runs. REQUIRE* and SKIP leave the test by an exception,
/// so they belong to the test's own thread; REQUIRE* elsewhere reports and aborts.

#include <conveyor/testkit/check_values.hpp>
#include <conveyor/testkit/runner.hpp>

/// Defines a test `suite.name` and registers it with the runner.
#define TEST(suite, name)                                                                            \
  static void conveyor_test_##suite##_##name();                                                      \
  static const ::conveyor::testkit::Registration conveyor_registration_##suite##_##name{             \
      #suite "." #name, __FILE__, __LINE__, &conveyor_test_##suite##_##name};                        \
  static void conveyor_test_##suite##_##name()

/// Checks that a condition holds. An expression: its value is the outcome, so `if (!CHECK(x)) return;` works.
#define CHECK(...) \
  (::conveyor::testkit::check_condition(static_cast<bool>(__VA_ARGS__), #__VA_ARGS__, __FILE__, __LINE__))

/// As CHECK, with a text (anything with `<<` to a stream, joined by the caller) that is shown on failure.
#define CHECK_MSG(condition, message)                                                                           \
  (::conveyor::testkit::check_condition(static_cast<bool>(condition), #condition, __FILE__, __LINE__, (message)))

/// Checks a relation and shows both values when it does not hold. Each operand is evaluated once. Integers of different
/// signedness are compared by value; C strings by content; ranges (spans, vectors, arrays) element by element.
#define CHECK_EQ(left, right) CONVEYOR_TESTKIT_COMPARE(Equal, "==", left, right)
#define CHECK_NE(left, right) CONVEYOR_TESTKIT_COMPARE(NotEqual, "!=", left, right)
#define CHECK_LT(left, right) CONVEYOR_TESTKIT_COMPARE(Less, "<", left, right)
#define CHECK_LE(left, right) CONVEYOR_TESTKIT_COMPARE(LessEqual, "<=", left, right)
#define CHECK_GT(left, right) CONVEYOR_TESTKIT_COMPARE(Greater, ">", left, right)
#define CHECK_GE(left, right) CONVEYOR_TESTKIT_COMPARE(GreaterEqual, ">=", left, right)

/// As the CHECK of the same name, and ends the test when it does not hold. Threads: the test's own thread only.
#define REQUIRE(...) (::conveyor::testkit::require(CHECK(__VA_ARGS__)))
#define REQUIRE_EQ(left, right) (::conveyor::testkit::require(CHECK_EQ(left, right)))
#define REQUIRE_NE(left, right) (::conveyor::testkit::require(CHECK_NE(left, right)))

/// Ends the test as skipped. The reason is printed and the skip is counted. Threads: the test's own thread only.
#define SKIP(reason) (::conveyor::testkit::skip(reason))

/// Provides `main`. Use once per test program.
#define CONVEYOR_TEST_MAIN() \
  int main(int argc, char** argv) { return ::conveyor::testkit::run_main(argc, argv); }

#define CONVEYOR_TESTKIT_COMPARE(relation, sign, left, right)                                            \
  (::conveyor::testkit::check_relation<::conveyor::testkit::relation>((left), (right), #left, sign,      \
                                                                      #right, __FILE__, __LINE__))

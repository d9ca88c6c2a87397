#include <conveyor/testkit/check.hpp>

CONVEYOR_TEST_MAIN()

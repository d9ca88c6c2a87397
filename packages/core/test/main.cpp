// The main function of test programs that are made of several files.
#include <conveyor/testkit/check.hpp>

CONVEYOR_TEST_MAIN()

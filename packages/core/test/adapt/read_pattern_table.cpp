// Prints the table of docs/guides/read-ahead.md: what patterns of reads cost in a simulated world.
#include <cstdio>

#include "read_patterns.hpp"

int main() {
  std::fputs(conveyor::test::read_pattern_table().c_str(), stdout);
  return 0;
}

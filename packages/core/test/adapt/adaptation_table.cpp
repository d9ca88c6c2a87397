// Prints the table of docs/guides/adaptation.md: adaptation beside the best fixed setting, in a simulated world.
#include <cstdio>

#include "scenarios.hpp"

int main() {
  using namespace conveyor::test;
  std::vector<Comparison> all;
  for (const Scenario& scenario : scenarios())
    for (const Comparison& comparison : compare(scenario)) all.push_back(comparison);
  std::fputs(table_of(all).c_str(), stdout);
  return 0;
}

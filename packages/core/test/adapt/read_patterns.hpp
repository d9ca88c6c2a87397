// What read-ahead costs and gains: patterns of reads in the simulated world, and how much the backend had to give.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "engine/range.hpp"

namespace conveyor::test {

struct ReadPattern {
  const char* name;
  std::function<Range(uint64_t)> at;  // the n-th read
};

/// Over all reads but those in which the pattern shows itself.
struct ReadCost {
  double amplification = 0;  // backend bytes per byte read
  double hits = 0;           // share of the reads that did not wait
  double backend_reads = 0;  // per read
};

const std::vector<ReadPattern>& read_patterns();
ReadCost measure(const ReadPattern& pattern);
/// As a table in Markdown.
std::string read_pattern_table();

}  // namespace conveyor::test

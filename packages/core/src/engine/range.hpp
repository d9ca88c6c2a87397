// A half-open range of file offsets.
#pragma once

#include <algorithm>
#include <cstdint>

namespace conveyor {

struct Range {
  uint64_t begin = 0;
  uint64_t end = 0;  // exclusive

  uint64_t length() const { return end - begin; }
  bool empty() const { return begin >= end; }
  bool overlaps(Range other) const { return begin < other.end && other.begin < end; }
  bool contains(uint64_t offset) const { return begin <= offset && offset < end; }
  Range clipped(Range to) const { return {std::max(begin, to.begin), std::min(end, to.end)}; }
};

}  // namespace conveyor

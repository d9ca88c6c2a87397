// Reads of one size at a constant distance: records of a table, a file read backward.
#pragma once

#include <cstdint>
#include <optional>

#include "engine/range.hpp"

namespace conveyor {

/// Knows the pattern when three reads in a row have had the same size and the same step from the one before. What is
/// sequential is not its business. Not thread safe.
class ReadStride {
 public:
  void note(uint64_t offset, uint64_t count) {
    const auto step = static_cast<int64_t>(offset - last_);
    const bool same = step == step_ && count == count_ && step != 0 && step != static_cast<int64_t>(count);
    confirmed_ = same ? confirmed_ + 1 : 0;
    last_ = offset;
    count_ = count;
    step_ = step;
  }

  /// The n-th read after the last one, if the pattern is known and the file has such a place. Requires: n > 0.
  std::optional<Range> ahead(uint32_t n) const {
    int64_t distance;
    int64_t begin;
    if (confirmed_ < kEnough || __builtin_mul_overflow(step_, static_cast<int64_t>(n), &distance) ||
        __builtin_add_overflow(static_cast<int64_t>(last_), distance, &begin) || begin < 0 ||
        begin > INT64_MAX - static_cast<int64_t>(count_))
      return std::nullopt;
    return Range{static_cast<uint64_t>(begin), static_cast<uint64_t>(begin) + count_};
  }

 private:
  static constexpr uint32_t kEnough = 2;

  uint64_t last_ = 0;
  uint64_t count_ = 0;
  int64_t step_ = 0;
  uint32_t confirmed_ = 0;
};

}  // namespace conveyor

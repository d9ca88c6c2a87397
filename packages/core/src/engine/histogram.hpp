// Latency histogram with 16 linear steps per power of two (the shape of HdrHistogram): percentiles within 1/16.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>

namespace conveyor {

/// Not thread safe. Values are nanoseconds; everything above 2^40 (18 minutes) counts as that.
class Histogram {
  static constexpr int kSubBits = 4;
  static constexpr uint64_t kLargest = (uint64_t{1} << 40) - 1;

 public:
  static constexpr size_t kBuckets = (40 - kSubBits + 1) << kSubBits;

  void record(int64_t value) {
    uint64_t v = value > 0 ? std::min<uint64_t>(value, kLargest) : 0;
    ++buckets_[index_of(v)];
    ++count_;
    sum_ += v;
    max_ = std::max(max_, v);
  }

  uint64_t count() const { return count_; }
  uint64_t sum() const { return sum_; }
  uint64_t max() const { return max_; }
  const std::array<uint32_t, kBuckets>& buckets() const { return buckets_; }
  uint64_t mean() const { return count_ ? sum_ / count_ : 0; }

  /// Upper bound of the bucket that holds the `permille`-th of a thousand ordered values; 0 when empty.
  uint64_t percentile(uint32_t permille) const {
    uint64_t rank = (count_ * permille + 999) / 1000;
    uint64_t seen = 0;
    for (size_t i = 0; count_ && i < kBuckets; ++i) {
      seen += buckets_[i];
      if (seen >= rank && seen > 0) return std::min(upper_bound_of(i), max_);
    }
    return 0;
  }

 private:
  static size_t index_of(uint64_t v) {
    if (v < (1u << kSubBits)) return v;
    int shift = std::bit_width(v) - 1 - kSubBits;
    return (static_cast<size_t>(shift + 1) << kSubBits) + ((v >> shift) & ((1u << kSubBits) - 1));
  }
  static uint64_t upper_bound_of(size_t index) {
    if (index < (1u << kSubBits)) return index;
    int shift = static_cast<int>(index >> kSubBits) - 1;
    uint64_t step = (index & ((1u << kSubBits) - 1)) + (1u << kSubBits) + 1;
    return (step << shift) - 1;
  }

  std::array<uint32_t, kBuckets> buckets_{};
  uint64_t count_ = 0;
  uint64_t sum_ = 0;
  uint64_t max_ = 0;
};

}  // namespace conveyor

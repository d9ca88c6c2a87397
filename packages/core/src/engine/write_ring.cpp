#include "engine/write_ring.hpp"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstring>

#include "engine/scatter.hpp"

namespace conveyor {
namespace {

constexpr size_t kSmallestMemory = 4096;
constexpr int kBlockShiftMax = 12;

// Sixteen blocks at least, so that a small ring frees its space in useful portions.
int block_shift_for(size_t capacity_max) {
  int shift = static_cast<int>(std::bit_width(capacity_max)) - 1 - 4;
  return std::clamp(shift, 0, kBlockShiftMax);
}

}  // namespace

WriteRing::WriteRing(Memory& memory, size_t capacity_initial, size_t capacity_max)
    : memory_(memory),
      capacity_initial_(std::min(capacity_initial, capacity_max)),
      capacity_max_(capacity_max),
      block_shift_(block_shift_for(capacity_max)) {}

bool WriteRing::reserve(size_t count) {
  size_t needed = static_cast<size_t>(tail_ - head_) + count;
  if (needed > capacity_max_) return false;
  return needed <= memory_now_.block.size() || grow(needed);
}

bool WriteRing::grow(size_t needed) {
  size_t size = std::max({std::bit_ceil(needed), std::bit_ceil(capacity_initial_), kSmallestMemory});
  Block larger = Block::from(memory_, size);
  starved_ = !larger;
  if (starved_) return false;
  for (uint64_t at = head_; at < tail_;) {
    size_t from = index_of(at);
    size_t to = at & (size - 1);
    size_t length = std::min({memory_now_.block.size() - from, size - to, static_cast<size_t>(tail_ - at)});
    std::memcpy(larger.data() + to, memory_now_.block.data() + from, length);
    at += length;
  }
  std::vector<uint32_t> counts((size >> block_shift_) + 1);
  for (uint64_t block = head_ >> block_shift_; head_ < tail_ && block <= (tail_ - 1) >> block_shift_; ++block)
    counts[block % counts.size()] = live_in(block);
  live_in_block_ = std::move(counts);
  if (memory_now_.pins > 0) memory_before_.push_back(std::move(memory_now_));
  int generation = memory_now_.generation + 1;
  memory_now_ = Mapping{std::move(larger), generation, 0};
  return true;
}

uint64_t WriteRing::append(const iovec* iov, int iov_count, size_t skip, size_t count) {
  uint64_t position = tail_;
  overwrite(position, iov, iov_count, skip, count);
  tail_ += count;
  count_live(position, count);
  return position;
}

std::byte* WriteRing::lane(size_t* room) {
  size_t size = memory_now_.block.size();
  size_t used = static_cast<size_t>(tail_ - head_);
  size_t index = size ? index_of(tail_) : 0;
  *room = size ? std::min({size - index, size - used, capacity_max_ - used}) : 0;
  return memory_now_.block.data() + index;
}

void WriteRing::commit_lane(size_t count) {
  uint64_t position = tail_;
  tail_ += count;
  count_live(position, count);
}

void WriteRing::overwrite(uint64_t position, const iovec* iov, int iov_count, size_t skip, size_t count) {
  for_each_piece(position, count, [&](std::byte* target, size_t length) {
    gather(target, iov, iov_count, skip, length);
    skip += length;
  });
}

void WriteRing::copy_out(uint64_t position, size_t count, const iovec* iov, int iov_count, size_t skip) const {
  for_each_piece(position, count, [&](const std::byte* source, size_t length) {
    scatter(iov, iov_count, skip, source, length);
    skip += length;
  });
}

void WriteRing::count_live(uint64_t position, uint64_t count) {
  live_ += count;
  const uint64_t block_size = uint64_t{1} << block_shift_;
  while (count > 0) {
    uint64_t length = std::min(count, block_size - (position & (block_size - 1)));
    live_in(position >> block_shift_) += static_cast<uint32_t>(length);
    position += length;
    count -= length;
  }
}

void WriteRing::hold(uint64_t position, uint64_t count) { count_live(position, count); }

void WriteRing::drop(uint64_t position, uint64_t count) {
  assert(position >= head_ && position + count <= tail_ && count <= live_);
  live_ -= count;
  const uint64_t block_size = uint64_t{1} << block_shift_;
  while (count > 0) {
    uint64_t length = std::min(count, block_size - (position & (block_size - 1)));
    live_in(position >> block_shift_) -= static_cast<uint32_t>(length);
    position += length;
    count -= length;
  }
  advance_head();
}

void WriteRing::advance_head() {
  if (live_ == 0) {
    head_ = tail_;
    return;
  }
  while (live_in(head_ >> block_shift_) == 0) head_ = ((head_ >> block_shift_) + 1) << block_shift_;
}

int WriteRing::pin() {
  ++memory_now_.pins;
  return memory_now_.generation;
}

void WriteRing::unpin(int generation) {
  if (generation == memory_now_.generation) {
    --memory_now_.pins;
    return;
  }
  auto mapping = std::find_if(memory_before_.begin(), memory_before_.end(),
                              [&](const Mapping& m) { return m.generation == generation; });
  assert(mapping != memory_before_.end());
  if (--mapping->pins == 0) memory_before_.erase(mapping);
}

bool WriteRing::trim() {
  if (live_ > 0 || memory_now_.pins > 0 || !memory_now_.block) return false;
  memory_now_.block = Block();
  live_in_block_ = {};
  return true;
}

}  // namespace conveyor

#include "engine/write_ring.hpp"

#include <algorithm>
#include <bit>
#include <cassert>

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

// Of what cannot fail because the caller has made sure.
void expect(bool done) {
  assert(done);
  (void)done;
}

}  // namespace

WriteRing::WriteRing(Memory& memory, size_t capacity_initial, size_t capacity_max)
    : capacity_initial_(std::min(capacity_initial, capacity_max)),
      capacity_max_(capacity_max),
      block_shift_(block_shift_for(capacity_max)),
      bytes_(MemorySource{&memory}) {}

template <class Visit>
void WriteRing::for_each_block(uint64_t position, uint64_t count, Visit visit) const {
  const uint64_t block_size = uint64_t{1} << block_shift_;
  while (count > 0) {
    uint64_t length = std::min(count, block_size - (position & (block_size - 1)));
    visit(position >> block_shift_, static_cast<uint32_t>(length));
    position += length;
    count -= length;
  }
}

bool WriteRing::reserve(size_t count) {
  size_t needed = bytes_.used() + count;
  if (needed > capacity_max_) return false;
  return needed <= bytes_.capacity() || grow(needed);
}

bool WriteRing::grow(size_t needed) {
  size_t size = std::max({std::bit_ceil(needed), std::bit_ceil(capacity_initial_), kSmallestMemory});
  auto resized = bytes_.resize(size);
  starved_ = resized.status == ring::ResizeStatus::no_memory;
  if (starved_) return false;
  expect(resized.status == ring::ResizeStatus::resized);
  if (pins_ > 0) outgrown_.push_back({std::move(resized.old), generation_, pins_});
  ++generation_;
  pins_ = 0;
  std::vector<uint32_t> counts((size >> block_shift_) + 1);
  if (!bytes_.empty()) {
    uint64_t last = (bytes_.tail() - 1) >> block_shift_;
    for (uint64_t block = bytes_.head() >> block_shift_; block <= last; ++block)
      counts[block % counts.size()] = live_in(block);
  }
  live_in_block_ = std::move(counts);
  return true;
}

uint64_t WriteRing::append(const iovec* iov, int iov_count, size_t skip, size_t count) {
  uint64_t position = bytes_.tail();
  commit_lane(count);
  overwrite(position, iov, iov_count, skip, count);
  return position;
}

std::byte* WriteRing::lane(size_t* room) {
  std::span<std::byte> vacant = bytes_.vacant_pieces().first;
  *room = std::min(vacant.size(), this->room());
  return vacant.data();
}

void WriteRing::commit_lane(size_t count) {
  uint64_t position = bytes_.tail();
  expect(bytes_.commit(count));
  count_live(position, count);
}

void WriteRing::overwrite(uint64_t position, const iovec* iov, int iov_count, size_t skip, size_t count) {
  for_each_piece(position, count, [&](std::byte* target, size_t length) {
    gather(target, iov, iov_count, skip, length);
    skip += length;
  });
}

void WriteRing::copy_out(uint64_t position, size_t count, const iovec* iov, int iov_count, size_t skip) const {
  bytes_.view(position, count).value().for_each([&](std::span<const std::byte> piece) {
    scatter(iov, iov_count, skip, piece.data(), piece.size());
    skip += piece.size();
  });
}

void WriteRing::count_live(uint64_t position, uint64_t count) {
  live_ += count;
  for_each_block(position, count, [&](uint64_t block, uint32_t length) { live_in(block) += length; });
}

void WriteRing::drop(uint64_t position, uint64_t count) {
  assert(bytes_.contains(position, count) && count <= live_);
  live_ -= count;
  for_each_block(position, count, [&](uint64_t block, uint32_t length) { live_in(block) -= length; });
  advance_head();
}

void WriteRing::advance_head() {
  uint64_t head = live_ == 0 ? bytes_.tail() : bytes_.head();
  while (live_ > 0 && live_in(head >> block_shift_) == 0) head = ((head >> block_shift_) + 1) << block_shift_;
  expect(bytes_.release(head));
}

void WriteRing::rewind() {
  if (live_ > 0 || pins_ > 0 || bytes_.capacity() == 0) return;
  size_t used = static_cast<size_t>(bytes_.tail() & (bytes_.capacity() - 1));
  if (used == 0) return;
  expect(bytes_.commit(bytes_.capacity() - used));
  expect(bytes_.release(bytes_.tail()));
}

int WriteRing::pin() {
  ++pins_;
  return generation_;
}

void WriteRing::unpin(int generation) {
  if (generation == generation_) {
    --pins_;
    return;
  }
  auto memory =
      std::find_if(outgrown_.begin(), outgrown_.end(), [&](const Outgrown& o) { return o.generation == generation; });
  assert(memory != outgrown_.end());
  if (--memory->pins == 0) outgrown_.erase(memory);
}

bool WriteRing::trim() {
  if (live_ > 0 || pins_ > 0 || bytes_.capacity() == 0) return false;
  expect(bytes_.resize(0).status == ring::ResizeStatus::resized);
  live_in_block_ = {};
  return true;
}

}  // namespace conveyor

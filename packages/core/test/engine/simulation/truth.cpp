#include "truth.hpp"

#include <algorithm>
#include <cstring>

namespace conveyor::sim {

// Remembers what [offset, offset + count) and the size were.
void Truth::begin_change(uint64_t offset, uint64_t count, uint64_t new_size) {
  ++version_;
  uint64_t end = std::min(size_, offset + count);
  size_t old_count = end > offset ? end - offset : 0;
  log_.push_back({offset, size_, undone_.size(), old_count});
  if (old_count > 0) undone_.insert(undone_.end(), &bytes_[offset], &bytes_[offset] + old_count);
  if (new_size > bytes_.size()) {
    bytes_.resize(new_size * 2);
    made_by_.resize(new_size * 2);
  }
  if (new_size > size_) std::fill(&made_by_[size_], &made_by_[0] + new_size, version_ | kGap);
}

void Truth::write(uint64_t offset, const uint8_t* source, size_t count) {
  uint64_t new_size = std::max(size_, offset + count);
  begin_change(offset, count, new_size);
  std::memcpy(&bytes_[offset], source, count);
  std::fill(&made_by_[offset], &made_by_[0] + offset + count, version_);
  size_ = new_size;
}

void Truth::truncate(uint64_t size) {
  begin_change(size, UINT64_MAX - size, size);
  if (size < size_) std::fill(&bytes_[size], &bytes_[0] + size_, uint8_t{0});
  size_ = size;
}

void Truth::grow(uint64_t offset, const uint8_t* source, size_t count) {
  uint64_t new_size = std::max(size_, offset + count);
  begin_change(offset, count, new_size);
  for (size_t i = 0; i < count; ++i) {
    if (!(made_by_[offset + i] & kGap)) continue;
    bytes_[offset + i] = source[i];
    made_by_[offset + i] = version_;
  }
  size_ = new_size;
}

void Truth::adopt(const Bytes& contents) {
  begin_change(0, UINT64_MAX, contents.size());
  for (uint64_t i = 0; i < contents.size(); ++i) {
    if (i >= size_ || bytes_[i] != contents[i]) made_by_[i] = version_;
    bytes_[i] = contents[i];
  }
  if (contents.size() < size_) std::fill(&bytes_[contents.size()], &bytes_[0] + size_, uint8_t{0});
  size_ = contents.size();
}

// Calls visit(bytes, size) for the present, then back in time, until it returns true.
template <class Visit>
void Truth::for_each_state(size_t mark, Visit visit) {
  if (visit(bytes_.data(), size_) || log_.size() == mark) return;
  scratch_ = bytes_;
  for (size_t i = log_.size(); i-- > mark;) {
    const Change& change = log_[i];
    uint64_t size_after = i + 1 == log_.size() ? size_ : log_[i + 1].size;
    if (size_after > change.size) std::fill(&scratch_[change.size], &scratch_[0] + size_after, uint8_t{0});
    if (change.old_count > 0) std::memcpy(&scratch_[change.offset], &undone_[change.old_bytes], change.old_count);
    if (visit(scratch_.data(), change.size)) return;
  }
}

bool Truth::gave(size_t mark, uint64_t offset, size_t count, const uint8_t* bytes, size_t got) {
  bool found = false;
  for_each_state(mark, [&](const uint8_t* state, uint64_t size) {
    size_t have = offset < size ? std::min<uint64_t>(count, size - offset) : 0;
    found = have == got && (got == 0 || std::memcmp(state + offset, bytes, got) == 0);
    return found;
  });
  return found;
}

bool Truth::gave_mixed(size_t mark, uint64_t offset, size_t count, const uint8_t* bytes, size_t got) {
  std::vector<bool> seen(got);
  size_t least = SIZE_MAX, most = 0;
  for_each_state(mark, [&](const uint8_t* state, uint64_t size) {
    size_t have = offset < size ? std::min<uint64_t>(count, size - offset) : 0;
    least = std::min(least, have);
    most = std::max(most, have);
    // Behind an end seen then, zeros: own writes behind that may have made the read longer.
    for (size_t i = 0; i < got; ++i)
      if ((i < have ? state[offset + i] : 0) == bytes[i]) seen[i] = true;
    return false;
  });
  return least <= got && got <= most && std::all_of(seen.begin(), seen.end(), [](bool one) { return one; });
}

bool Truth::had_size(size_t mark, uint64_t size) const {
  if (size == size_) return true;
  return std::any_of(log_.begin() + static_cast<long>(mark), log_.end(),
                     [&](const Change& change) { return change.size == size; });
}

bool Truth::had_size_about(size_t mark, uint64_t size) const {
  uint64_t least = size_, most = size_;
  for (size_t i = mark; i < log_.size(); ++i) {
    least = std::min(least, log_[i].size);
    most = std::max(most, log_[i].size);
  }
  return least <= size && size <= most;
}

bool Truth::is_in(const Bytes& storage, uint32_t version, uint64_t* where) const {
  if (size_ == 0) return true;
  if (storage.size() >= size_ && std::memcmp(storage.data(), bytes_.data(), size_) == 0) return true;
  for (uint64_t i = 0; i < size_; ++i) {
    if ((made_by_[i] & ~kGap) > version) continue;
    if (i < storage.size() && storage[i] == bytes_[i]) continue;
    *where = i;
    return false;
  }
  return true;
}

}  // namespace conveyor::sim

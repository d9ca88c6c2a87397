// The byte array that says what the file is, by the operations accepted so far; and what it was, for as long as
// somebody may be given that.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace conveyor::sim {

using Bytes = std::vector<uint8_t>;

class Truth {
 public:
  explicit Truth(const Bytes& contents) { adopt(contents), forget(); }

  uint64_t size() const { return size_; }
  const uint8_t* data() const { return bytes_.data(); }
  /// Counts the changes; every byte knows which one made it.
  uint32_t version() const { return version_; }

  void write(uint64_t offset, const uint8_t* source, size_t count);
  void truncate(uint64_t size);
  /// Somebody else's bytes, behind a backend's file that ended at `offset`: where nothing was accepted they are seen.
  void grow(uint64_t offset, const uint8_t* source, size_t count);
  /// The file is something else now; what is new in it is in the storage.
  void adopt(const Bytes& contents);

  /// A moment, for the questions below. Valid until forget().
  size_t mark() const { return log_.size(); }
  /// Nobody will ask about the past.
  void forget() {
    log_.clear();
    undone_.clear();
  }

  /// Would a read of `count` bytes at `offset` have given these `got` bytes, at one moment since `mark`?
  bool gave(size_t mark, uint64_t offset, size_t count, const uint8_t* bytes, size_t got);
  /// The same, but each byte may be from a moment of its own.
  bool gave_mixed(size_t mark, uint64_t offset, size_t count, const uint8_t* bytes, size_t got);
  bool had_size(size_t mark, uint64_t size) const;
  /// Or a size between two that it had?
  bool had_size_about(size_t mark, uint64_t size) const;
  /// Is every byte as it was made up to `version`, and not changed since, in `storage`? Else `*where` is one that is
  /// not.
  bool is_in(const Bytes& storage, uint32_t version, uint64_t* where) const;

 private:
  static constexpr uint32_t kGap = 1u << 31;  // nobody wrote it

  struct Change {
    uint64_t offset;
    uint64_t size;     // before
    size_t old_bytes;  // where they begin in undone_
    size_t old_count;
  };

  void begin_change(uint64_t offset, uint64_t count, uint64_t new_size);
  template <class Visit>
  void for_each_state(size_t mark, Visit visit);

  Bytes bytes_;  // zeros behind size_
  std::vector<uint32_t> made_by_;
  uint64_t size_ = 0;
  uint32_t version_ = 0;
  std::vector<Change> log_;
  Bytes undone_;
  Bytes scratch_;
};

}  // namespace conveyor::sim

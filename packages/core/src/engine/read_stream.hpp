// Recognising sequential readers: where each of a handle's readers is, and how far ahead of it to read [R3, R4, R7].
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "engine/config.hpp"

namespace conveyor {

/// One sequential reader.
struct ReadStream {
  uint64_t next = 0;     // where it is expected to read
  uint64_t run = 0;      // bytes it has read in a row
  uint64_t window = 0;   // bytes to have ready ahead of it; 0: not known to be sequential
  uint64_t skipped = 0;  // bytes it jumped over inside the window
  uint64_t used_at = 0;  // for replacing the oldest
  int pins = 0;          // pending reads that belong to it
  bool alone = false;    // its reader fetches for himself, when he gets there
};

/// The readers of one handle. A window starts small, doubles with confirmed hits and when its reader had to wait, and
/// never exceeds what the reader has already read unless earlier guesses paid off, so reading ahead costs at most as
/// much again as what was asked for. Not thread safe.
class ReadStreams {
 public:
  static constexpr size_t kStreamsMax = 8;

  explicit ReadStreams(const EngineConfig& config) : config_(config) {}

  /// The reader that a read of `count` bytes at `offset` belongs to, or a new one. nullptr when all are busy.
  ReadStream* enter(uint64_t offset, uint64_t count, uint64_t share);
  /// For a read that nobody expected: remembers it, so that a next one is recognised. False: some reader may own it.
  bool pass(uint64_t offset, uint64_t count);
  /// It got `count` bytes.
  void leave(ReadStream& stream, uint64_t offset, uint64_t count);
  /// It had to wait. Far from the backend each wait costs much, so fewer of them have to do.
  void stalled(ReadStream& stream, uint64_t share, bool far);
  /// The one that goes on at `offset`, or nullptr.
  ReadStream* at(uint64_t offset);
  /// Stops reading ahead everywhere until the next confirmed hit.
  void stop();
  /// Read-ahead memory was dropped, of which `unused` bytes had never been read and `used` had.
  void account(uint64_t used, uint64_t unused) {
    used_ += used;
    unused_ += unused;
  }

  /// Readers with a window; at least 1.
  size_t active() const;
  template <class Visit>
  void for_each(Visit visit) {
    if (!streams_) return;
    for (ReadStream& stream : *streams_)
      if (stream.used_at > 0) visit(stream);
  }

  bool guesses_pay_off() const { return unused_ <= used_ + 2 * config_.read_window_initial; }

 private:
  ReadStream* match(uint64_t offset);
  ReadStream* oldest();

  const EngineConfig& config_;
  std::unique_ptr<std::array<ReadStream, kStreamsMax>> streams_;
  uint64_t uses_ = 0;
  uint64_t used_ = 0;
  uint64_t unused_ = 0;
};

}  // namespace conveyor

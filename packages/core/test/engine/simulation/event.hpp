// What can happen in a simulated world. An event says all of it: a list of events replays without a random number, and
// stays meaningful when some of them are taken out, which is what shrinking does. So nothing is named by identity: an
// operation is picked by an index modulo how many there are then, and an event that finds nothing to do does nothing.
#pragma once

#include <cstdint>
#include <string>

namespace conveyor::sim {

enum class EventKind : uint8_t {
  kRead,        // offset, count, flags; pick: deadline in ms, 0 = none (so for all operations of the application)
  kWrite,       // the same
  kSeek,        // offset; count: whence
  kSize,        //
  kTruncate,    // offset
  kFlush,       //
  kSync,        // flags
  kClose,       // a handle over the same file follows
  kPass,        // a caller reads past the engine: offset, count
  kEndPass,     // pick, outcome, count
  kEffect,      // the backend does what an operation in flight asks, and tells nobody: pick, outcome, count
  kComplete,    // an operation in flight is completed: pick, and as above when it has had no effect yet
  kAdvance,     // count: milliseconds; flags: late
  kTick,        // too early
  kTrim,        // other handles want memory
  kInvalidate,  //
  kPrefetch,    // offset, count
  kClearError,  //
  kLastError,   //
  kStats,       //
  kGoDirect,    // pick: a pending read gives up on chunks
  kCancel,      // pick: a pending operation; flags: timeout
  kGrow,        // somebody else appends `count` bytes to the backend's file
  kBudget,      // count: bytes of memory there are from now on
};
inline constexpr int kEventKinds = static_cast<int>(EventKind::kBudget) + 1;

/// How a backend operation ends.
enum class Outcome : uint8_t {
  kWhole,
  kShort,      // at least 1 byte, less than asked
  kZero,       // 0 for a write
  kTooMuch,    // more than was asked
  kNonsense,   // no errno at all
  kTransient,  // EINTR or EAGAIN; what is written may have landed in part
  kRetryable,  // an errno that the backend declares to be worth a retry, if the world says so
  kPermanent,
};
inline constexpr int kOutcomes = static_cast<int>(Outcome::kPermanent) + 1;

enum EventFlag : uint8_t {
  kAtCursor = 1,
  kRunsInline = 2,
  kVectored = 4,
  kDataOnly = 8,
  kLate = 16,
  kTimeout = 32,
  kGlances = 64,
};

struct Event {
  EventKind kind = EventKind::kTick;
  Outcome outcome = Outcome::kWhole;
  uint8_t flags = 0;
  uint32_t pick = 0;
  uint32_t count = 0;
  int64_t offset = 0;

  bool has(EventFlag flag) const { return (flags & flag) != 0; }
  bool operator==(const Event&) const = default;
};

/// One line, without its end: `write offset 100 count 20 cursor`.
std::string to_text(const Event& event);
/// False: not such a line.
bool parse(const std::string& line, Event* event);

}  // namespace conveyor::sim

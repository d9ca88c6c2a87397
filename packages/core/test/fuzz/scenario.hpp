#pragma once
/// What an input of the fuzzer means: how the file is opened, and what is then done with it.

#include <cstdint>
#include <string>

#include <conveyor/conveyor.h>

#include "byte_source.hpp"

namespace conveyor::test {

/// How a handle is opened, and how its backend behaves.
struct Setup {
  int access = O_RDWR;
  bool append = false;
  bool callbacks = false;  ///< else a descriptor
  bool has_append = true;  ///< of a backend of callbacks; a descriptor has all
  bool has_truncate = true;
  bool has_sync = true;
  std::size_t transfer_max = 0;  ///< of one call; 0: no limit
  bool transient_errors = false;
  std::int64_t start = 0;  ///< position of the descriptor
  conveyor_options_t options{};

  bool readable() const { return access != O_WRONLY; }
  bool writable() const { return access != O_RDONLY; }
  bool write_through() const { return options.write_capacity_max == CONVEYOR_UNBUFFERED; }
  bool splits() const { return options.large_write == CONVEYOR_LARGE_WRITE_SPLIT || write_through(); }
  std::size_t ring() const { return options.write_capacity_max == 0 ? 8 << 20 : options.write_capacity_max; }
  std::string describe() const;
};

enum class Act : std::uint8_t {
  kRead,
  kPread,
  kReadv,
  kPreadv,
  kWrite,
  kPwrite,
  kWritev,
  kPwritev,
  kSeek,
  kSize,
  kTruncate,
  kFlush,
  kSync,
  kPrefetch,
  kInvalidate,
  kReopen,   ///< close, compare, open anew in another way
  kCompare,  ///< every byte, through the handle
  kPoke,     ///< somebody else changes the file, and the handle is told
  kGrow,     ///< somebody else makes the file longer, and the handle is not told
  kFail,     ///< backend calls to come fail for good
  kMisuse,   ///< arguments that are refused
};

/// Where an offset counts from.
enum class Base : std::uint8_t { kStart, kCursor, kEnd, kExtreme };

struct Operation {
  Act act = Act::kRead;
  Base base = Base::kStart;
  std::int64_t delta = 0;
  std::size_t count = 0;
  unsigned cut = 0;  ///< how a vector is cut, and whatever else there is to choose
  int whence = SEEK_SET;
};

inline constexpr std::int64_t kFar = std::int64_t{1} << 33;  ///< beyond 32 bits; the files are sparse

Setup read_setup(ByteSource &source);
Operation read_operation(ByteSource &source);

/// An offset past which nothing is: they are refused, or read as nothing.
bool is_extreme(std::int64_t offset);
const char *name_of(Act act);

}  // namespace conveyor::test

// From the C API's handles and structs to ours.
#pragma once

#include <conveyor/conveyor_async.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>

#include "engine/engine.hpp"
#include "shell/clock.hpp"
#include "shell/handle.hpp"

namespace conveyor {

inline uint64_t token_of(conveyor_t* handle) { return reinterpret_cast<uint64_t>(handle); }
inline conveyor_t* handle_of(uint64_t token) { return reinterpret_cast<conveyor_t*>(token); }

/// Sets errno. Returns -1.
inline int fail(int error) {
  errno = error;
  return -1;
}

/// From a result or -errno to the convention of the C API.
inline ssize_t answer(ssize_t result) { return result < 0 ? fail(static_cast<int>(-result)) : result; }

/// A struct as its caller compiled it, in today's shape: fields he does not know are zero. Nothing if it is no such
/// struct: NULL, too small, or larger than ours with something in the part that we do not know.
template <class Struct>
std::optional<Struct> known_part(const Struct* theirs) {
  if (!theirs || theirs->struct_size < 2 * sizeof(uint32_t)) return std::nullopt;
  Struct ours{};
  size_t size = theirs->struct_size;
  std::memcpy(&ours, theirs, std::min(size, sizeof ours));
  const auto* bytes = reinterpret_cast<const unsigned char*>(theirs);
  for (size_t i = sizeof ours; i < size; ++i)
    if (bytes[i] != 0) return std::nullopt;
  ours.struct_size = sizeof ours;
  return ours;
}

/// The other way: fills in as much as the caller's struct holds, but for its struct_size. False: it is no such struct.
template <class Struct>
bool hand_over(const Struct& ours, Struct* theirs) {
  if (!theirs || theirs->struct_size < 2 * sizeof(uint32_t)) return false;
  uint32_t size = theirs->struct_size;
  std::memcpy(theirs, &ours, std::min<size_t>(size, sizeof ours));
  theirs->struct_size = size;
  return true;
}

/// Bytes of an iovec array, or nothing when it is invalid (errno is set): EINVAL for the count or the sum, EFAULT for
/// NULL.
std::optional<size_t> total_length(const iovec* iov, int iovcnt);

/// What conveyor_options_t means, or -errno. `io_bytes_max` bounds a single backend operation.
int configure(EngineConfig* config, HandleTimeouts* timeouts, int flags, const conveyor_options_t* options);

}  // namespace conveyor

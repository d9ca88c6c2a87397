// What holders leave in the sidecar for those who wait, and what the kernel knows beyond that.
#pragma once

#include <conveyor/file_lock/file_lock.hpp>
#include <optional>
#include <string>

#include "sidecar.hpp"

namespace conveyor::locking {

/// What this process leaves: `{"pid":1,"host":"a","startedMs":1}`, spaces, a line feed. All records have one size: a
/// new one covers an old one.
std::string make_holder_record();

/// The state of a sidecar in which this process has read its own record there: unchanged, it need not be read again.
struct SeenRecord {
  dev_t device = 0;
  ino_t inode = 0;
  timespec changed{};
};

/// Writes a record into the sidecar, unless it stands there already. A failure changes nothing but what others are
/// told.
void write_holder(const Grip& grip, const std::string& record, SeenRecord* seen);

/// What the sidecar says, or nothing where that is no record.
std::optional<LockHolder> parse_holder(const std::string& text);

/// Who holds a lock on an existing sidecar: the process in the sidecar where the kernel, or its start time, confirms
/// it, else one that the kernel lists. Nothing where nobody knows.
std::optional<LockHolder> find_holder(const Place& place, bool byte_range);

}  // namespace conveyor::locking

#include "in_flight.hpp"

#include <time.h>

#include <algorithm>

namespace conveyor::mount {

namespace {

constexpr std::array<const char*, kOperationCount> kNames = {
    "lookup",   "forget",    "getattr",     "setattr", "readlink",   "mknod",    "mkdir",          "unlink",
    "rmdir",    "symlink",   "rename",      "link",    "open",       "read",     "write",          "flush",
    "release",  "fsync",     "opendir",     "readdir", "releasedir", "fsyncdir", "statfs",         "setxattr",
    "getxattr", "listxattr", "removexattr", "create",  "fallocate",  "lseek",    "copy_file_range"};

int64_t now_ns() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1'000'000'000LL + now.tv_nsec;
}

std::atomic<size_t> next_shard{0};

/// One shard for each thread, in turn.
size_t shard_of_thread() {
  thread_local const size_t shard = next_shard.fetch_add(1, std::memory_order_relaxed);
  return shard;
}

}  // namespace

const char* name_of(Operation operation) { return kNames[static_cast<size_t>(operation)]; }

void InFlight::enter(Entry& entry, Operation operation, uint64_t node, uint32_t process) {
  entry.operation = operation;
  entry.node = node;
  entry.process = process;
  entry.since_ns = now_ns();
  entry.shard = shard_of_thread() % kShards;
  entry.previous = nullptr;
  totals_[static_cast<size_t>(operation)].fetch_add(1, std::memory_order_relaxed);
  Shard& shard = shards_[entry.shard];
  const std::lock_guard lock(shard.mutex);
  entry.next = shard.first;
  if (shard.first != nullptr) shard.first->previous = &entry;
  shard.first = &entry;
}

void InFlight::leave(Entry& entry) {
  Shard& shard = shards_[entry.shard];
  const std::lock_guard lock(shard.mutex);
  if (entry.next != nullptr) entry.next->previous = entry.previous;
  if (entry.previous != nullptr) {
    entry.previous->next = entry.next;
  } else {
    shard.first = entry.next;
  }
}

std::vector<InFlight::Waiting> InFlight::waiting() const {
  std::vector<Waiting> all;
  const int64_t now = now_ns();
  for (const Shard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    for (const Entry* entry = shard.first; entry != nullptr; entry = entry->next) {
      all.push_back({entry->operation, entry->node, entry->process, std::max<int64_t>(0, now - entry->since_ns)});
    }
  }
  std::sort(all.begin(), all.end(), [](const Waiting& a, const Waiting& b) { return a.age_ns > b.age_ns; });
  return all;
}

}  // namespace conveyor::mount

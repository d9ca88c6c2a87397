// Which requests of the kernel are being worked on, since when, and how many there have been.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <vector>

namespace conveyor::mount {

enum class Operation : uint8_t {
  kLookup,
  kForget,
  kGetattr,
  kSetattr,
  kReadlink,
  kMknod,
  kMkdir,
  kUnlink,
  kRmdir,
  kSymlink,
  kRename,
  kLink,
  kOpen,
  kRead,
  kWrite,
  kFlush,
  kRelease,
  kFsync,
  kOpendir,
  kReaddir,
  kReleasedir,
  kFsyncdir,
  kStatfs,
  kSetxattr,
  kGetxattr,
  kListxattr,
  kRemovexattr,
  kCreate,
  kFallocate,
  kLseek,
  kCopyFileRange,
};
inline constexpr size_t kOperationCount = static_cast<size_t>(Operation::kCopyFileRange) + 1;

/// `lookup`, `copy_file_range`.
const char* name_of(Operation operation);

/// Whether the operation changes what is stored: such ones are refused while a mount drains.
constexpr bool changes(Operation operation) {
  switch (operation) {
    case Operation::kSetattr:
    case Operation::kMknod:
    case Operation::kMkdir:
    case Operation::kUnlink:
    case Operation::kRmdir:
    case Operation::kSymlink:
    case Operation::kRename:
    case Operation::kLink:
    case Operation::kWrite:
    case Operation::kSetxattr:
    case Operation::kRemovexattr:
    case Operation::kCreate:
    case Operation::kFallocate:
    case Operation::kCopyFileRange:
      return true;
    default:
      return false;
  }
}

/// The requests of one mount that are under way, and totals.
///
/// Threads: any. An entry is a list node in the caller's own memory, so entering allocates nothing; the lists are split
/// over shards, so that threads rarely meet.
class InFlight {
 public:
  /// One request, from `enter` to `leave`; not moved in between.
  struct Entry {
    Operation operation{};
    uint64_t node = 0;
    uint32_t process = 0;
    int64_t since_ns = 0;
    size_t shard = 0;
    Entry* previous = nullptr;
    Entry* next = nullptr;
  };

  /// What an observer sees of an entry.
  struct Waiting {
    Operation operation;
    uint64_t node;
    uint32_t process;
    int64_t age_ns;
  };

  InFlight() = default;
  InFlight(const InFlight&) = delete;
  InFlight& operator=(const InFlight&) = delete;

  void enter(Entry& entry, Operation operation, uint64_t node, uint32_t process);
  void leave(Entry& entry);

  /// Requests so far, those under way included.
  uint64_t total(Operation operation) const { return totals_[static_cast<size_t>(operation)].load(); }
  /// All that are under way, the oldest first.
  std::vector<Waiting> waiting() const;

  /// From construction to destruction, for operations that end where they began.
  class Scope {
   public:
    Scope(InFlight& in_flight, Operation operation, uint64_t node, uint32_t process) : in_flight_(in_flight) {
      in_flight_.enter(entry_, operation, node, process);
    }
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;
    ~Scope() { in_flight_.leave(entry_); }

   private:
    InFlight& in_flight_;
    Entry entry_;
  };

 private:
  struct alignas(64) Shard {
    mutable std::mutex mutex;
    Entry* first = nullptr;  // guarded by mutex
  };
  static constexpr size_t kShards = 16;

  std::array<Shard, kShards> shards_;
  std::array<std::atomic<uint64_t>, kOperationCount> totals_{};
};

}  // namespace conveyor::mount

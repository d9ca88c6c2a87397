// Engine operations that JavaScript waits for.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "bounce_pool.hpp"
#include "handle_table.hpp"

namespace conveyor_node {

class Mailbox;

/// One call of a conveyor_*_async function; its address is the `arg` of that call.
///
/// Threads: the JavaScript thread owns it, except `phase` and `result`, which the thread that finishes the operation
/// writes, and `next`, which belongs to the mailbox from then on.
struct Operation {
  enum class Phase : uint8_t {
    kStarting,  // the engine call has not returned yet
    kWaiting,   // it returned CONVEYOR_PENDING, and JavaScript will be told when it is finished
    kFinished,
  };

  std::atomic<Phase> phase{Phase::kStarting};
  bool pending = false;  // kept by OperationTable::keep
  bool closes = false;   // the handle leaves its table when this operation has succeeded
  uint32_t slot = 0;
  HandleId handle = 0;
  ssize_t result = 0;
  Block block;  // what the engine reads or fills; empty when that memory is JavaScript's
  Mailbox* mailbox = nullptr;
  Operation* next = nullptr;

  /// The conveyor_done_t of every call.

  /// Threads: any.
  static void finish(void* operation, ssize_t result);
};

/// All operations of an environment, by slot. Records are recycled: an operation that completes at once allocates
/// nothing.
/// Threads: the JavaScript thread only.
class OperationTable {
 public:
  explicit OperationTable(Mailbox* mailbox) : mailbox_(mailbox) {}

  /// A record for the next call. It stays the spare one until it is kept.
  Operation* spare() {
    if (spare_ == nullptr) spare_ = refill();
    return spare_;
  }
  /// The spare record's call is pending: it lives until it is recycled.
  void keep(Operation* operation);
  /// Forgets a finished operation and gives its block back.
  void recycle(Operation* operation, BouncePool& pool);

  /// The pending operation in a slot, or nullptr.
  Operation* find(double slot) const;
  uint32_t pending() const { return pending_; }

 private:
  Operation* refill();

  Mailbox* mailbox_;
  Operation* spare_ = nullptr;
  uint32_t pending_ = 0;
  std::vector<std::unique_ptr<Operation>> all_;
  std::vector<Operation*> idle_;
};

}  // namespace conveyor_node

// What this process holds and who in it waits: one table, whichever thread or Node environment asks.
//
// Locks, in this order: the fork lock (shared by whoever works, exclusive around fork), an entry's mutex, the table's
// mutex. System calls on sidecars run under the entry's mutex only.
#pragma once

#include <conveyor/file_lock/file_lock.hpp>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <initializer_list>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <span>
#include <stop_token>
#include <string>
#include <unordered_map>
#include <vector>

#include "holder.hpp"
#include "place.hpp"
#include "process_mark.hpp"
#include "sidecar.hpp"

namespace conveyor::locking {

using LockId = uint64_t;
using TicketId = uint64_t;
/// Whose locks end together: a Node environment. 0: nobody's.
using ScopeId = uint64_t;

struct Request {
  std::string path;
  LockMode mode = LockMode::kExclusive;
  ResourceKind resource = ResourceKind::kAny;
  bool byte_range = false;
  bool reentrant = false;
  /// Waits in the queue when the lock is not free.
  bool queues = false;
  LockOwner owner = 0;
  /// Others that the asker is part of: what they hold would never become free for it.
  std::span<const LockOwner> ancestors;
  ScopeId scope = 0;
};

struct Outcome {
  /// 0, or -errno: -EAGAIN when the lock is not free.
  int error = 0;
  LockId lock = 0;
  /// The place in the queue, to be passed on or cancelled; 0 unless the request queues and the lock is not free.
  TicketId ticket = 0;
  /// This process is next: the pause before the next attempt may be the shortest.
  bool is_next = false;
  /// This process has had its turn and others wait: no attempt was made.
  bool is_polite = false;
  /// For `wait`: what has changed after this attempt.
  uint64_t changes = 0;
};

class LockTable {
 public:
  /// The table of this process; it is never destroyed.
  static LockTable& of_process();

  LockTable();
  LockTable(const LockTable&) = delete;
  LockTable& operator=(const LockTable&) = delete;

  /// One attempt. Errors: those of FileLock::acquire; but for -EAGAIN a ticket has ended with it.
  Outcome attempt(const Request& request, TicketId ticket);

  /// 0, -ESTALE (FileLock::release), -EBADF for what is not held by this process.
  int release(LockId lock);

  /// Empty for what is not held by this process.
  std::string resource_of(LockId lock) const;

  void cancel(TicketId ticket);

  /// Blocks until something has changed for a ticket since its last attempt, or a time has come, or a stop was asked
  /// for. Threads: one per ticket.
  void wait(TicketId ticket, uint64_t changes, std::chrono::steady_clock::time_point until, std::stop_token stop);

  /// Whether this process holds a lock on a resource: 0, 1, or -errno.
  int is_held_here(const std::string& path, ResourceKind kind);

  /// Releases the locks and cancels the tickets of a scope.
  void end_scope(ScopeId scope);

  uint64_t next_number();

  // Around fork (pthread_atfork).
  void before_fork();
  void after_fork_in_parent();
  /// Closes the descriptors that the child got: the parent's locks do not hang on it, nor they on the child.
  void after_fork_in_child();

 private:
  struct Holding {
    LockOwner owner;
    LockMode mode;
    Grip grip;
    /// Reentrant owners have taken it this often.
    int count = 1;
  };

  struct Ticket {
    TicketId id;
    LockMode mode;
  };

  struct Entry {
    std::mutex mutex;
    std::condition_variable_any changed;
    Place place;
    std::vector<std::shared_ptr<Holding>> holdings;
    std::deque<Ticket> queue;
    uint64_t changes = 0;
    /// The device that is known to have locks.
    dev_t device = 0;
    bool is_device_known = false;
    SeenRecord seen_record;
    /// Open while this process waits; it locks the seat once `has_seat`.
    int seat_fd = -1;
    bool has_seat = false;
    /// When this process last gave the lock back, and when the row of its turns began; nanoseconds.
    int64_t released_ns = 0;
    int64_t turn_begin_ns = 0;
  };
  using EntryPointer = std::shared_ptr<Entry>;

  struct LockRecord {
    EntryPointer entry;
    std::shared_ptr<Holding> holding;
    ScopeId scope;
  };

  struct TicketRecord {
    EntryPointer entry;
    ScopeId scope;
  };

  EntryPointer entry_of(const Place& place);
  /// -ELOOP when the place is not resolved and nothing can be said before it is.
  Outcome attempt_at(const Place& place, const Request& request, TicketId ticket);
  Outcome attempt_kernel(Entry& entry, const Place& place, const Request& request, Grip* grip);
  /// What the table alone can say: 0 go on, 1 taken once more, -EAGAIN, -EDEADLK.
  int ask_holdings(Entry& entry, const Request& request, TicketId ticket, std::shared_ptr<Holding>* own);
  Outcome queue_up(const EntryPointer& entry, const Request& request, TicketId ticket, Outcome outcome);
  LockId book(const EntryPointer& entry, const Request& request, std::shared_ptr<Holding> holding);
  void leave_queue(Entry& entry, TicketId ticket);
  bool is_ticket_of(TicketId ticket, const EntryPointer& entry) const;
  // With the fork lock held already.
  void cancel_ticket(TicketId ticket);
  int release_lock(LockId lock);

  static bool is_my_turn(const Entry& entry, LockMode mode, TicketId ticket);
  static void seek_seat(Entry& entry);
  static void leave_seat(Entry& entry);
  static bool should_be_polite(Entry& entry, const Place& place);
  static void announce(Entry& entry);

  mutable std::shared_mutex fork_mutex_;

  // Changed by fork only.
  ProcessMark mark_;
  /// What holders of this process leave in sidecars.
  std::string record_;

  // Guarded by mutex_.
  mutable std::mutex mutex_;
  std::unordered_map<std::string, EntryPointer> entries_;
  std::unordered_map<LockId, LockRecord> locks_;
  std::unordered_map<TicketId, TicketRecord> tickets_;
  /// At this many entries those that nobody uses are dropped.
  size_t sweep_at_ = 256;
  uint64_t last_number_ = 0;
};

}  // namespace conveyor::locking

// The callers of a simulated handle: they start operations, and hold every result against the truth.
#pragma once

#include <bitset>
#include <memory>
#include <vector>

#include "engine/engine.hpp"
#include "event.hpp"
#include "simulated_backend.hpp"
#include "truth.hpp"
#include "verdict.hpp"
#include "world.hpp"

namespace conveyor::sim {

/// One pending operation. Its request is its first member, so that one leads to the other.
struct Operation {
  Request request;
  Bytes memory;
  iovec iov[3];
  size_t asked = 0;       // read, write: bytes; the engine may shorten the request's own count
  size_t mark = 0;        // of the truth, when it began
  uint32_t version = 0;   // of the truth, when it began
  uint64_t accepted = 0;  // append: bytes accepted by then
  uint64_t serial = 0;
  size_t applied = 0;       // write: bytes that are part of the truth
  uint32_t applied_as = 0;  // their version
  uint64_t ends_at = 0;     // where in the file
  bool mixed = false;       // somebody else has changed the file meanwhile
  bool cancelled = false;
  std::bitset<192> failed;  // errnos of backend operations of its own
  Time deadline = kNever;
};

class Application {
 public:
  Application(const World& world, Verdict& verdict, SimulatedBackend& backend);

  /// A new handle over the storage as it is.
  void open(Engine& engine);

  // Events. Each engine event is begun by begin_event() and ended by accept() and answer().
  void begin_event();
  /// False: there is nothing to do (too many operations are pending, or the handle does not go on). A lane may have
  /// served it: then no engine event has happened.
  enum class Started { kNothing, kLane, kEvent };
  Started start(const Event& event, Time now);
  void end_pass(Pass& pass, Time now);
  /// True: it was cancelled.
  bool cancel(Operation& operation, int error, Time now);

  // What the backend's completions mean, told before the engine hears of them.
  void backend_failed(const Flight& flight, int error);
  void backend_truncated(uint64_t size);
  void backend_moved(const Flight& flight);
  /// And after: the engine gave bytes up, or appends are where nobody expected them.
  void settle_failure(const Flight& flight, bool failed);
  void grow(size_t count);
  /// Others may append to the backend's file now without overtaking what cannot be told apart.
  bool may_grow() const;
  void cleared() { sticky_ = 0; }

  /// First half of an answer: what was accepted in this event becomes the truth, the cursor moves.
  void accept(const std::vector<Request*>& done);
  /// Second half: are contents, sizes and promises right? The operations are over.
  void answer(const std::vector<Request*>& done);
  SimulatedBackend::Moment moment() const;

  Truth& truth() { return truth_; }
  const std::vector<Operation*>& pending() const { return pending_; }
  uint64_t cursor() const { return cursor_; }
  int sticky() const { return sticky_; }
  bool closing() const { return close_ != nullptr; }
  bool closed() const { return closed_; }
  uint64_t pending_bytes() const { return accepted_ - landed_; }
  /// Counters of the handle that have to be what happened [O1].
  void check_totals();
  /// What is pending after the start of a close may wait [F6].
  void check_close();

 private:
  Operation* make(const Event& event);
  void release(Operation* operation);
  bool fits(const Event& event) const;
  void lay_out(Operation& operation, const Event& event);
  bool try_lane(Operation& operation);
  int refusal(const Request& request) const;
  void apply_pieces(Operation& operation, size_t upto);
  void move_cursor(const Operation& operation);
  void check_error(Operation& operation);
  void check_write(Operation& operation);
  void check_read(const Operation& operation);
  void check_size(const Operation& operation, uint64_t size);
  void check_landed(const Operation& operation, uint32_t version);
  void check_sync(const Operation& operation);
  void check_closed(const Operation& operation);
  void keep_history(Operation& operation);
  void adopt_view();
  void reconcile_appends(bool failed, bool is_sync);
  void push_back(uint64_t count);
  Bytes storage_and_pending() const;
  void fail(const char* rule, const std::string& what, const Operation& operation);

  const World& world_;
  Verdict& verdict_;
  SimulatedBackend& backend_;
  Engine* engine_ = nullptr;
  Truth truth_;
  size_t event_mark_ = 0;
  std::vector<Operation*> pending_;  // in the order started
  std::vector<std::unique_ptr<Operation>> owned_;
  std::vector<Operation*> spare_;
  std::vector<Request*> landing_;
  uint64_t serial_ = 0;
  uint64_t cursor_ = 0;
  uint64_t accepted_ = 0;  // bytes
  uint64_t landed_ = 0;    // append: bytes that the engine knows to have landed
  int sticky_ = 0;
  int event_error_ = 0;  // what failed for good in this event
  int close_error_ = 0;
  bool gave_up_ = false;  // unbuffered: parts of failed writes are on their way, and nobody minds whether they land
  Operation* close_ = nullptr;
  bool closed_ = false;
  uint64_t writes_ = 0, reads_ = 0, bytes_read_ = 0;
};

/// Name of the kind, offset, count: for messages.
std::string describe(const Operation& operation);

}  // namespace conveyor::sim

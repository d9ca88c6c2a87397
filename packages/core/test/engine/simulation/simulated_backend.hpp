// The storage under a simulated handle, and what is in flight to it. Effect and completion of an operation are two
// events; both are given by the script, and so are errors and lies. It knows what the engine has to make of each result
// [W3, F3], and which operations may be in flight together (docs/CONCURRENCY.md).
#pragma once

#include <memory>
#include <vector>

#include "engine/backend_op.hpp"
#include "event.hpp"
#include "truth.hpp"
#include "verdict.hpp"
#include "world.hpp"

namespace conveyor::sim {

/// An operation of the engine, from its first submission to its end.
struct Flight {
  BackendOp* op = nullptr;
  IoKind kind = IoKind::kRead;
  Range range;
  Range wanted;  // read: of which bytes are taken
  bool for_chunk = false;
  bool for_append = false;  // kSize: an append waits for it
  bool waiting = false;     // the engine will submit it again
  bool applied = false;     // it has had its effect; `result` is what will be said
  ssize_t result = 0;
  uint64_t offset = 0;  // what remains
  size_t count = 0;
  size_t done = 0;
  uint32_t attempts = 0;
  Time first_failure = 0;
  Bytes content;        // write: what the engine sent; sync: the storage when it began
  uint64_t covers = 0;  // sync: appended bytes that had landed when it began
};

/// A read that a caller runs past the engine.
struct Pass {
  Range range;
  Bytes memory;
  bool applied = false;
  ssize_t result = 0;
};

class SimulatedBackend {
 public:
  /// What becomes of an operation, by the rules of the semantics.
  enum class Fate { kDone, kContinues, kWaits, kFailed };

  SimulatedBackend(const World& world, Verdict& verdict);

  /// What only the rest of the world knows when something is submitted.
  struct Moment {
    const Truth& truth;
    uint64_t pending = 0;  // append: accepted bytes that have not landed
    uint64_t landed = 0;   // append: accepted bytes that have
    int sticky = 0;
    bool gave_up = false;        // unbuffered: parts of failed writes may be in flight
    const EngineConfig& config;  // in force
  };
  /// The engine submits. Complains about operations that must not be, or not now.
  void submit(BackendOp* op, const Moment& moment);
  /// The operation that `event` picks has its effect, if there is one that had none.
  void effect(const Event& event);
  /// Picks an operation and gives it its effect if it had none. nullptr: nothing is in flight.
  Flight* choose(const Event& event);
  /// What the engine has to make of flight.result; `*error` is the errno of a failure. Books it.
  Fate settle(Flight& flight, Time now, bool reads_given_up, int* error);
  /// After settle() said kDone or kFailed and the engine has heard.
  void end(Flight* flight);
  /// A closing handle gives up reads that wait for a retry.
  void give_up_waiting_reads();
  bool transient(int error) const;

  std::vector<Pass>& passes() { return passes_; }
  const std::vector<Pass>& passes() const { return passes_; }
  void begin_pass(Range range);
  void apply_pass(Pass& pass);
  /// Somebody else appends. Returns what.
  Bytes grow(size_t count);

  const Bytes& storage() const { return storage_; }
  Bytes& storage() { return storage_; }
  /// What a crash of the storage would leave: its bytes when the last good sync began.
  const Bytes& durable() const { return durable_; }
  uint64_t durable_covers() const { return durable_covers_; }
  const std::vector<Flight*>& flights() const { return flights_; }
  size_t flying() const { return flying_; }
  bool flies(IoKind kind) const;
  /// An append has had an effect that the engine does not know of (and may never).
  bool append_is_unsettled() const;

 private:
  Flight* find(const BackendOp* op);
  void check_new(const Flight& flight, const Moment& moment);
  void check_alone(const Flight& flight, const EngineConfig& in_force);
  void check_overlaps(const Flight& flight, bool gave_up);
  void check_content(Flight& flight, const Moment& moment);
  void check_unchanged(const Flight& flight);
  void apply(Flight& flight, Outcome outcome, uint32_t amount);
  ssize_t apply_write(Flight& flight, size_t count);
  ssize_t apply_whole(Flight& flight);
  int errno_of(const Flight& flight, uint32_t amount) const;

  const World& world_;
  Verdict& verdict_;
  Bytes storage_;
  Bytes durable_;
  uint64_t durable_covers_ = 0;
  std::vector<Flight*> flights_;
  std::vector<std::unique_ptr<Flight>> owned_;
  std::vector<Flight*> spare_;
  size_t flying_ = 0;  // flights that do not wait
  std::vector<Pass> passes_;
  ssize_t append_size_ = -1;  // that the last append was told
  uint32_t growths_ = 0;
};

}  // namespace conveyor::sim

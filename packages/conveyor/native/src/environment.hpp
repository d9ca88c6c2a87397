// What the addon keeps for one Node environment: the main thread has one, and so has each worker thread.
#pragma once

#include <conveyor/conveyor_async.h>
#include <conveyor/conveyor_observe.h>
#include <node_api.h>

#include <cerrno>
#include <chrono>
#include <memory>
#include <vector>

#include "bounce_pool.hpp"
#include "handle_table.hpp"
#include "mailbox.hpp"
#include "operation_table.hpp"

namespace conveyor_node {

/// What a call that starts an engine operation returns to JavaScript: the result (>= 0), -errno (above kPendingBase),
/// or kPendingBase - slot for an operation that will be settled later.
inline constexpr double kPendingBase = -8192;

/// One Node environment.
///
/// Life: `create` when the addon is loaded into the environment; `tear_down` as its clean-up hook, when no JavaScript
/// runs any more; deleted as the environment's instance data afterwards.
/// Threads: its JavaScript thread only. Other threads reach it through the mailbox.
class Environment {
 public:
  /// nullptr, with a JavaScript exception pending, when Node refuses something.
  static Environment* create(napi_env env);
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

  /// Connects the JavaScript side. `settle(count)` is called with `count` (slot, result) pairs in `batch`;
  /// `dispatch(handle, io, kind, buffer, offset, count, dataOnly)` with a request for a storage written in
  /// JavaScript.
  /// False for anything else, and the second time.
  bool attach(napi_value settle, napi_value dispatch, napi_value batch);
  bool is_attached() const { return settle_ != nullptr; }

  /// Runs `call(done, arg)`, a conveyor_*_async call on handle `id`. When it stays pending, the operation takes
  /// `block` over and leaves it empty. Returns what JavaScript gets.
  template <typename Call>
  double start(HandleId id, Block& block, bool closes, Call&& call);
  template <typename Call>
  double start(HandleId id, Call&& call) {
    Block none;
    return start(id, none, false, call);
  }

  /// A close has ended: the handle is forgotten, unless the close was given up and it stays open.
  void close_finished(HandleId id, ssize_t result);

  /// Hands mail to JavaScript: dispatches what is asked and, if `settles`, settles what is finished.
  void deliver(bool settles);
  /// Keeps the process alive while operations or requests are pending, and no longer.
  void update_liveness();
  /// JavaScript has answered one of the requests it was given.
  void request_answered() {
    --requests_in_flight_;
    update_liveness();
  }

  HandleTable handles;
  BouncePool bounce;
  const std::shared_ptr<Mailbox> mailbox;
  OperationTable operations;

 private:
  explicit Environment(napi_env env);
  ~Environment();

  static void on_wake(napi_env env, napi_value, void* self, void*);
  static void on_tear_down(void* self);
  static void on_finalize(napi_env env, void* self, void*);

  void keep(Operation* operation, Block& block, bool closes);
  void settle(Operation* finished);
  void settle_batch(Operation* const* batch, uint32_t count);
  void dispatch(const BackendRequest& request);
  std::vector<HandleId> handles_with_known_errors();
  void close_handles(const std::vector<HandleId>& told);
  static void report_lost(HandleId id, ssize_t result, const std::vector<HandleId>& told);
  void tear_down();

  static constexpr uint32_t kBatchMax = 256;
  static constexpr int kRoundsMax = 64;
  static constexpr std::chrono::seconds kTearDownMax{30};

  const napi_env env_;
  napi_threadsafe_function waker_ = nullptr;
  napi_ref settle_ = nullptr;
  napi_ref dispatch_ = nullptr;
  napi_ref batch_ref_ = nullptr;
  double* batch_ = nullptr;
  size_t requests_in_flight_ = 0;  // handed to JavaScript, unanswered
  bool delivering_ = false;
  bool alive_ = false;      // the waker keeps the process alive
  bool torn_down_ = false;  // the waker is not to be touched any more
  bool leaked_ = false;     // tear_down ran out of time: other threads may still use this
};

/// Brackets a call from JavaScript. Requests that come up during the call are dispatched before it returns, on this
/// very stack, so that a storage in memory answers within one turn of the event loop.
///
/// Operations are settled there only by calls that start none: JavaScript learns the slot of an operation from the
/// value the call returns, so the operation cannot be settled before.
class CallScope {
 public:
  enum class Kind : bool { kStarts, kSettles };

  explicit CallScope(Environment& environment, Kind kind = Kind::kStarts)
      : environment_(environment), settles_(kind == Kind::kSettles) {
    environment.mailbox->enter(settles_);
  }
  CallScope(const CallScope&) = delete;
  CallScope& operator=(const CallScope&) = delete;
  ~CallScope() {
    Mailbox& mailbox = *environment_.mailbox;
    mailbox.leave(settles_);
    if (mailbox.is_inside()) return;
    if (mailbox.has_requests_guess() || (settles_ && mailbox.has_operations_guess())) environment_.deliver(settles_);
  }

 private:
  Environment& environment_;
  const bool settles_;
};

template <typename Call>
double Environment::start(HandleId id, Block& block, bool closes, Call&& call) {
  Operation* operation = operations.spare();
  operation->phase.store(Operation::Phase::kStarting, std::memory_order_relaxed);
  operation->handle = id;
  const ssize_t result = call(&Operation::finish, static_cast<void*>(operation));
  if (result >= 0) return static_cast<double>(result);
  if (result != CONVEYOR_PENDING) return -static_cast<double>(errno);

  auto starting = Operation::Phase::kStarting;
  // Pairs with the exchange of Operation::finish, which stored `result` before.
  if (!operation->phase.compare_exchange_strong(starting, Operation::Phase::kWaiting, std::memory_order_acq_rel)) {
    return static_cast<double>(operation->result);
  }
  keep(operation, block, closes);
  return kPendingBase - operation->slot;
}

}  // namespace conveyor_node

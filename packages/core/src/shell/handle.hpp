// The shell around one engine: its lock is the cell's, its threads are the callers, the workers and the timer.
//
// Every event runs under the cell's lock and ends in leave(), which takes the engine's actions, unlocks, and carries
// them out: so no lock is ever held across a backend call or a callback. A handle lives until the last of its cell, and
// of those who still carry out actions, has released it.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>

#include "backend/backend.hpp"
#include "engine/engine.hpp"
#include "shell/futex.hpp"
#include "shell/handle_table.hpp"

namespace conveyor {

class Runtime;

/// An operation of a caller: one that blocks has no callback and waits for `event`.
struct Call {
  Request request;
  void (*done)(void* argument, ssize_t result) = nullptr;
  void* argument = nullptr;
  iovec one{};                       // memory of operations with one buffer
  std::unique_ptr<iovec[]> own_iov;  // of asynchronous ones with several
  Event event;
  BackendOp* to_run = nullptr;  // what its own thread runs next instead of waiting
  Time deadline = kNever;       // of an asynchronous one
  Call* prev = nullptr;         // among the handle's asynchronous calls
  Call* next = nullptr;

  /// It waits for nothing, and has nothing to run. Requires: the cell's lock.
  bool is_over() const { return request.stage == Stage::kDone && !request.lands; }
};

struct HandleTimeouts {
  uint32_t read_ms = 0;  // 0: none
  uint32_t write_ms = 0;
  uint32_t flush_ms = 0;
};

class Handle {
 public:
  /// Opens; on success the token names it. Returns 0 or -errno.
  static int open(std::unique_ptr<Backend> backend, EngineConfig config, const HandleTimeouts& timeouts,
                  uint64_t* token);

  /// A locked handle, for the length of one event.
  class Access {
   public:
    explicit Access(uint64_t token);
    Access(Access&&) = default;
    Access& operator=(Access&&) = default;
    explicit operator bool() const { return handle_ != nullptr; }
    Handle* operator->() const { return handle_; }
    std::unique_lock<SlimMutex>& lock() { return lock_; }

   private:
    std::unique_lock<SlimMutex> lock_;
    Handle* handle_ = nullptr;
  };

  Engine& engine() { return engine_; }
  /// Runs the operation to its end on this thread. Returns its result. Unlocks.
  ssize_t run(Access& access, const Request& request);
  /// Reads past the engine if that is allowed and as good [Engine::pass]. kWhole: done, and unlocked. kShort: unlocked;
  /// whoever wants to know how much there is has to access the handle anew. kRefused: nothing done, still locked.
  enum class Passed { kRefused, kWhole, kShort };
  Passed pass(Access& access, void* target, size_t count, uint64_t offset);
  /// The same for a thread that must not wait for a device.
  Passed glance(Access& access, void* target, size_t count, uint64_t offset);
  /// Starts it. True: complete, the call is the caller's again. False: `done` will be called, and frees the call.
  /// Unlocks. Never waits for a device, but reads what the backend has at hand.
  bool start_async(Access& access, Call* call);
  /// Cancels asynchronous calls with this argument. Returns how many. Unlocks.
  int cancel(Access& access, const void* argument);
  /// Ends an event that was made on engine() directly. Unlocks.
  void leave(Access& access) { leave(access.lock(), nullptr); }

  /// Called by workers and the timer.
  static void run_op(BackendOp* op);
  static void tick(uint64_t token);
  static void trim(uint64_t token);
  /// Reports an operation of an asynchronous backend. False: no such operation. Unlocks.
  bool complete_async(Access& access, uint64_t id, ssize_t result);

  uint64_t token() const { return token_; }

 private:
  Handle(std::unique_ptr<Backend> backend, const EngineConfig& config, const HandleTimeouts& timeouts,
         Runtime& runtime);
  ~Handle();
  void retain() { references_.fetch_add(1, std::memory_order_relaxed); }
  void release();

  void leave(std::unique_lock<SlimMutex>& lock, Call* own);
  bool concerns_only(Call* own);
  void carry_out(Actions& actions, Call* own);
  void perform(Actions& actions, Call* own);
  bool takes_itself(const BackendOp* op, const Actions& actions, const Call* own) const;
  void run_inline(Call& own);
  Passed passed(Access& access, Range range, ssize_t result, Time taken);
  bool may_glance() const;
  void start_pending(Call* call);
  void finish_op(BackendOp* op, ssize_t result, Time taken, Call* own);
  bool backend_is_fast();
  bool help(Call& call);
  void book(const Request& request, Time taken);
  void wait(Call& call);
  uint32_t timeout_of(RequestKind kind) const;
  void expire(Time now);
  void signal(Request* request);

  Runtime& runtime_;
  const std::unique_ptr<Backend> backend_;
  const HandleTimeouts timeouts_;
  std::atomic<uint32_t> references_{1};
  Cell* cell_ = nullptr;
  uint64_t token_ = 0;
  // Guarded by the cell's lock.
  Engine engine_;
  Time armed_ = kNever;  // the timer will tick by then
  IntrusiveList<Call> async_calls_;
  Time deadline_ = kNever;    // the first of theirs
  uint32_t glances_off_ = 0;  // so many reads are not tried that way, because the last one was refused
};

}  // namespace conveyor

#pragma once
/// A blocking backend over bytes in memory whose every answer a test decides: calls can be held at gates, fail, come up
/// short or lie, and all of them are recorded. Nothing here sleeps: every wait is for a condition, with a deadline.
///
/// Life of a call: it *enters* (is recorded and counted as running), waits at the `before` gate of its kind, is decided
/// (faults, limits, then its effect on the bytes), waits at the `after` gate, and *finishes*. A call held `before` has
/// done nothing yet; one held `after` has done its work and the engine does not know it.
///
/// Threads: every member may be called from any thread.

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstring>
#include <functional>
#include <limits>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <conveyor/conveyor.h>
#include <conveyor/testkit/check.hpp>

namespace conveyor::test {

/// How long a test waits for something that must happen.
inline constexpr std::chrono::seconds kPatience{testkit::kSanitized ? 120 : 20};

/// Stamps events of one process in their order; larger is later.
inline std::uint64_t stamp() {
  static std::atomic<std::uint64_t> next{1};
  return next.fetch_add(1);
}

enum class Kind : std::size_t { kRead, kWrite, kAppend, kSize, kTruncate, kSync, kClose };
inline constexpr std::size_t kKinds = 7;

enum class Side : std::size_t { kBefore, kAfter };

/// One recorded call of the backend.
struct Call {
  Kind kind;
  off_t offset;       ///< of truncate: the new size
  std::size_t count;  ///< 0 for size, truncate, sync, close
  ssize_t result = 0;
  std::thread::id thread;
  std::uint64_t entered = 0;
  std::uint64_t finished = 0;  ///< 0 while it runs
  std::string bytes;           ///< what a write or an append was given, as seen when it was decided
  int data_only = 0;

  off_t end() const { return offset + static_cast<off_t>(count); }
  bool touches(off_t begin, off_t stop) const { return offset < stop && begin < end(); }
};

/// What happens to calls instead of (or after a part of) their work.
struct Fault {
  Kind kind;
  std::function<ssize_t(const Call &)> answer;
  off_t begin = 0;  ///< calls that touch [begin, end); kinds without a range always match
  off_t end = std::numeric_limits<off_t>::max();
  std::uint64_t skip = 0;  ///< matching calls that pass first
  std::uint64_t times = std::numeric_limits<std::uint64_t>::max();
  std::size_t torn = 0;  ///< bytes of the write that land all the same
};

/// Parts a backend may lack.
enum Lacks : unsigned {
  kLacksNothing = 0,
  kLacksAppend = 1,
  kLacksTruncate = 2,
  kLacksSync = 4,
  kLacksClose = 8,
  kLacksSize = 16
};

class ScriptedBackend {
 public:
  explicit ScriptedBackend(std::string bytes = {}) : bytes_(std::move(bytes)), durable_(bytes_) {
    const std::scoped_lock lock(registry_mutex());
    registry().insert(this);
  }
  ~ScriptedBackend() {
    const std::scoped_lock lock(registry_mutex());
    registry().erase(this);
  }
  ScriptedBackend(const ScriptedBackend &) = delete;
  ScriptedBackend &operator=(const ScriptedBackend &) = delete;

  /// The callbacks for conveyor_create; the object must outlive the handle.
  conveyor_backend_t table(unsigned lacks = kLacksNothing) {
    conveyor_backend_t table{};
    table.struct_size = sizeof table;
    table.ctx = this;
    table.pread = [](void *ctx, void *buf, std::size_t count, off_t offset) {
      return self(ctx).read(buf, count, offset);
    };
    table.pwrite = [](void *ctx, const void *buf, std::size_t count, off_t offset) {
      return self(ctx).write(Kind::kWrite, buf, count, offset);
    };
    if ((lacks & kLacksSize) == 0) {
      table.size = [](void *ctx) { return static_cast<off_t>(self(ctx).plain(Kind::kSize, 0, 0)); };
    }
    if ((lacks & kLacksAppend) == 0) {
      table.append = [](void *ctx, const void *buf, std::size_t count) {
        return self(ctx).write(Kind::kAppend, buf, count, 0);
      };
    }
    if ((lacks & kLacksTruncate) == 0) {
      table.truncate = [](void *ctx, off_t size) {
        return static_cast<int>(self(ctx).plain(Kind::kTruncate, size, 0));
      };
    }
    if ((lacks & kLacksSync) == 0) {
      table.sync = [](void *ctx, int data_only) {
        return static_cast<int>(self(ctx).plain(Kind::kSync, 0, data_only));
      };
    }
    if ((lacks & kLacksClose) == 0) {
      table.close = [](void *ctx) { return static_cast<int>(self(ctx).plain(Kind::kClose, 0, 0)); };
    }
    if (!retryable_.empty()) {
      table.retryable = [](void *ctx, int error) { return self(ctx).retryable_.contains(error) ? 1 : 0; };
    }
    return table;
  }

  /// Errors that `retryable` declares transient. Call before table().
  void declare_retryable(std::set<int> errors) { retryable_ = std::move(errors); }

  // Gates.

  /// From now on calls of this kind wait at the gate; reads and writes only when they touch [begin, end).
  void hold(Kind kind, Side side = Side::kBefore, off_t begin = 0, off_t end = std::numeric_limits<off_t>::max()) {
    const std::scoped_lock lock(mutex_);
    gate(kind, side) = {true, begin, end};
  }

  /// Opens the gate: the calls that wait there go on, and later ones do not stop.
  void open(Kind kind, Side side = Side::kBefore) {
    const std::scoped_lock lock(mutex_);
    gate(kind, side).closed = false;
    changed_.notify_all();
  }

  /// Lets one waiting call of this kind pass: the `pick`-th of those that wait, in the order they came. False if none.
  bool release_one(Kind kind, std::size_t pick = 0, Side side = Side::kBefore) {
    const std::scoped_lock lock(mutex_);
    for (const Held &held : held_) {
      if (calls_[held.index].kind != kind || held.side != side || passes_.contains(held.index)) continue;
      if (pick-- > 0) continue;
      passes_.insert(held.index);
      changed_.notify_all();
      return true;
    }
    return false;
  }

  /// Waits until a call waits at any gate and lets one pass, chosen by `choose(how many wait)`. False once
  /// stop_releasing was called, or after kPatience without a call.
  bool release_any(const std::function<std::size_t(std::size_t)> &choose) {
    std::unique_lock lock(mutex_);
    std::vector<std::size_t> waiting;
    const bool found = changed_.wait_for(lock, kPatience, [&] {
      waiting.clear();
      for (const Held &held : held_) {
        if (!passes_.contains(held.index)) waiting.push_back(held.index);
      }
      return !waiting.empty() || releasing_stopped_;
    });
    if (!found || releasing_stopped_) return false;
    passes_.insert(waiting[choose(waiting.size())]);
    changed_.notify_all();
    return true;
  }
  void stop_releasing() {
    const std::scoped_lock lock(mutex_);
    releasing_stopped_ = true;
    changed_.notify_all();
  }

  void open_gates() {
    const std::scoped_lock lock(mutex_);
    for (auto &sides : gates_) {
      for (Gate &gate : sides) gate.closed = false;
    }
    changed_.notify_all();
  }

  /// Opens the gates of all backends that exist: what a failing test does before it joins its threads.
  static void open_every_gate() {
    const std::scoped_lock lock(registry_mutex());
    for (ScriptedBackend *backend : registry()) backend->open_gates();
  }

  std::size_t held(Kind kind, Side side = Side::kBefore) const {
    const std::scoped_lock lock(mutex_);
    return held_locked(kind, side);
  }

  /// Waits until at least `count` calls wait at the gate.
  bool wait_held(Kind kind, std::size_t count, Side side = Side::kBefore) {
    return wait([&] { return held_locked(kind, side) >= count; });
  }

  // Faults.

  void add_fault(Fault fault) {
    const std::scoped_lock lock(mutex_);
    faults_.push_back(std::move(fault));
  }
  /// Calls of this kind fail with `error`, `times` times, after `skip` good ones.
  void fail(Kind kind, int error, std::uint64_t times = std::numeric_limits<std::uint64_t>::max(),
            std::uint64_t skip = 0) {
    add_fault({.kind = kind, .answer = [error](const Call &) { return -error; }, .skip = skip, .times = times});
  }
  /// Calls that touch [begin, end) fail with `error`.
  void fail_range(Kind kind, int error, off_t begin, off_t end) {
    add_fault({.kind = kind, .answer = [error](const Call &) { return -error; }, .begin = begin, .end = end});
  }
  /// The next call of this kind returns `answer` and does nothing.
  void lie_once(Kind kind, std::function<ssize_t(const Call &)> answer) {
    add_fault({.kind = kind, .answer = std::move(answer), .times = 1});
  }
  void clear_faults() {
    const std::scoped_lock lock(mutex_);
    faults_.clear();
    lose_on_failed_sync_ = false;
  }
  /// Reads or writes move at most limit(count) bytes at once; at least 1.
  void limit(Kind kind, std::function<std::size_t(std::size_t)> limit) {
    const std::scoped_lock lock(mutex_);
    limits_[index(kind)] = std::move(limit);
  }
  /// A failing sync loses everything that was not synced before, as a kernel does with dirty pages.
  void lose_on_failed_sync() {
    const std::scoped_lock lock(mutex_);
    lose_on_failed_sync_ = true;
  }

  // The bytes, as another program would see and change them.

  std::string bytes() const {
    const std::scoped_lock lock(mutex_);
    return bytes_;
  }
  std::string durable() const {
    const std::scoped_lock lock(mutex_);
    return durable_;
  }
  void poke(off_t offset, std::string_view data) {
    const std::scoped_lock lock(mutex_);
    put(data.data(), data.size(), static_cast<std::size_t>(offset));
  }
  void append_outside(std::string_view data) {
    const std::scoped_lock lock(mutex_);
    bytes_.append(data);
  }
  void resize_outside(std::size_t size) {
    const std::scoped_lock lock(mutex_);
    bytes_.resize(size);
  }

  // The record.

  std::vector<Call> calls() const {
    const std::scoped_lock lock(mutex_);
    return calls_;
  }
  std::vector<Call> calls(Kind kind) const {
    const std::scoped_lock lock(mutex_);
    std::vector<Call> found;
    for (const Call &call : calls_) {
      if (call.kind == kind) found.push_back(call);
    }
    return found;
  }
  std::size_t entered(Kind kind) const {
    const std::scoped_lock lock(mutex_);
    return entered_[index(kind)];
  }
  std::size_t finished(Kind kind) const {
    const std::scoped_lock lock(mutex_);
    return finished_[index(kind)];
  }
  std::size_t running(Kind kind) const {
    const std::scoped_lock lock(mutex_);
    return entered_[index(kind)] - finished_[index(kind)];
  }
  std::size_t running_max(Kind kind) const {
    const std::scoped_lock lock(mutex_);
    return running_max_[index(kind)];
  }
  /// Pairs of writes that ran at the same time and touched the same byte: their outcome would be luck.
  std::size_t overlaps_in_flight() const {
    const std::scoped_lock lock(mutex_);
    return overlaps_in_flight_;
  }
  std::uint64_t bytes_asked(Kind kind) const {
    const std::scoped_lock lock(mutex_);
    std::uint64_t sum = 0;
    for (const Call &call : calls_) sum += call.kind == kind ? call.count : 0;
    return sum;
  }
  /// How often the most wanted byte of [begin, end) was asked for by reads.
  std::size_t fetches_max(off_t begin, off_t end) const {
    const std::scoped_lock lock(mutex_);
    std::vector<std::size_t> fetches(static_cast<std::size_t>(end - begin), 0);
    for (const Call &call : calls_) {
      if (call.kind != Kind::kRead) continue;
      const off_t stop = std::min(end, call.end());
      for (off_t at = std::max(begin, call.offset); at < stop; ++at) ++fetches[static_cast<std::size_t>(at - begin)];
    }
    return fetches.empty() ? 0 : *std::max_element(fetches.begin(), fetches.end());
  }
  void forget_calls() {
    const std::scoped_lock lock(mutex_);
    if (running_.empty()) calls_.clear();
  }
  bool wait_entered(Kind kind, std::size_t count) {
    return wait([&] { return entered_[index(kind)] >= count; });
  }
  bool wait_finished(Kind kind, std::size_t count) {
    return wait([&] { return finished_[index(kind)] >= count; });
  }
  /// Waits until no call runs.
  bool wait_idle() {
    return wait([&] { return running_.empty(); });
  }
  /// Waits until the bytes are as `holds` wants them.
  bool wait_bytes(const std::function<bool(const std::string &)> &holds) {
    return wait([&] { return holds(bytes_); });
  }

 private:
  struct Gate {
    bool closed = false;
    off_t begin = 0;
    off_t end = std::numeric_limits<off_t>::max();
  };
  struct Held {
    std::size_t index;
    Side side;
  };

  static ScriptedBackend &self(void *ctx) { return *static_cast<ScriptedBackend *>(ctx); }
  static std::set<ScriptedBackend *> &registry() {
    static std::set<ScriptedBackend *> backends;
    return backends;
  }
  static std::mutex &registry_mutex() {
    static std::mutex mutex;
    return mutex;
  }
  static std::size_t index(Kind kind) { return static_cast<std::size_t>(kind); }
  static bool has_range(Kind kind) { return kind == Kind::kRead || kind == Kind::kWrite; }
  Gate &gate(Kind kind, Side side) { return gates_[index(kind)][static_cast<std::size_t>(side)]; }

  template <typename Condition>
  bool wait(Condition condition) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kPatience, condition);
  }
  std::size_t held_locked(Kind kind, Side side) const {
    return static_cast<std::size_t>(std::count_if(held_.begin(), held_.end(), [&](const Held &held) {
      return held.side == side && calls_[held.index].kind == kind && !passes_.contains(held.index);
    }));
  }

  std::size_t enter(Kind kind, off_t offset, std::size_t count, int data_only) {
    if (kind == Kind::kWrite) {
      for (const std::size_t other : running_) {
        const Call &call = calls_[other];
        if (call.kind == kind && call.touches(offset, offset + static_cast<off_t>(count))) ++overlaps_in_flight_;
      }
    }
    calls_.push_back({.kind = kind,
                      .offset = offset,
                      .count = count,
                      .thread = std::this_thread::get_id(),
                      .entered = stamp(),
                      .bytes = {},
                      .data_only = data_only});
    running_.push_back(calls_.size() - 1);
    ++entered_[index(kind)];
    running_max_[index(kind)] = std::max(running_max_[index(kind)], entered_[index(kind)] - finished_[index(kind)]);
    changed_.notify_all();
    return calls_.size() - 1;
  }

  void wait_at(std::unique_lock<std::mutex> &lock, std::size_t call, Side side) {
    const Kind kind = calls_[call].kind;
    const auto stops = [&] {
      const Gate &closed = gate(kind, side);
      return closed.closed && (!has_range(kind) || calls_[call].touches(closed.begin, closed.end));
    };
    if (!stops()) return;
    held_.push_back({call, side});
    changed_.notify_all();
    changed_.wait(lock, [&] { return !stops() || passes_.contains(call); });
    passes_.erase(call);
    std::erase_if(held_, [&](const Held &held) { return held.index == call; });
    changed_.notify_all();
  }

  ssize_t leave(std::size_t call, ssize_t result) {
    calls_[call].result = result;
    std::erase(running_, call);
    calls_[call].finished = stamp();
    ++finished_[index(calls_[call].kind)];
    changed_.notify_all();
    return result;
  }

  /// The fault that this call meets, or none.
  const Fault *fault_for(const Call &call) {
    for (Fault &fault : faults_) {
      if (fault.kind != call.kind || fault.times == 0) continue;
      if (has_range(call.kind) && !call.touches(fault.begin, fault.end)) continue;
      if (fault.skip > 0) {
        --fault.skip;
        continue;
      }
      --fault.times;
      return &fault;
    }
    return nullptr;
  }

  std::size_t limited(Kind kind, std::size_t count) const {
    const auto &limit = limits_[index(kind)];
    return limit && count > 0 ? std::clamp<std::size_t>(limit(count), 1, count) : count;
  }

  void put(const char *data, std::size_t count, std::size_t offset) {
    if (count == 0) return;
    if (bytes_.size() < offset + count) bytes_.resize(offset + count, '\0');
    std::memcpy(bytes_.data() + offset, data, count);
  }

  ssize_t read(void *buf, std::size_t count, off_t offset) {
    std::unique_lock lock(mutex_);
    const std::size_t call = enter(Kind::kRead, offset, count, 0);
    wait_at(lock, call, Side::kBefore);
    ssize_t result;
    if (const Fault *fault = fault_for(calls_[call])) {
      result = fault->answer(calls_[call]);
    } else {
      const auto from = static_cast<std::size_t>(offset);
      const std::size_t there = from < bytes_.size() ? std::min(count, bytes_.size() - from) : 0;
      const std::size_t moved = limited(Kind::kRead, there);
      if (moved > 0) std::memcpy(buf, bytes_.data() + from, moved);
      result = static_cast<ssize_t>(moved);
    }
    wait_at(lock, call, Side::kAfter);
    return leave(call, result);
  }

  ssize_t write(Kind kind, const void *buf, std::size_t count, off_t offset) {
    std::unique_lock lock(mutex_);
    const std::size_t call = enter(kind, offset, count, 0);
    wait_at(lock, call, Side::kBefore);
    const auto *data = static_cast<const char *>(buf);
    calls_[call].bytes.assign(data, count);
    const std::size_t at = kind == Kind::kAppend ? bytes_.size() : static_cast<std::size_t>(offset);
    ssize_t result;
    if (const Fault *fault = fault_for(calls_[call])) {
      put(data, std::min(fault->torn, count), at);
      result = fault->answer(calls_[call]);
    } else {
      const std::size_t moved = limited(kind, count);
      put(data, moved, at);
      result = static_cast<ssize_t>(moved);
    }
    wait_at(lock, call, Side::kAfter);
    return leave(call, result);
  }

  /// size, truncate, sync, close.
  ssize_t plain(Kind kind, off_t offset, int data_only) {
    std::unique_lock lock(mutex_);
    const std::size_t call = enter(kind, offset, 0, data_only);
    wait_at(lock, call, Side::kBefore);
    ssize_t result = 0;
    if (const Fault *fault = fault_for(calls_[call])) {
      result = fault->answer(calls_[call]);
      if (kind == Kind::kSync && lose_on_failed_sync_) bytes_ = durable_;
    } else if (kind == Kind::kSize) {
      result = static_cast<ssize_t>(bytes_.size());
    } else if (kind == Kind::kTruncate) {
      bytes_.resize(static_cast<std::size_t>(offset), '\0');
    } else if (kind == Kind::kSync) {
      durable_ = bytes_;
    }
    wait_at(lock, call, Side::kAfter);
    return leave(call, result);
  }

  std::set<int> retryable_;  // constant once a handle exists

  // Guarded by mutex_.
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::string bytes_;
  std::string durable_;
  std::vector<Call> calls_;
  std::vector<std::size_t> running_;  // indices of calls_
  std::array<std::size_t, kKinds> entered_{};
  std::array<std::size_t, kKinds> finished_{};
  std::array<std::size_t, kKinds> running_max_{};
  std::array<std::array<Gate, 2>, kKinds> gates_{};
  std::array<std::function<std::size_t(std::size_t)>, kKinds> limits_{};
  std::vector<Held> held_;
  std::set<std::size_t> passes_;
  std::vector<Fault> faults_;
  std::size_t overlaps_in_flight_ = 0;
  bool lose_on_failed_sync_ = false;
  bool releasing_stopped_ = false;
};

}  // namespace conveyor::test

#pragma once
/// What the tests of the C API share: handles that clean up after a failed test, recognisable bytes, threads whose
/// waiting can be seen.

#include <atomic>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include <sched.h>
#include <unistd.h>

#include <conveyor/conveyor.h>

#include "scripted_backend.hpp"

/// The errno that an expression of the C API fails with; 0 when it does not return -1.
#define ERRNO_OF(...) (::conveyor::test::errno_of([&] { return (__VA_ARGS__); }))

namespace conveyor::test {

/// Longer than any test runs: nothing lands because of its age.
inline constexpr std::uint32_t kNeverMs = 24U * 3600U * 1000U;

template <typename Operation>
int errno_of(Operation operation) {
  errno = 0;
  return operation() == -1 ? errno : 0;
}

inline conveyor_options_t default_options() {
  conveyor_options_t options;
  conveyor_options_init(&options);
  return options;
}

/// Options under which accepted bytes stay queued until something asks for them or the ring is full.
inline conveyor_options_t patient_options() {
  conveyor_options_t options = default_options();
  options.max_dirty_ms = kNeverMs;
  return options;
}

/// A write ring of exactly `capacity` bytes, patient.
inline conveyor_options_t ring_options(std::size_t capacity) {
  conveyor_options_t options = patient_options();
  options.write_capacity_initial = capacity;
  options.write_capacity_max = capacity;
  return options;
}

/// Bytes that tell where they belong: no two offsets near each other, no two salts, look alike; never zero.
inline std::string pattern(std::size_t count, std::uint64_t salt = 0, std::uint64_t offset = 0) {
  std::string bytes(count, '\0');
  for (std::size_t i = 0; i < count; ++i) {
    std::uint64_t x = (offset + i) * 0x9e3779b97f4a7c15U + salt * 0xbf58476d1ce4e5b9U;
    x ^= x >> 31;
    x *= 0x94d049bb133111ebU;
    bytes[i] = static_cast<char>(1 + (x >> 40) % 255);
  }
  return bytes;
}

/// A handle over a scripted backend. Its end does not hang on what the test left behind: gates open, faults go.
class Handle {
 public:
  explicit Handle(ScriptedBackend &backend, int flags = O_RDWR, const conveyor_options_t &options = patient_options(),
                  unsigned lacks = kLacksNothing)
      : backend_(&backend) {
    const conveyor_backend_t table = backend.table(lacks);
    conveyor_t *handle = nullptr;
    REQUIRE_EQ(ERRNO_OF(conveyor_create(&handle, &table, flags, &options)), 0);
    REQUIRE(handle != nullptr);
    handle_ = handle;
  }
  ~Handle() {
    conveyor_t *handle = release();
    if (handle == nullptr) return;
    backend_->open_gates();
    backend_->clear_faults();
    conveyor_clear_error(handle);
    conveyor_destroy(handle);
  }
  Handle(const Handle &) = delete;
  Handle &operator=(const Handle &) = delete;

  operator conveyor_t *() const { return handle_; }

  /// Closes; the object then holds nothing. Returns the errno, 0 when it succeeded.
  int close() {
    return errno_of([&] { return conveyor_close(release()); });
  }
  /// Takes the handle out of the object's care.
  conveyor_t *release() { return handle_.exchange(nullptr); }

 private:
  ScriptedBackend *backend_;
  std::atomic<conveyor_t *> handle_{nullptr};
};

/// Reads; a failure is a failed check and shows as text that no file of a test contains.
inline std::string read_at(conveyor_t *handle, std::size_t count, off_t offset) {
  std::string bytes(count, '\xEE');
  const ssize_t got = conveyor_pread(handle, bytes.data(), count, offset);
  if (got < 0) return "read failed: errno " + std::to_string(errno);
  bytes.resize(static_cast<std::size_t>(got));
  return bytes;
}
inline std::string read_next(conveyor_t *handle, std::size_t count) {
  std::string bytes(count, '\xEE');
  const ssize_t got = conveyor_read(handle, bytes.data(), count);
  if (got < 0) return "read failed: errno " + std::to_string(errno);
  bytes.resize(static_cast<std::size_t>(got));
  return bytes;
}
inline bool write_at(conveyor_t *handle, std::string_view bytes, off_t offset) {
  return conveyor_pwrite(handle, bytes.data(), bytes.size(), offset) == static_cast<ssize_t>(bytes.size());
}
inline bool write_next(conveyor_t *handle, std::string_view bytes) {
  return conveyor_write(handle, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size());
}

inline conveyor_stats_t stats_of(conveyor_t *handle) {
  conveyor_stats_t stats{};
  stats.struct_size = sizeof stats;
  CHECK_EQ(conveyor_get_stats(handle, &stats), 0);
  return stats;
}
inline conveyor_error_t error_of(conveyor_t *handle) {
  conveyor_error_t error{};
  error.struct_size = sizeof error;
  CHECK_EQ(conveyor_error_info(handle, &error), 0);
  return error;
}

/// Polls for something that only the engine knows. For conditions of the backend use its own waits.
inline bool eventually(const std::function<bool()> &holds) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (!holds()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    sched_yield();
  }
  return true;
}

/// Repeats an operation that has a deadline until it gets by with it, as a caller would [F9].
template <class Operation>
ssize_t repeated(Operation operation) {
  ssize_t result = -1;
  eventually([&] {
    errno = 0;
    result = operation();
    return result != -1 || errno != ETIMEDOUT;
  });
  return result;
}

/// Runs an operation on a thread of its own and tells whether it waits or has returned.
class Background {
 public:
  explicit Background(std::function<ssize_t()> operation)
      : thread_([this, operation = std::move(operation)] {
          set([&] { thread_id_ = gettid(); });
          errno = 0;
          const ssize_t result = operation();
          const int error = result == -1 ? errno : 0;
          set([&] {
            result_ = result;
            error_ = error;
            returned_at_ = stamp();
            returned_ = true;
          });
        }) {}
  ~Background() {
    if (!has_returned()) ScriptedBackend::open_every_gate();
    thread_.join();
  }
  Background(const Background &) = delete;
  Background &operator=(const Background &) = delete;

  /// Waits until the thread sleeps in the kernel or the operation has returned. True when it sleeps: it is blocked.
  bool is_blocked() {
    wait([&] { return thread_id_ != 0; });
    std::string before;
    int same = 0;
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    while (std::chrono::steady_clock::now() < deadline) {
      if (has_returned()) return false;
      const std::string now = sleeping_state();
      same = !now.empty() && now == before ? same + 1 : 0;
      if (same >= kSameStates) return !has_returned();
      before = now;
      sched_yield();
    }
    return false;
  }

  bool has_returned() const {
    const std::scoped_lock lock(mutex_);
    return returned_;
  }
  /// Waits until the operation has returned; false when it does not.
  bool returns() {
    return wait([&] { return returned_; });
  }
  /// The result, once it returns; -1000 when it does not.
  ssize_t result() { return returns() ? result_ : -1000; }
  /// The errno, 0 for a success; -1000 when it does not return.
  int error() { return returns() ? error_ : -1000; }
  std::uint64_t returned_at() { return returns() ? returned_at_ : 0; }

 private:
  static constexpr int kSameStates = 8;

  template <typename Change>
  void set(Change change) {
    const std::scoped_lock lock(mutex_);
    change();
    changed_.notify_all();
  }
  template <typename Condition>
  bool wait(Condition condition) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kPatience, condition);
  }
  /// The thread's count of context switches when it sleeps, else nothing.
  std::string sleeping_state() const {
    std::ifstream status("/proc/self/task/" + std::to_string(thread_id_) + "/status");
    std::string line;
    std::string state;
    while (std::getline(status, line)) {
      if (line.starts_with("State:") && line.find("S (") == std::string::npos) return {};
      if (line.find("ctxt_switches") != std::string::npos) state += line;
    }
    return state;
  }

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  pid_t thread_id_ = 0;
  bool returned_ = false;
  ssize_t result_ = 0;
  int error_ = 0;
  std::uint64_t returned_at_ = 0;
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace conveyor::test

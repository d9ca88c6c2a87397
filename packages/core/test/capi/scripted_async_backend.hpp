#pragma once
/// An asynchronous backend over bytes in memory: a test completes each operation by hand, in any order, from any
/// thread, with the true result or a lie; or lets it complete inside submit.
///
/// Threads: every member may be called from any thread.

#include <algorithm>
#include <condition_variable>
#include <cstring>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <conveyor/conveyor_async.h>

#include "completion.hpp"
#include "fixture.hpp"

namespace conveyor::test {

class ScriptedAsyncBackend {
 public:
  static constexpr std::uint32_t kCanAll = CONVEYOR_CAN_APPEND | CONVEYOR_CAN_TRUNCATE | CONVEYOR_CAN_SYNC;

  explicit ScriptedAsyncBackend(std::string bytes = {}) : bytes_(std::move(bytes)) {}
  ScriptedAsyncBackend(const ScriptedAsyncBackend &) = delete;
  ScriptedAsyncBackend &operator=(const ScriptedAsyncBackend &) = delete;

  conveyor_async_backend_t table(std::uint32_t capabilities = kCanAll) {
    conveyor_async_backend_t table{};
    table.struct_size = sizeof table;
    table.capabilities = capabilities;
    table.ctx = this;
    table.submit = [](void *ctx, const conveyor_io_t *io) { static_cast<ScriptedAsyncBackend *>(ctx)->submitted(*io); };
    return table;
  }

  /// The handle that completions go to.
  void attach(conveyor_t *handle) {
    const std::scoped_lock lock(mutex_);
    handle_ = handle;
  }
  /// From now on operations complete inside submit (true), or wait for the test (false, as at the start).
  void complete_inside_submit(bool inside) {
    const std::scoped_lock lock(mutex_);
    inside_ = inside;
  }
  /// Called at the start of each submit, with no lock of this object held.
  void on_submit(std::function<void(const conveyor_io_t &)> hook) {
    const std::scoped_lock lock(mutex_);
    hook_ = std::move(hook);
  }

  /// Waits until `count` operations of this kind wait for completion.
  bool wait_pending(conveyor_io_kind kind, std::size_t count = 1) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kPatience, [&] { return pending_locked(kind) >= count; });
  }
  std::size_t pending(conveyor_io_kind kind) const {
    const std::scoped_lock lock(mutex_);
    return pending_locked(kind);
  }
  std::vector<conveyor_io_t> submitted(conveyor_io_kind kind) const {
    const std::scoped_lock lock(mutex_);
    std::vector<conveyor_io_t> found;
    std::copy_if(all_.begin(), all_.end(), std::back_inserter(found), [&](const auto &io) { return io.kind == kind; });
    return found;
  }

  /// Does the work of the `pick`-th pending operation of this kind and completes it. False when there is none.
  bool complete(conveyor_io_kind kind, std::size_t pick = 0) {
    return finish(kind, pick, [this](const conveyor_io_t &io) { return work(io); });
  }
  /// Completes without any work.
  bool complete_with(conveyor_io_kind kind, ssize_t result, std::size_t pick = 0) {
    return finish(kind, pick, [result](const conveyor_io_t &) { return result; });
  }
  /// Completes everything that is pending, and what follows from it, until nothing is pending.
  void complete_all() {
    for (;;) {
      conveyor_io_t io{};
      {
        const std::scoped_lock lock(mutex_);
        if (pending_.empty()) return;
        io = pending_.front();
      }
      complete_io(io, [this](const conveyor_io_t &one) { return work(one); });
    }
  }
  /// What conveyor_complete said to the last completion: 0, or its errno.
  int last_complete_error() const {
    const std::scoped_lock lock(mutex_);
    return last_complete_error_;
  }

  std::string bytes() const {
    const std::scoped_lock lock(mutex_);
    return bytes_;
  }

 private:
  std::size_t pending_locked(conveyor_io_kind kind) const {
    return static_cast<std::size_t>(
        std::count_if(pending_.begin(), pending_.end(), [&](const auto &io) { return io.kind == kind; }));
  }

  void submitted(const conveyor_io_t &io) {
    bool inside;
    std::function<void(const conveyor_io_t &)> hook;
    {
      const std::scoped_lock lock(mutex_);
      all_.push_back(io);
      pending_.push_back(io);
      inside = inside_;
      hook = hook_;
      changed_.notify_all();
    }
    if (hook) hook(io);
    if (inside) complete_io(io, [this](const conveyor_io_t &one) { return work(one); });
  }

  template <typename Result>
  bool finish(conveyor_io_kind kind, std::size_t pick, Result result) {
    conveyor_io_t found{};
    {
      const std::scoped_lock lock(mutex_);
      for (const conveyor_io_t &io : pending_) {
        if (io.kind != kind || pick-- > 0) continue;
        found = io;
        break;
      }
    }
    return found.id != 0 && complete_io(found, result);
  }

  template <typename Result>
  bool complete_io(const conveyor_io_t &io, Result result) {
    conveyor_t *handle;
    {
      const std::scoped_lock lock(mutex_);
      if (std::erase_if(pending_, [&](const auto &one) { return one.id == io.id; }) == 0) return false;
      handle = handle_;
    }
    const int error = errno_of([&] { return conveyor_complete(handle, io.id, result(io)); });
    const std::scoped_lock lock(mutex_);
    last_complete_error_ = error;
    changed_.notify_all();
    return true;
  }

  ssize_t work(const conveyor_io_t &io) {
    const std::scoped_lock lock(mutex_);
    const bool appends = io.kind == CONVEYOR_IO_APPEND;
    const std::size_t offset = appends ? bytes_.size() : static_cast<std::size_t>(io.offset);
    switch (io.kind) {
      case CONVEYOR_IO_READ: {
        const std::size_t count = offset < bytes_.size() ? std::min(io.count, bytes_.size() - offset) : 0;
        if (count > 0) std::memcpy(io.buffer, bytes_.data() + offset, count);
        return static_cast<ssize_t>(count);
      }
      case CONVEYOR_IO_WRITE:
      case CONVEYOR_IO_APPEND:
        if (bytes_.size() < offset + io.count) bytes_.resize(offset + io.count, '\0');
        std::memcpy(bytes_.data() + offset, io.buffer, io.count);
        return static_cast<ssize_t>(io.count);
      case CONVEYOR_IO_SIZE:
        return static_cast<ssize_t>(bytes_.size());
      case CONVEYOR_IO_TRUNCATE:
        bytes_.resize(offset, '\0');
        return 0;
      default:
        return 0;
    }
  }

  // Guarded by mutex_.
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::string bytes_;
  conveyor_t *handle_ = nullptr;
  bool inside_ = false;
  std::function<void(const conveyor_io_t &)> hook_;
  std::vector<conveyor_io_t> all_;
  std::vector<conveyor_io_t> pending_;
  int last_complete_error_ = 0;
};

/// A handle over an asynchronous backend. Its end completes what the test left pending, then closes.
class AsyncHandle {
 public:
  explicit AsyncHandle(ScriptedAsyncBackend &backend, int flags = O_RDWR,
                       const conveyor_options_t &options = patient_options(),
                       std::uint32_t capabilities = ScriptedAsyncBackend::kCanAll)
      : backend_(&backend) {
    const conveyor_async_backend_t table = backend.table(capabilities);
    REQUIRE_EQ(ERRNO_OF(conveyor_create_async(&handle_, &table, flags, &options)), 0);
    REQUIRE(handle_ != nullptr);
    backend.attach(handle_);
  }
  ~AsyncHandle() {
    if (handle_ == nullptr) return;
    backend_->on_submit(nullptr);
    backend_->complete_inside_submit(true);
    backend_->complete_all();
    conveyor_clear_error(handle_);
    conveyor_destroy(handle_);
  }
  AsyncHandle(const AsyncHandle &) = delete;
  AsyncHandle &operator=(const AsyncHandle &) = delete;

  operator conveyor_t *() const { return handle_; }
  conveyor_t *release() { return std::exchange(handle_, nullptr); }

 private:
  ScriptedAsyncBackend *backend_;
  conveyor_t *handle_ = nullptr;
};

}  // namespace conveyor::test

// A file of a storage that is written in JavaScript, behind the engine.
#pragma once

#include <conveyor/conveyor_async.h>
#include <node_api.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "../messenger.hpp"

namespace conveyor::mount {

/// What the engine needs of the storage, on the JavaScript thread.
using Dispatch = std::function<void(napi_env env, uint32_t engine, const conveyor_io_t& io)>;

/// One handle of the engine, whose backend is a StorageFile. Shared by all that have the file open.
///
/// Life: `close` asks the engine for its close, and is called once; the handle ends when the last operation has let go.
/// Threads: operations and `submit` from any; `answer` and `find` from the JavaScript thread.
class Engine {
 public:
  Engine(uint32_t number, std::shared_ptr<Messenger> messenger, std::shared_ptr<const Dispatch> dispatch)
      : number_(number), messenger_(std::move(messenger)), dispatch_(std::move(dispatch)) {}
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  /// 0, or an errno.
  int open(int flags, uint32_t capabilities, const conveyor_options_t& options);

  /// The same over a descriptor, which is taken over.
  int open_descriptor(int descriptor, const conveyor_options_t& options);

  conveyor_t* handle() const { return handle_; }
  uint32_t number() const { return number_; }

  /// When something was written through it last, milliseconds since 1970; 0: never.
  std::atomic<int64_t> written_ms{0};

  /// Operations of the kernel that use it, and what to do when there are none any more. Guarded by the file system.
  size_t transfers = 0;
  std::function<void()> when_idle;

  /// The request with this number, while JavaScript has it.
  const conveyor_io_t* find(uint64_t io) const;
  /// JavaScript's answer: a count or -errno.
  void answer(uint64_t io, ssize_t result, bool is_retryable);

 private:
  static void submit(void* self, const conveyor_io_t* io);
  static int retryable(void* self, int error);
  void refuse(const conveyor_io_t& io);

  static constexpr int kErrnoEnd = 256;

  const uint32_t number_;
  const std::shared_ptr<Messenger> messenger_;
  const std::shared_ptr<const Dispatch> dispatch_;
  conveyor_t* handle_ = nullptr;
  std::unordered_map<uint64_t, conveyor_io_t> in_flight_;  // JavaScript thread only
  std::atomic<bool> retryable_[kErrnoEnd] = {};            // stored before the conveyor_complete that reads it
};

}  // namespace conveyor::mount

// A storage file that is written in JavaScript, as a backend of the engine.
#pragma once

#include <conveyor/conveyor_async.h>
#include <node_api.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <unordered_map>

#include "handle_table.hpp"

namespace conveyor_node {

class Mailbox;
class JavaScriptBackend;

/// One operation that the engine wants done by JavaScript.
struct BackendRequest {
  HandleId handle = 0;
  conveyor_io_t io{};
};

/// The `ctx` of an asynchronous backend whose operations are done by JavaScript.
///
/// Bytes are copied between engine and JavaScript on the JavaScript thread, when a request is handed over (writes)
/// and when it is answered (reads). JavaScript never sees the engine's memory: a storage that gives up early, at a
/// time limit say, while something below it still fills or sends the buffer, harms nobody but itself.
///
/// Threads: `submit` and `retryable` from any; the rest from the JavaScript thread.
class JavaScriptBackend {
 public:
  explicit JavaScriptBackend(std::shared_ptr<Mailbox> mailbox) : mailbox_(std::move(mailbox)) {}
  JavaScriptBackend(const JavaScriptBackend&) = delete;
  JavaScriptBackend& operator=(const JavaScriptBackend&) = delete;

  /// Requires: called before anything is asked of the engine handle.
  void bind(HandleId id, conveyor_t* engine) {
    id_ = id;
    engine_ = engine;
  }

  /// What conveyor_create_async is given.
  conveyor_async_backend_t callbacks(uint32_t capabilities);

  /// JavaScript is about to get this request.
  void hand_over(const conveyor_io_t& io) { in_flight_.emplace(io.id, io); }
  /// The request with this number, while JavaScript has it.
  const conveyor_io_t* find(uint64_t io_id) const;

  /// Completes a request with a count >= 0 or -errno. `retryable` says whether this errno is worth a retry from now
  /// on. Returns -EINVAL, and changes nothing, when JavaScript does not have such a request.
  int answer(uint64_t io_id, ssize_t result, bool retryable);
  /// Fails everything that JavaScript has: the environment is going away.
  void abandon();
  /// Fails a request that JavaScript never got.
  void refuse(const conveyor_io_t& io);

  size_t in_flight() const { return in_flight_.size(); }

 private:
  static void submit(void* self, const conveyor_io_t* io);
  static int is_retryable(void* self, int error);

  static constexpr int kErrnoEnd = 256;

  const std::shared_ptr<Mailbox> mailbox_;
  HandleId id_ = 0;
  conveyor_t* engine_ = nullptr;
  std::unordered_map<uint64_t, conveyor_io_t> in_flight_;  // JavaScript thread only
  std::atomic<bool> retryable_[kErrnoEnd] = {};  // by errno; stored before the conveyor_complete that reads it
};

}  // namespace conveyor_node

// How a handle reaches its storage.
#pragma once

#include <cerrno>

#include "engine/backend_op.hpp"
#include "engine/config.hpp"

namespace conveyor {

/// Either blocking (run) or asynchronous (submit). Threads: several operations may run at once, on any thread, never
/// under a lock.
class Backend {
 public:
  explicit Backend(const BackendTraits& traits) : traits_(traits) {}
  virtual ~Backend() = default;
  const BackendTraits& traits() const { return traits_; }

  virtual bool blocking() const { return true; }
  /// A caller that would wait anyway may run operations itself instead of handing them to a worker.
  virtual bool caller_may_run() const { return false; }
  /// Does what op.kind, offset, count and pieces say. Returns a count or size, or -errno.
  virtual ssize_t run(BackendOp& op) = 0;
  /// A plain read, for callers that run it themselves. Requires: caller_may_run().
  virtual ssize_t read(void* /*target*/, size_t /*count*/, uint64_t /*offset*/) { return -ENOTSUP; }
  /// Threads that must not wait may ask for what run() and read() would do without waiting for a device.
  virtual bool can_glance() const { return false; }
  /// run() of a read, or -EAGAIN where it would wait: then nothing is done but that pieces may hold some of the bytes.
  virtual ssize_t glance(BackendOp& /*op*/) { return -EAGAIN; }
  /// read(), in the same way.
  virtual ssize_t glance(void* /*target*/, size_t /*count*/, uint64_t /*offset*/) { return -EAGAIN; }
  /// Starts the operation; Handle::complete_async reports it.
  virtual void submit(BackendOp& /*op*/) {}
  virtual bool retryable(int /*error*/) { return false; }

 private:
  const BackendTraits traits_;
};

}  // namespace conveyor

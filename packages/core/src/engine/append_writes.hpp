// Writes in append mode: records land in order at whatever is the end of the file when they land [W9].
#pragma once

#include <deque>

#include "engine/write_side.hpp"

namespace conveyor {

/// One append is in flight at a time. Records are never split between backend appends, so that with an atomic append no
/// other writer gets between the bytes of one write.
class AppendWrites final : public WriteSide {
 public:
  AppendWrites(const EngineConfig& config, const BackendTraits& traits, OpTable& ops, Counters& counters,
               Memory& memory)
      : WriteSide(config, ops, counters, memory), traits_(traits) {}

  void open_lane(Range) override {}
  void landed(BackendOp* op) override;
  void discard() override;
  uint64_t end() const override { return 0; }
  bool lands_in_order() const override { return true; }

  /// The size asked for because the backend has no append of its own: now the batch is written there.
  void sized(BackendOp* op);
  /// While somebody looks at the end of the file no append starts.
  void hold() { ++holds_; }
  void release() { --holds_; }
  bool in_flight() const { return flying_; }
  /// Accepted bytes that have not landed, and a copy of some of them.
  uint64_t pending() const { return pending_; }
  void copy_pending(uint64_t from, size_t count, const iovec* iov, int iov_count, size_t skip) const {
    ring_.copy_out(front_ + from, count, iov, iov_count, skip);
  }

 protected:
  void accept_bytes(Request& request, size_t count) override;
  void extend_youngest(uint64_t) override {}
  bool submit_one(bool demanded_only) override;
  void give_back(BackendOp* op) override;

 private:
  void submit_batch(IoKind kind, Range range, uint64_t length);
  void consume(uint64_t count);

  const BackendTraits& traits_;
  std::deque<size_t> records_;  // lengths of those that have not landed; the first may have landed in part
  uint64_t front_ = 0;          // ring position of the first byte that has not landed
  uint64_t pending_ = 0;
  int holds_ = 0;
  bool flying_ = false;
};

}  // namespace conveyor

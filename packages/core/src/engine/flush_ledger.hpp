// Who waits for which accepted bytes to land [F1].
#pragma once

#include <cstdint>

#include "engine/request.hpp"

namespace conveyor {

/// Counts accepted bytes until they have landed. A waiter waits for all that was accepted when it came; when such bytes
/// are overwritten before they landed, it waits for what replaced them. Not thread safe.
class FlushLedger {
 public:
  uint64_t unlanded() const { return unlanded_; }
  bool waiting() const { return !waiters_.empty(); }
  RequestList& waiters() { return waiters_; }

  void accepted(uint64_t count) { unlanded_ += count; }

  /// `request` waits for everything before `tail`. False: nothing to wait for, and it was not added.
  bool wait(Request& request, uint64_t tail) {
    if (unlanded_ == 0) return false;
    request.land_before = tail;
    request.land_remaining = unlanded_;
    waiters_.push_back(&request);
    return true;
  }

  /// Bytes at a ring position have landed, or died with nothing in their place (truncate).
  void landed(uint64_t position, uint64_t count) {
    unlanded_ -= count;
    for (Request* r = waiters_.front(); r; r = r->next)
      if (position < r->land_before) r->land_remaining -= std::min(count, r->land_before - position);
  }

  /// Bytes that had not landed were replaced by bytes accepted just now, which end at `tail`.
  void replaced(uint64_t position, uint64_t count, uint64_t tail) {
    unlanded_ -= count;
    for (Request* r = waiters_.front(); r; r = r->next) {
      if (position >= r->land_before) continue;
      r->land_before = tail;
      r->land_remaining = unlanded_;
    }
  }

  /// Takes out the first waiter whose bytes have landed, or nullptr.
  Request* pop_landed() {
    for (Request* r = waiters_.front(); r; r = r->next) {
      if (r->land_remaining > 0) continue;
      waiters_.remove(r);
      return r;
    }
    return nullptr;
  }

 private:
  uint64_t unlanded_ = 0;
  RequestList waiters_;
};

}  // namespace conveyor

#include "shell/timer.hpp"

#include <chrono>
#include <thread>

#include "shell/clock.hpp"
#include "shell/handle.hpp"
#include "shell/handle_table.hpp"
#include "shell/runtime.hpp"
#include "shell/sync_point.hpp"

namespace conveyor {

void Timer::start_locked() {
  if (started_) return;
  std::thread([this] { work(); }).detach();
  started_ = true;
}

void Timer::arm(uint64_t token, Time at) {
  std::lock_guard lock(mutex_);
  start_locked();
  bool first = entries_.empty() || at < entries_.top().at;
  entries_.push({at, token});
  if (first) changed_.notify_one();
}

void Timer::reclaim() {
  std::lock_guard lock(mutex_);
  if (reclaim_) return;
  start_locked();
  reclaim_ = true;
  changed_.notify_one();
}

void Timer::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    if (reclaim_) {
      reclaim_ = false;
      lock.unlock();
      CONVEYOR_SYNC_POINT("timer.reclaims");
      HandleTable::for_each([](uint64_t token) { Handle::trim(token); });
      lock.lock();
      continue;
    }
    if (entries_.empty() && ticked_) {
      // Every handle is idle, and has given back what it held: so does the process.
      ticked_ = false;
      lock.unlock();
      CONVEYOR_SYNC_POINT("timer.rests");
      Runtime::get().memory().drop_spares();
      lock.lock();
      continue;
    }
    if (entries_.empty()) {
      CONVEYOR_SYNC_WAITS("timer.idle");
      changed_.wait(lock);
      continue;
    }
    Time at = entries_.top().at;
    Time now = precise_now();
    if (at > now) {
      CONVEYOR_SYNC_WAITS("timer.waits");
      changed_.wait_for(lock, std::chrono::nanoseconds(at - now));
      continue;
    }
    uint64_t token = entries_.top().token;
    entries_.pop();
    ticked_ = true;
    lock.unlock();
    CONVEYOR_SYNC_POINT("timer.ticks");
    Handle::tick(token);
    lock.lock();
  }
}

}  // namespace conveyor

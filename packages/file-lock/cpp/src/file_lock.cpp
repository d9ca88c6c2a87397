#include <conveyor/file_lock/file_lock.hpp>

#include <algorithm>
#include <cerrno>
#include <random>
#include <utility>

#include "back_off.hpp"
#include "holder.hpp"
#include "lock_table.hpp"

namespace conveyor {

namespace {

using locking::LockTable;
using locking::Outcome;
using locking::Request;
using std::chrono::microseconds;
using std::chrono::steady_clock;

LockOwner owner_of_thread() {
  static thread_local const LockOwner owner = make_lock_owner();
  return owner;
}

double chance() {
  static thread_local std::minstd_rand random{std::random_device{}()};
  return std::uniform_real_distribution<double>(0.0, 1.0)(random);
}

Request request_of(const std::string& path, const LockOptions& options, bool queues) {
  Request request;
  request.path = path;
  request.mode = options.mode;
  request.resource = options.resource;
  request.byte_range = options.byte_range;
  request.reentrant = options.reentrant;
  request.queues = queues;
  request.owner = options.owner == kThisThread ? owner_of_thread() : options.owner;
  return request;
}

bool makes_sense(const LockOptions& options) {
  return options.poll_min.count() >= 1 && options.poll_max >= options.poll_min && options.poll_max.count() <= 60'000;
}

/// The end of a wait that begins now; the farthest time there is for none.
steady_clock::time_point end_of_wait(const LockOptions& options) {
  const auto now = steady_clock::now();
  const bool is_endless = options.timeout.count() < 0 || options.timeout > std::chrono::hours(24 * 365 * 100);
  return is_endless ? steady_clock::time_point::max() : now + options.timeout;
}

/// Attempts and pauses until there is an answer.
Outcome wait_for_lock(const Request& request, const LockOptions& options) {
  LockTable& table = LockTable::of_process();
  const auto end = end_of_wait(options);
  locking::BackOff back_off(microseconds(options.poll_min).count(), microseconds(options.poll_max).count());
  Outcome outcome = table.attempt(request, 0);
  while (outcome.error == -EAGAIN) {
    const auto now = steady_clock::now();
    const bool is_stopped = options.stop.stop_requested();
    if (is_stopped || now >= end) {
      table.cancel(outcome.ticket);
      outcome.error = is_stopped ? -ECANCELED : -ETIMEDOUT;
      break;
    }
    const int64_t pause_us =
        outcome.is_polite ? back_off.polite_us(chance()) : back_off.pause_us(outcome.is_next, chance());
    table.wait(outcome.ticket, outcome.changes, std::min(end, now + microseconds(pause_us)), options.stop);
    outcome = table.attempt(request, outcome.ticket);
  }
  return outcome;
}

}  // namespace

FileLock& FileLock::operator=(FileLock&& other) noexcept {
  if (this == &other) return *this;
  release();
  id_ = std::exchange(other.id_, 0);
  return *this;
}

int FileLock::acquire(const std::string& path, const LockOptions& options, FileLock* lock) {
  if (!makes_sense(options)) return -EINVAL;
  const Outcome outcome = wait_for_lock(request_of(path, options, true), options);
  if (outcome.error != 0) return outcome.error;
  lock->release();
  lock->id_ = outcome.lock;
  return 0;
}

int FileLock::try_acquire(const std::string& path, const LockOptions& options, FileLock* lock) {
  if (!makes_sense(options)) return -EINVAL;
  const Outcome outcome = LockTable::of_process().attempt(request_of(path, options, false), 0);
  if (outcome.error != 0) return outcome.error;
  lock->release();
  lock->id_ = outcome.lock;
  return 0;
}

int FileLock::release() {
  if (id_ == 0) return 0;
  const int result = LockTable::of_process().release(std::exchange(id_, 0));
  return result == -EBADF ? 0 : result;  // a forked child's copy
}

std::string FileLock::locked_resource_path() const {
  return id_ == 0 ? std::string() : LockTable::of_process().resource_of(id_);
}

int with_lock(const std::string& path, const LockOptions& options,
              const std::function<void(const std::string& resource)>& body) {
  FileLock lock;
  if (const int error = FileLock::acquire(path, options, &lock); error != 0) return error;
  body(lock.locked_resource_path());
  return lock.release();
}

LockOwner make_lock_owner() { return LockTable::of_process().next_number(); }

int is_locked(const std::string& path, const LockOptions& options) {
  const int here = LockTable::of_process().is_held_here(path, options.resource);
  if (here != 0) return here;
  locking::Place place;
  if (const int error = locking::resolve(path, options.resource, &place); error != 0) return error;
  return locking::probe_grip(place, options.byte_range);
}

std::optional<LockHolder> find_lock_holder(const std::string& path, const LockOptions& options) {
  locking::Place place;
  if (is_locked(path, options) != 1) return std::nullopt;
  if (locking::resolve(path, options.resource, &place) != 0) return std::nullopt;
  return locking::find_holder(place, options.byte_range);
}

int find_sidecar(const std::string& path, ResourceKind kind, std::string* sidecar) {
  locking::Place place;
  if (const int error = locking::resolve(path, kind, &place); error != 0) return error;
  *sidecar = place.sidecar;
  return 0;
}

}  // namespace conveyor

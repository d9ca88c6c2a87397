#include "lock_table.hpp"

#include <pthread.h>

#include <algorithm>
#include <cerrno>
#include <new>
#include <utility>

namespace conveyor::locking {

namespace {

/// How long one process may take a lock again and again while others wait for it.
constexpr int64_t kTurnNs = 5'000'000;

constexpr size_t kSweepMin = 256;

int64_t now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace

LockTable::LockTable() : record_(make_holder_record()) {}

LockTable& LockTable::of_process() {
  static LockTable* const table = [] {
    auto* made = new LockTable;
    ::pthread_atfork([] { of_process().before_fork(); }, [] { of_process().after_fork_in_parent(); },
                     [] { of_process().after_fork_in_child(); });
    return made;
  }();
  return *table;
}

uint64_t LockTable::next_number() {
  const std::lock_guard lock(mutex_);
  return ++last_number_;
}

LockTable::EntryPointer LockTable::entry_of(const Place& place) {
  const std::lock_guard lock(mutex_);
  if (entries_.size() >= sweep_at_) {
    // Nobody but the table has it, and nobody can get it meanwhile.
    std::erase_if(entries_, [](const auto& pair) { return pair.second.use_count() == 1; });
    sweep_at_ = std::max(kSweepMin, entries_.size() * 2);
  }
  EntryPointer& entry = entries_[place.sidecar];
  if (entry == nullptr) {
    entry = std::make_shared<Entry>();
    entry->place = place;
  }
  return entry;
}

Outcome LockTable::attempt(const Request& request, TicketId ticket) {
  const std::shared_lock fork_lock(fork_mutex_);
  Place place;
  Outcome outcome;
  // Nine times in ten no symbolic link is on the way, and the open itself proves that.
  outcome.error = guess(request.path, request.resource, &place);
  if (outcome.error == 0) outcome = attempt_at(place, request, ticket);
  const bool is_said = place.is_resolved || outcome.error == 0 || outcome.ticket != 0 || outcome.error == -EAGAIN;
  if (!is_said || place.sidecar.empty()) {
    outcome = Outcome{};
    outcome.error = resolve(request.path, request.resource, &place);
    if (outcome.error == 0) outcome = attempt_at(place, request, ticket);
  }
  if (outcome.error != 0 && outcome.error != -EAGAIN && ticket != 0) cancel_ticket(ticket);
  return outcome;
}

Outcome LockTable::attempt_at(const Place& place, const Request& request, TicketId ticket) {
  const EntryPointer entry = entry_of(place);
  Outcome outcome;
  if (ticket != 0 && !is_ticket_of(ticket, entry)) {
    if (!place.is_resolved) {
      outcome.error = -ELOOP;
      return outcome;
    }
    // What the path means has changed while it waited: it begins anew at the other place.
    cancel_ticket(ticket);
    ticket = 0;
  }
  const std::lock_guard lock(entry->mutex);
  std::shared_ptr<Holding> holding;
  // What is held here may be another resource, as long as there may be links on the way.
  const bool is_clear = place.is_resolved || entry->holdings.empty();
  const int said = is_clear ? ask_holdings(*entry, request, ticket, &holding) : -ELOOP;
  if (said < 0 && !place.is_resolved) {
    outcome.error = -ELOOP;
    return outcome;
  }
  if (said == 0) {
    holding = std::make_shared<Holding>(Holding{request.owner, request.mode, Grip{}});
    if (request.queues && ticket == 0 && should_be_polite(*entry, place)) {
      outcome.error = -EAGAIN;
      outcome.is_polite = true;
    } else {
      outcome = attempt_kernel(*entry, place, request, &holding->grip);
    }
  } else {
    outcome.error = said < 0 ? said : 0;
  }
  if (outcome.error == -EAGAIN && request.queues) return queue_up(entry, request, ticket, outcome);
  if (outcome.error != 0) return outcome;
  if (ticket != 0) leave_queue(*entry, ticket);
  outcome.lock = book(entry, request, std::move(holding));
  return outcome;
}

int LockTable::ask_holdings(Entry& entry, const Request& request, TicketId ticket, std::shared_ptr<Holding>* own) {
  bool is_free = true;
  for (const auto& holding : entry.holdings) {
    const bool is_own = holding->owner == request.owner || std::find(request.ancestors.begin(), request.ancestors.end(),
                                                                     holding->owner) != request.ancestors.end();
    if (is_own) {
      const bool suffices = holding->mode == LockMode::kExclusive || request.mode == LockMode::kShared;
      if (!request.reentrant || !suffices) return -EDEADLK;
      ++holding->count;
      *own = holding;
      return 1;
    }
    if (holding->mode == LockMode::kExclusive || request.mode == LockMode::kExclusive) is_free = false;
  }
  return is_free && is_my_turn(entry, request.mode, ticket) ? 0 : -EAGAIN;
}

bool LockTable::is_my_turn(const Entry& entry, LockMode mode, TicketId ticket) {
  for (const Ticket& waiting : entry.queue) {
    if (waiting.id == ticket) return true;
    if (mode == LockMode::kExclusive || waiting.mode == LockMode::kExclusive) return false;
  }
  return true;
}

Outcome LockTable::attempt_kernel(Entry& entry, const Place& place, const Request& request, Grip* grip) {
  Outcome outcome;
  Aim aim{request.mode, request.byte_range, entry.is_device_known ? &entry.device : nullptr};
  outcome.error = try_grip(place, aim, grip);
  if (outcome.error != 0) return outcome;
  entry.is_device_known = !request.byte_range;
  entry.device = grip->device;
  write_holder(*grip, record_, &entry.seen_record);
  if (request.queues) {
    const int64_t now = now_ns();
    if (now - entry.released_ns > kTurnNs) entry.turn_begin_ns = now;
  }
  return outcome;
}

Outcome LockTable::queue_up(const EntryPointer& entry, const Request& request, TicketId ticket, Outcome outcome) {
  if (ticket == 0) {
    const std::lock_guard lock(mutex_);
    ticket = ++last_number_;
    tickets_[ticket] = {entry, request.scope};
    entry->queue.push_back({ticket, request.mode});
  }
  outcome.ticket = ticket;
  outcome.changes = entry->changes;
  const bool may_sit = !outcome.is_polite && !request.byte_range && entry->queue.front().id == ticket;
  if (may_sit && entry->holdings.empty()) seek_seat(*entry);
  outcome.is_next = may_sit && entry->has_seat;
  return outcome;
}

LockId LockTable::book(const EntryPointer& entry, const Request& request, std::shared_ptr<Holding> holding) {
  if (holding->count == 1) entry->holdings.push_back(holding);
  const std::lock_guard lock(mutex_);
  const LockId id = ++last_number_;
  locks_[id] = {entry, std::move(holding), request.scope};
  return id;
}

bool LockTable::is_ticket_of(TicketId ticket, const EntryPointer& entry) const {
  const std::lock_guard lock(mutex_);
  const auto found = tickets_.find(ticket);
  return found != tickets_.end() && found->second.entry == entry;
}

int LockTable::release(LockId lock) {
  const std::shared_lock fork_lock(fork_mutex_);
  return release_lock(lock);
}

int LockTable::release_lock(LockId id) {
  LockRecord record;
  {
    const std::lock_guard lock(mutex_);
    const auto found = locks_.find(id);
    if (found == locks_.end()) return -EBADF;
    record = std::move(found->second);
    locks_.erase(found);
  }
  Entry& entry = *record.entry;
  const std::lock_guard lock(entry.mutex);
  if (--record.holding->count > 0) return 0;
  std::erase(entry.holdings, record.holding);
  announce(entry);
  // A process made by clone(2) itself, behind the back of after_fork_in_child: unlocking would unlock the parent's.
  if (!mark_.is_mine()) {
    close_descriptor(record.holding->grip.fd);
    return -EBADF;
  }
  const int result = let_go(record.holding->grip);
  entry.released_ns = now_ns();
  return result;
}

std::string LockTable::resource_of(LockId id) const {
  const std::shared_lock fork_lock(fork_mutex_);
  const std::lock_guard lock(mutex_);
  const auto found = locks_.find(id);
  if (found == locks_.end() || !mark_.is_mine()) return {};
  return found->second.entry->place.resource;
}

void LockTable::cancel(TicketId ticket) {
  const std::shared_lock fork_lock(fork_mutex_);
  cancel_ticket(ticket);
}

void LockTable::cancel_ticket(TicketId ticket) {
  EntryPointer entry;
  {
    const std::lock_guard lock(mutex_);
    const auto found = tickets_.find(ticket);
    if (found == tickets_.end()) return;
    entry = found->second.entry;
  }
  const std::lock_guard lock(entry->mutex);
  leave_queue(*entry, ticket);
}

void LockTable::leave_queue(Entry& entry, TicketId ticket) {
  std::erase_if(entry.queue, [&](const Ticket& waiting) { return waiting.id == ticket; });
  // Whoever got the lock leaves the seat to another process, also when more of this one wait.
  leave_seat(entry);
  announce(entry);
  const std::lock_guard lock(mutex_);
  tickets_.erase(ticket);
}

void LockTable::wait(TicketId ticket, uint64_t changes, std::chrono::steady_clock::time_point until,
                     std::stop_token stop) {
  EntryPointer entry;
  {
    const std::lock_guard lock(mutex_);
    const auto found = tickets_.find(ticket);
    if (found == tickets_.end()) return;
    entry = found->second.entry;
  }
  std::unique_lock lock(entry->mutex);
  entry->changed.wait_until(lock, stop, until, [&] { return entry->changes != changes; });
}

int LockTable::is_held_here(const std::string& path, ResourceKind kind) {
  const std::shared_lock fork_lock(fork_mutex_);
  Place place;
  if (const int error = resolve(path, kind, &place); error != 0) return error;
  const EntryPointer entry = entry_of(place);
  const std::lock_guard lock(entry->mutex);
  return entry->holdings.empty() ? 0 : 1;
}

void LockTable::end_scope(ScopeId scope) {
  const std::shared_lock fork_lock(fork_mutex_);
  std::vector<LockId> locks;
  std::vector<TicketId> tickets;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, record] : locks_) {
      if (record.scope == scope) locks.push_back(id);
    }
    for (const auto& [id, record] : tickets_) {
      if (record.scope == scope) tickets.push_back(id);
    }
  }
  for (const TicketId ticket : tickets) cancel_ticket(ticket);
  for (const LockId lock : locks) release_lock(lock);
}

void LockTable::announce(Entry& entry) {
  ++entry.changes;
  entry.changed.notify_all();
}

void LockTable::seek_seat(Entry& entry) {
  if (entry.has_seat) return;
  if (entry.seat_fd < 0) {
    bool is_writable = false;
    const int fd = open_sidecar(entry.place, &is_writable);
    if (fd < 0) return;
    if (!is_writable) return close_descriptor(fd);
    entry.seat_fd = fd;
  }
  entry.has_seat = take_seat(entry.seat_fd) == 0;
}

void LockTable::leave_seat(Entry& entry) {
  if (entry.seat_fd >= 0) close_descriptor(entry.seat_fd);
  entry.seat_fd = -1;
  entry.has_seat = false;
}

bool LockTable::should_be_polite(Entry& entry, const Place& place) {
  const int64_t now = now_ns();
  const bool has_just_released = now - entry.released_ns <= kTurnNs;
  if (!has_just_released || now - entry.turn_begin_ns <= kTurnNs || !entry.queue.empty()) return false;
  bool is_writable = false;
  const int fd = open_sidecar(place, &is_writable);
  if (fd < 0) return false;
  const bool others_wait = is_seat_taken(fd);
  close_descriptor(fd);
  if (!others_wait) entry.turn_begin_ns = now;
  return others_wait;
}

void LockTable::before_fork() {
  fork_mutex_.lock();
  mutex_.lock();
}

void LockTable::after_fork_in_parent() {
  mutex_.unlock();
  fork_mutex_.unlock();
}

void LockTable::after_fork_in_child() {
  for (const auto& [id, record] : locks_) {
    Grip& grip = record.holding->grip;
    if (grip.fd >= 0) close_descriptor(std::exchange(grip.fd, -1));
  }
  for (const auto& [sidecar, entry] : entries_) leave_seat(*entry);
  // Kept for ever: destroying a condition variable waits for threads that the child does not have.
  new std::unordered_map<std::string, EntryPointer>(std::move(entries_));
  new std::unordered_map<LockId, LockRecord>(std::move(locks_));
  new std::unordered_map<TicketId, TicketRecord>(std::move(tickets_));
  entries_.clear();
  locks_.clear();
  tickets_.clear();
  mark_.renew();
  record_ = make_holder_record();
  // Made anew: a lock for writing belongs to a thread by its number, which the child's thread does not have.
  new (&mutex_) std::mutex;
  new (&fork_mutex_) std::shared_mutex;
}

}  // namespace conveyor::locking

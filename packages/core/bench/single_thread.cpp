#include "single_thread.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>

namespace conveyor::bench {

SingleWriter::SingleWriter(const conveyor_backend_t& backend) : backend_(backend), thread_([this] { land(); }) {}

SingleWriter::~SingleWriter() {
  {
    const std::lock_guard lock(mutex_);
    ends_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void SingleWriter::write(const std::byte* data, std::size_t size, off_t offset) {
  {
    const std::lock_guard lock(mutex_);
    queue_.push_back({{data, data + size}, offset});
  }
  changed_.notify_all();
}

void SingleWriter::flush() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return queue_.empty(); });
  if (error_ != 0) throw std::system_error(error_, std::generic_category(), "landing");
}

void SingleWriter::land() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return ends_ || !queue_.empty(); });
    if (queue_.empty()) return;
    const Accepted& front = queue_.front();  // a deque moves nothing when it grows
    lock.unlock();
    const ssize_t count = backend_.pwrite(backend_.ctx, front.bytes.data(), front.bytes.size(), front.offset);
    lock.lock();
    if (count != static_cast<ssize_t>(front.bytes.size())) error_ = count < 0 ? static_cast<int>(-count) : EIO;
    queue_.pop_front();
    changed_.notify_all();
  }
}

SingleReader::SingleReader(const conveyor_backend_t& backend, std::size_t ring_size)
    : backend_(backend), ring_(ring_size), thread_([this] { fetch(); }) {}

SingleReader::~SingleReader() {
  {
    const std::lock_guard lock(mutex_);
    ends_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void SingleReader::read(std::byte* target, std::size_t size) {
  std::unique_lock lock(mutex_);
  while (size > 0) {
    changed_.wait(lock, [this] { return at_end_ || fetched_ > taken_; });
    if (fetched_ == taken_) throw std::system_error(EIO, std::generic_category(), "end of file");
    const std::size_t at = taken_ % ring_.size();
    const std::size_t part = std::min({size, fetched_ - taken_, ring_.size() - at});
    std::memcpy(target, ring_.data() + at, part);
    taken_ += part;
    target += part;
    size -= part;
    changed_.notify_all();
  }
}

void SingleReader::fetch() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return ends_ || fetched_ - taken_ < ring_.size(); });
    if (ends_) return;
    const std::size_t at = fetched_ % ring_.size();
    const std::size_t room = std::min(ring_.size() - (fetched_ - taken_), ring_.size() - at);
    lock.unlock();
    const ssize_t count = backend_.pread(backend_.ctx, ring_.data() + at, room, static_cast<off_t>(fetched_));
    lock.lock();
    at_end_ = count <= 0;
    if (!at_end_) fetched_ += static_cast<std::size_t>(count);
    changed_.notify_all();
    if (at_end_) return;
  }
}

}  // namespace conveyor::bench

#include "slow_memory.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>

namespace conveyor::bench {
namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;

}  // namespace

conveyor_backend_t SlowMemory::backend() {
  conveyor_backend_t backend{};
  backend.struct_size = sizeof backend;
  backend.ctx = this;
  backend.pread = read;
  backend.pwrite = write;
  backend.size = size;
  return backend;
}

SlowMemory& SlowMemory::entered(void* context, std::size_t moved) {
  auto& memory = *static_cast<SlowMemory*>(context);
  memory.operations_.fetch_add(1, std::memory_order_relaxed);
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  const auto now_ns = static_cast<std::uint64_t>(now.tv_sec) * kSecond + static_cast<std::uint64_t>(now.tv_nsec);
  const std::uint64_t until = memory.done_at(now_ns, moved);
  const timespec end{static_cast<time_t>(until / kSecond), static_cast<long>(until % kSecond)};
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &end, nullptr) == EINTR) {
  }
  return memory;
}

// The bytes pass one operation after another, once the delay of each is over.
std::uint64_t SlowMemory::done_at(std::uint64_t now_ns, std::size_t moved) {
  const std::uint64_t arrival = now_ns + delay_us_ * 1000;
  if (megabits_ == 0) return arrival;
  const std::lock_guard lock(link_);
  link_free_ns_ = std::max(link_free_ns_, arrival) + moved * 8000 / megabits_;
  return link_free_ns_;
}

ssize_t SlowMemory::read(void* context, void* buffer, size_t count, off_t offset) {
  SlowMemory& memory = entered(context, count);
  const std::uint64_t size = memory.size_.load();
  const auto begin = static_cast<std::uint64_t>(offset);
  if (begin >= size) return 0;
  const auto part = static_cast<std::size_t>(std::min<std::uint64_t>(count, size - begin));
  std::memcpy(buffer, memory.bytes_.data() + begin, part);
  return static_cast<ssize_t>(part);
}

ssize_t SlowMemory::write(void* context, const void* buffer, size_t count, off_t offset) {
  SlowMemory& memory = entered(context, count);
  const auto begin = static_cast<std::uint64_t>(offset);
  if (begin + count > memory.bytes_.size()) return -ENOSPC;
  std::memcpy(memory.bytes_.data() + begin, buffer, count);
  std::uint64_t size = memory.size_.load();
  while (size < begin + count && !memory.size_.compare_exchange_weak(size, begin + count)) {
  }
  return static_cast<ssize_t>(count);
}

off_t SlowMemory::size(void* context) { return static_cast<off_t>(entered(context, 0).size_.load()); }

}  // namespace conveyor::bench

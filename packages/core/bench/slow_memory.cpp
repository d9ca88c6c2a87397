#include "slow_memory.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>

namespace conveyor::bench {

conveyor_backend_t SlowMemory::backend() {
  conveyor_backend_t backend{};
  backend.struct_size = sizeof backend;
  backend.ctx = this;
  backend.pread = read;
  backend.pwrite = write;
  backend.size = size;
  return backend;
}

SlowMemory& SlowMemory::entered(void* context) {
  auto& memory = *static_cast<SlowMemory*>(context);
  memory.operations_.fetch_add(1, std::memory_order_relaxed);
  const auto delay_us = static_cast<long>(memory.delay_us_);
  timespec delay{delay_us / 1'000'000, delay_us % 1'000'000 * 1000};
  while (clock_nanosleep(CLOCK_MONOTONIC, 0, &delay, &delay) == EINTR) {
  }
  return memory;
}

ssize_t SlowMemory::read(void* context, void* buffer, size_t count, off_t offset) {
  SlowMemory& memory = entered(context);
  const std::uint64_t size = memory.size_.load();
  const auto begin = static_cast<std::uint64_t>(offset);
  if (begin >= size) return 0;
  const auto part = static_cast<std::size_t>(std::min<std::uint64_t>(count, size - begin));
  std::memcpy(buffer, memory.bytes_.data() + begin, part);
  return static_cast<ssize_t>(part);
}

ssize_t SlowMemory::write(void* context, const void* buffer, size_t count, off_t offset) {
  SlowMemory& memory = entered(context);
  const auto begin = static_cast<std::uint64_t>(offset);
  if (begin + count > memory.bytes_.size()) return -ENOSPC;
  std::memcpy(memory.bytes_.data() + begin, buffer, count);
  std::uint64_t size = memory.size_.load();
  while (size < begin + count && !memory.size_.compare_exchange_weak(size, begin + count)) {
  }
  return static_cast<ssize_t>(count);
}

off_t SlowMemory::size(void* context) { return static_cast<off_t>(entered(context).size_.load()); }

}  // namespace conveyor::bench

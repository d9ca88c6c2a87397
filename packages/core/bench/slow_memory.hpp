#pragma once
/// A storage at a distance: a file in memory whose every operation takes a while.

#include <atomic>
#include <cstdint>
#include <span>
#include <vector>

#include <conveyor/conveyor.h>

namespace conveyor::bench {

/// Every callback sleeps for the delay, then moves the bytes. Several may run at once, as over a network.
/// Threads: the backend from any; the rest while no operation runs.
class SlowMemory {
 public:
  /// @param capacity Largest size of the file in bytes; beyond it is ENOSPC.
  SlowMemory(std::uint64_t capacity, std::uint64_t delay_us) : bytes_(capacity), delay_us_(delay_us) {}
  SlowMemory(const SlowMemory&) = delete;

  conveyor_backend_t backend();

  /// The whole file, without delay.
  std::span<std::byte> content() { return {bytes_.data(), size_.load()}; }
  void set_size(std::uint64_t size) { size_ = size; }
  std::uint64_t operations() const { return operations_.load(); }

 private:
  static SlowMemory& entered(void* context);
  static ssize_t read(void* context, void* buffer, size_t count, off_t offset);
  static ssize_t write(void* context, const void* buffer, size_t count, off_t offset);
  static off_t size(void* context);

  std::vector<std::byte> bytes_;
  const std::uint64_t delay_us_;
  std::atomic<std::uint64_t> size_{0};
  std::atomic<std::uint64_t> operations_{0};
};

}  // namespace conveyor::bench

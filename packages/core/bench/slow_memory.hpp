#pragma once
/// A storage at a distance: a file in memory whose every operation takes a while.

#include <atomic>
#include <cstdint>
#include <mutex>
#include <span>
#include <vector>

#include <conveyor/conveyor.h>

namespace conveyor::bench {

/// Every callback sleeps for the delay, then moves the bytes, over a link that all share if it has a speed. Several may
/// run at once, as over a network.
/// Threads: the backend from any; the rest while no operation runs.
class SlowMemory {
 public:
  /// @param capacity Largest size of the file in bytes; beyond it is ENOSPC.
  /// @param megabits Speed of the link in Mbit/s; 0: as fast as memory.
  SlowMemory(std::uint64_t capacity, std::uint64_t delay_us, std::uint64_t megabits = 0)
      : bytes_(capacity), delay_us_(delay_us), megabits_(megabits) {}
  SlowMemory(const SlowMemory&) = delete;

  conveyor_backend_t backend();

  /// The whole file, without delay.
  std::span<std::byte> content() { return {bytes_.data(), size_.load()}; }
  void set_size(std::uint64_t size) { size_ = size; }
  std::uint64_t operations() const { return operations_.load(); }

 private:
  static SlowMemory& entered(void* context, std::size_t moved);
  std::uint64_t done_at(std::uint64_t now_ns, std::size_t moved);
  static ssize_t read(void* context, void* buffer, size_t count, off_t offset);
  static ssize_t write(void* context, const void* buffer, size_t count, off_t offset);
  static off_t size(void* context);

  std::vector<std::byte> bytes_;
  const std::uint64_t delay_us_;
  const std::uint64_t megabits_;
  std::mutex link_;
  std::uint64_t link_free_ns_ = 0;  // guarded by link_
  std::atomic<std::uint64_t> size_{0};
  std::atomic<std::uint64_t> operations_{0};
};

}  // namespace conveyor::bench

#pragma once
/// Buffering as it is done with one thread per direction and no more: what conveyor is compared with. Each accepted
/// write becomes one operation of the backend; the reader fetches as much as its ring has room for, one operation at a
/// time.

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include <conveyor/conveyor.h>

namespace conveyor::bench {

/// Threads: one writes and flushes.
class SingleWriter {
 public:
  explicit SingleWriter(const conveyor_backend_t& backend);
  /// Lands what was written.
  ~SingleWriter();
  SingleWriter(const SingleWriter&) = delete;

  /// Accepts a copy.
  void write(const std::byte* data, std::size_t size, off_t offset);
  /// Waits until everything has landed. Errors: std::system_error.
  void flush();

 private:
  struct Accepted {
    std::vector<std::byte> bytes;
    off_t offset;
  };
  void land();

  const conveyor_backend_t backend_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Accepted> queue_;  // the front is landing
  int error_ = 0;
  bool ends_ = false;
  std::thread thread_;
};

/// Threads: one reads.
class SingleReader {
 public:
  SingleReader(const conveyor_backend_t& backend, std::size_t ring_size);
  ~SingleReader();
  SingleReader(const SingleReader&) = delete;

  /// The next `size` bytes. Errors: std::system_error, also at end of file.
  void read(std::byte* target, std::size_t size);

 private:
  void fetch();

  const conveyor_backend_t backend_;
  std::vector<std::byte> ring_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t fetched_ = 0;  // bytes since the beginning of the file
  std::size_t taken_ = 0;
  bool at_end_ = false;
  bool ends_ = false;
  std::thread thread_;
};

}  // namespace conveyor::bench

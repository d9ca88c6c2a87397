#pragma once
/// A conveyor handle of a benchmark.

#include <conveyor/conveyor.h>

#include "scratch_file.hpp"

namespace conveyor::bench {

/// Opens on construction, without options as with the library's own defaults, as most programs would. Errors:
/// std::system_error.
class OpenHandle {
 public:
  OpenHandle(int fd, int flags, const conveyor_options_t* options = nullptr) {
    if (conveyor_open_fd(&handle_, fd, flags, options) != 0) fail("conveyor_open_fd");
  }
  OpenHandle(const conveyor_backend_t& backend, int flags) {
    if (conveyor_create(&handle_, &backend, flags, nullptr) != 0) fail("conveyor_create");
  }
  ~OpenHandle() { conveyor_destroy(handle_); }
  OpenHandle(const OpenHandle&) = delete;
  OpenHandle& operator=(const OpenHandle&) = delete;

  operator conveyor_t*() const { return handle_; }

  void flush() const {
    if (conveyor_flush(handle_) != 0) fail("conveyor_flush");
  }
  void close() {
    conveyor_t* handle = handle_;
    handle_ = nullptr;
    if (conveyor_close(handle) != 0) fail("conveyor_close");
  }

 private:
  conveyor_t* handle_ = nullptr;
};

}  // namespace conveyor::bench

#pragma once
/// A handle over a descriptor.

#include "fixture.hpp"

namespace conveyor::test {

/// Destroyed with the test.
class FdHandle {
 public:
  FdHandle(int fd, int flags, const conveyor_options_t &options = patient_options()) {
    REQUIRE_EQ(ERRNO_OF(conveyor_open_fd(&handle_, fd, flags, &options)), 0);
    REQUIRE(handle_ != nullptr);
  }
  ~FdHandle() { conveyor_destroy(handle_); }
  FdHandle(const FdHandle &) = delete;
  FdHandle &operator=(const FdHandle &) = delete;
  operator conveyor_t *() const { return handle_; }
  int close() {
    return errno_of([&] { return conveyor_close(std::exchange(handle_, nullptr)); });
  }

 private:
  conveyor_t *handle_ = nullptr;
};

}  // namespace conveyor::test

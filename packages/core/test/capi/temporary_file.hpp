#pragma once
/// A real file that goes away with the test.

#include <cstdlib>
#include <string>
#include <string_view>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <conveyor/testkit/check.hpp>

namespace conveyor::test {

class TemporaryFile {
 public:
  explicit TemporaryFile(std::string_view bytes = {}, const char *directory = in_memory()) {
    path_ = std::string(directory) + "/conveyor-test-XXXXXX";
    fd_ = mkstemp(path_.data());
    REQUIRE(fd_ >= 0);
    if (!bytes.empty()) REQUIRE_EQ(::pwrite(fd_, bytes.data(), bytes.size(), 0), bytes.size());
  }
  ~TemporaryFile() {
    close(fd_);
    unlink(path_.c_str());
  }
  TemporaryFile(const TemporaryFile &) = delete;
  TemporaryFile &operator=(const TemporaryFile &) = delete;

  static const char *in_memory() { return access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp"; }

  /// Open for reading and writing.
  int fd() const { return fd_; }
  const std::string &path() const { return path_; }

  std::string bytes() const {
    struct stat status {};
    REQUIRE_EQ(fstat(fd_, &status), 0);
    std::string bytes(static_cast<std::size_t>(status.st_size), '\0');
    REQUIRE_EQ(::pread(fd_, bytes.data(), bytes.size(), 0), bytes.size());
    return bytes;
  }

 private:
  std::string path_;
  int fd_ = -1;
};

}  // namespace conveyor::test

#pragma once
/// Files in memory: the one under test and the plain one beside it.

#include <cstdio>
#include <cstdlib>
#include <string>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace conveyor::test {

/// A file without a name. Sparse, with 64-bit offsets; a regular file for everybody.
class MemoryFile {
 public:
  explicit MemoryFile(const char *name) : fd_(memfd_create(name, MFD_CLOEXEC)) {
    if (fd_ >= 0) return;
    std::perror("memfd_create");
    std::abort();
  }
  ~MemoryFile() { ::close(fd_); }
  MemoryFile(const MemoryFile &) = delete;
  MemoryFile &operator=(const MemoryFile &) = delete;

  int fd() const { return fd_; }
  /// A descriptor of its own, with its own position and flags. The caller closes it.
  int open(int flags) const {
    const int fd = ::open(("/proc/self/fd/" + std::to_string(fd_)).c_str(), flags | O_CLOEXEC);
    if (fd >= 0) return fd;
    std::perror("open of a memfd");
    std::abort();
  }
  off_t size() const {
    struct stat status {};
    return ::fstat(fd_, &status) == 0 ? status.st_size : -1;
  }
  /// Up to `count` bytes from `offset` on.
  std::string bytes(std::size_t count, off_t offset) const {
    std::string bytes(count, '\0');
    const ssize_t got = ::pread(fd_, bytes.data(), count, offset);
    bytes.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
    return bytes;
  }
  bool put(const std::string &bytes, off_t offset) const {
    return ::pwrite(fd_, bytes.data(), bytes.size(), offset) == static_cast<ssize_t>(bytes.size());
  }

 private:
  int fd_;
};

}  // namespace conveyor::test

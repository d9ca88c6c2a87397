#pragma once
/// A file that goes away with the benchmark.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "pattern.hpp"

namespace conveyor::bench {

/// Throws std::system_error with errno.
[[noreturn]] void fail(const char* what);

/// Requires that a call moved all bytes. Errors: std::system_error, errno EIO for a short count.
inline void require_whole(ssize_t result, std::size_t size, const char* what) {
  if (result != static_cast<ssize_t>(size)) [[unlikely]] fail(what);
}

/// A regular file, open for reading and writing.
class ScratchFile {
 public:
  /// Errors: std::system_error.
  explicit ScratchFile(const std::string& directory);
  ~ScratchFile();
  ScratchFile(const ScratchFile&) = delete;
  ScratchFile& operator=(const ScratchFile&) = delete;

  int fd() const { return fd_; }
  const std::string& path() const { return path_; }

  /// A new empty file under the same name; the old one is gone.
  void recreate();
  /// Puts the descriptor's position at the start.
  void rewind() const;
  /// Fills the file with a pattern. Requires: bytes is a multiple of block.
  void fill(Pattern& pattern, std::uint64_t bytes, std::size_t block) const;
  /// Reads the file through its descriptor and compares all of it. Errors: Mismatch.
  void require_content(Pattern& pattern, std::uint64_t bytes, std::size_t block) const;

 private:
  void open_new();

  std::string path_;
  int fd_ = -1;
};

}  // namespace conveyor::bench

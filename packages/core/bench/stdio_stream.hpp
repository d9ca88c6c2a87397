#pragma once
/// The C library's own buffering over a descriptor that stays open.

#include <cstdio>

#include <unistd.h>

#include "scratch_file.hpp"

namespace conveyor::bench {

/// Errors: std::system_error.
class StdioStream {
 public:
  StdioStream(int fd, const char* mode) {
    const int own = dup(fd);
    if (own < 0) fail("dup");
    stream_ = fdopen(own, mode);
    if (!stream_) fail("fdopen");
  }
  ~StdioStream() { std::fclose(stream_); }
  StdioStream(const StdioStream&) = delete;
  StdioStream& operator=(const StdioStream&) = delete;

  std::FILE* get() const { return stream_; }

 private:
  std::FILE* stream_ = nullptr;
};

}  // namespace conveyor::bench

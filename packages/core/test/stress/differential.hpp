#pragma once
/// A handle and a reference file, driven by the same random operations and compared after each.

#include <cerrno>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <sys/stat.h>
#include <unistd.h>

#include <conveyor/conveyor.h>
#include <conveyor/testkit/check.hpp>
#include <conveyor/testkit/file_model.hpp>
#include <conveyor/testkit/prng.hpp>

#include "../capi/fixture.hpp"

namespace conveyor::test {

/// The array of bytes that defines what is right.
class ModelReference {
 public:
  explicit ModelReference(std::string_view bytes) { write(bytes, 0); }
  void write(std::string_view bytes, off_t offset) { model_.pwrite(std::as_bytes(std::span(bytes)), offset); }
  std::string read(std::size_t count, off_t offset) const {
    std::string bytes(count, '\0');
    bytes.resize(static_cast<std::size_t>(model_.pread(std::as_writable_bytes(std::span(bytes)), offset)));
    return bytes;
  }
  void truncate(off_t size) { model_.truncate(size); }
  off_t size() const { return model_.size(); }

 private:
  testkit::FileModel model_;
};

/// A plain file, driven by pread and pwrite.
class PlainFileReference {
 public:
  explicit PlainFileReference(int fd) : fd_(fd) {}
  void write(std::string_view bytes, off_t offset) {
    CHECK_EQ(::pwrite(fd_, bytes.data(), bytes.size(), offset), bytes.size());
  }
  std::string read(std::size_t count, off_t offset) const {
    std::string bytes(count, '\0');
    const ssize_t got = ::pread(fd_, bytes.data(), count, offset);
    bytes.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
    return bytes;
  }
  void truncate(off_t size) { CHECK_EQ(::ftruncate(fd_, size), 0); }
  off_t size() const {
    struct stat status {};
    CHECK_EQ(::fstat(fd_, &status), 0);
    return status.st_size;
  }

 private:
  int fd_;
};

/// What the driver must know of the handle's options.
struct Rules {
  bool append = false;
  bool nonblocking = false;          ///< EAGAIN is an answer: flush and repeat
  bool failing = false;              ///< EIO is an answer: clear the error and repeat
  bool hasty = false;                ///< ETIMEDOUT is an answer: repeat
  std::function<void()> relief = {};    ///< called when an operation keeps running out of time
  std::size_t write_max = SIZE_MAX;  ///< larger single writes are EMSGSIZE
  std::size_t file_size_max = 200'000;
  std::size_t piece_max = 6000;
};

template <typename Reference>
class Differential {
 public:
  Differential(conveyor_t *handle, Reference &reference, const Rules &rules, std::uint64_t seed)
      : handle_(handle), reference_(reference), rules_(rules), prng_(seed) {}

  /// One random operation and its comparison. False when they differ.
  bool step() {
    ++step_;
    switch (prng_.below(20)) {
      case 0: case 1: case 2: return write_here();
      case 3: case 4: case 5: return write_there();
      case 6: return write_vector();
      case 7: case 8: case 9: return read_here();
      case 10: case 11: return read_there();
      case 12: return read_vector();
      case 13: case 14: return seek();
      case 15: return truncate();
      case 16: return same(settle([&] { return conveyor_flush(handle_); }), 0, "flush");
      case 17: return same(settle([&] { return conveyor_sync(handle_, 0); }), 0, "sync");
      case 18: return hint();
      default: return compare();
    }
  }

  /// Size, cursor and every byte.
  bool compare() {
    const off_t size = reference_.size();
    if (!same(settle([&] { return conveyor_size(handle_); }), size, "size")) return false;
    if (!same(conveyor_lseek(handle_, 0, SEEK_CUR), cursor_, "cursor")) return false;
    return same_bytes(static_cast<std::size_t>(size) + 100, 0, "contents");
  }

  /// Errors that had to be cleared.
  int errors() const { return errors_; }

 private:
  static constexpr int kPatientAttempts = 10;

  /// Repeats what the rules allow to fail for a while. Returns the result or -errno.
  template <typename Operation>
  ssize_t settle(Operation operation) {
    for (int attempt = 0; attempt < 1000; ++attempt) {
      errno = 0;
      const ssize_t result = operation();
      if (result != -1) return result;
      const int error = errno;
      if (error == EIO && rules_.failing) {
        ++errors_;
        conveyor_clear_error(handle_);
      } else if (error == EAGAIN && rules_.nonblocking) {
        conveyor_flush(handle_);
      } else if (error == ETIMEDOUT && rules_.hasty) {
        if (attempt >= kPatientAttempts && rules_.relief) rules_.relief();
      } else {
        return -error;
      }
    }
    return -ELOOP;
  }

  bool same(ssize_t got, ssize_t wanted, const char *what) {
    const std::string numbers = std::to_string(got) + ", not " + std::to_string(wanted);
    return CHECK_MSG(got == wanted, std::string(what) + " gave " + numbers + ", in step " + std::to_string(step_));
  }

  bool same_bytes(std::size_t count, off_t offset, const char *what) {
    std::string bytes(count, '\xEE');
    const ssize_t got = settle([&] { return conveyor_pread(handle_, bytes.data(), count, offset); });
    return judge(bytes, got, reference_.read(count, offset), offset, what);
  }

  bool judge(const std::string &bytes, ssize_t got, const std::string &wanted, off_t offset, const char *what) {
    if (!same(got, static_cast<ssize_t>(wanted.size()), what)) return false;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      if (bytes[i] == wanted[i]) continue;
      return CHECK_MSG(false, std::string(what) + " differs at " + std::to_string(offset + static_cast<off_t>(i)) +
                                  " in step " + std::to_string(step_));
    }
    return CHECK_MSG(bytes.find_first_not_of('\xEE', wanted.size()) == std::string::npos, "stored past the answer");
  }

  std::string some_bytes() { return pattern(prng_.below(rules_.piece_max), ++salt_); }
  std::size_t some_count() { return prng_.chance(1, 10) ? prng_.below(150'000) : prng_.below(rules_.piece_max); }

  off_t some_offset() {
    const auto size = static_cast<std::uint64_t>(reference_.size());
    switch (prng_.below(4)) {
      case 0: return cursor_;
      case 1: return static_cast<off_t>(size + prng_.below(100));
      default: return static_cast<off_t>(prng_.below(std::min<std::uint64_t>(size + 3000, rules_.file_size_max)));
    }
  }

  /// Where a write of `count` bytes goes in the reference; keeps files small.
  off_t target(off_t offset, std::size_t count) {
    if (rules_.append) return reference_.size();
    return static_cast<std::size_t>(offset) + count <= rules_.file_size_max ? offset : 0;
  }

  bool too_large() {
    if (!rules_.append || static_cast<std::size_t>(reference_.size()) < rules_.file_size_max) return false;
    if (settle([&] { return conveyor_truncate(handle_, 100); }) == 0) reference_.truncate(100);
    return true;
  }

  bool write_here() {
    if (too_large()) return true;
    const std::string bytes = some_bytes();
    const off_t at = target(cursor_, bytes.size());
    if (!rules_.append && at != cursor_) {
      cursor_ = at;
      if (!same(conveyor_lseek(handle_, at, SEEK_SET), at, "lseek")) return false;
    }
    const ssize_t got = settle([&] { return conveyor_write(handle_, bytes.data(), bytes.size()); });
    if (bytes.size() > rules_.write_max) return same(got, -EMSGSIZE, "write");
    reference_.write(bytes, at);
    if (!rules_.append) cursor_ += static_cast<off_t>(bytes.size());
    // Where an append leaves the cursor is not promised.
    else if (!same(conveyor_lseek(handle_, cursor_, SEEK_SET), cursor_, "lseek")) return false;
    return same(got, static_cast<ssize_t>(bytes.size()), "write");
  }

  bool write_there() {
    if (too_large()) return true;
    const std::string bytes = some_bytes();
    const off_t at = target(some_offset(), bytes.size());
    const ssize_t got = settle([&] { return conveyor_pwrite(handle_, bytes.data(), bytes.size(), at); });
    if (bytes.size() > rules_.write_max) return same(got, -EMSGSIZE, "pwrite");
    reference_.write(bytes, at);
    return same(got, static_cast<ssize_t>(bytes.size()), "pwrite");
  }

  std::vector<iovec> cut(std::string &bytes) {
    std::vector<iovec> parts;
    for (std::size_t at = 0; at < bytes.size() && parts.size() < 5;) {
      const std::size_t count = parts.size() == 4 ? bytes.size() - at : prng_.below(bytes.size() - at + 1);
      parts.push_back({bytes.data() + at, count});
      at += count;
    }
    return parts;
  }

  bool write_vector() {
    if (too_large()) return true;
    std::string bytes = some_bytes();
    const off_t at = target(some_offset(), bytes.size());
    const std::vector<iovec> parts = cut(bytes);
    const auto count = static_cast<int>(parts.size());
    const ssize_t got = settle([&] { return conveyor_pwritev(handle_, parts.data(), count, at); });
    if (bytes.size() > rules_.write_max) return same(got, -EMSGSIZE, "pwritev");
    reference_.write(bytes, at);
    return same(got, static_cast<ssize_t>(bytes.size()), "pwritev");
  }

  bool read_here() {
    std::string bytes(some_count(), '\xEE');
    const off_t at = cursor_;
    const ssize_t got = settle([&] { return conveyor_read(handle_, bytes.data(), bytes.size()); });
    if (got > 0) cursor_ += got;
    return judge(bytes, got, reference_.read(bytes.size(), at), at, "read");
  }

  bool read_there() { return same_bytes(some_count(), some_offset(), "pread"); }

  bool read_vector() {
    std::string bytes(some_count(), '\xEE');
    const off_t at = some_offset();
    const std::vector<iovec> parts = cut(bytes);
    const auto count = static_cast<int>(parts.size());
    const ssize_t got = settle([&] { return conveyor_preadv(handle_, parts.data(), count, at); });
    return judge(bytes, got, reference_.read(bytes.size(), at), at, "preadv");
  }

  bool seek() {
    const int whence = static_cast<int>(prng_.below(3));
    const off_t base = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? cursor_ : reference_.size();
    const off_t offset = prng_.between(-3000, 6000) + (whence == SEEK_SET ? some_offset() : 0);
    const off_t wanted = base + offset;
    const off_t got = settle([&] { return conveyor_lseek(handle_, offset, whence); });
    if (wanted < 0) return same(got, -EINVAL, "lseek");
    cursor_ = wanted;
    return same(got, wanted, "lseek");
  }

  bool truncate() {
    const off_t size = some_offset();
    const ssize_t got = settle([&] { return conveyor_truncate(handle_, size); });
    reference_.truncate(size);
    return same(got, 0, "truncate");
  }

  bool hint() {
    if (prng_.chance(1, 2)) return same(conveyor_invalidate(handle_), 0, "invalidate");
    return same(conveyor_prefetch(handle_, some_offset(), some_count()), 0, "prefetch");
  }

  conveyor_t *handle_;
  Reference &reference_;
  const Rules rules_;
  testkit::Prng prng_;
  off_t cursor_ = 0;
  std::uint64_t salt_ = 0;
  int step_ = 0;
  int errors_ = 0;
};

}  // namespace conveyor::test

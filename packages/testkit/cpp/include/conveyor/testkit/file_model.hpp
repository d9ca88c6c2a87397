#pragma once
/// The one definition of truth for file contents in tests: an array of bytes that behaves as a regular POSIX file
/// does (pread(2), pwrite(2), ftruncate(2)). The TypeScript twin is `FileModel` of @libconveyor/testkit.

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

namespace conveyor::testkit {

/// A file as an array of bytes. Results follow the backend convention of the C API: a count, or -errno.
/// Threads: one at a time.
class FileModel {
 public:
  /// `size_max` bounds the file, so that a wild offset is EFBIG and not the machine's memory.
  explicit FileModel(std::int64_t size_max = std::int64_t{1} << 30) : size_max_(size_max) {}

  /// Copies bytes from `offset` on into `out`. Returns how many there were: fewer than asked only at the end of file.
  /// Errors: -EINVAL for a negative offset.
  std::int64_t pread(std::span<std::byte> out, std::int64_t offset) const {
    if (offset < 0) return -EINVAL;
    if (offset >= size()) return 0;
    const std::size_t count = std::min(out.size(), bytes_.size() - static_cast<std::size_t>(offset));
    if (count > 0) std::memcpy(out.data(), bytes_.data() + offset, count);
    return static_cast<std::int64_t>(count);
  }

  /// Puts `data` at `offset`; a gap before it reads as zeros. Returns data.size(); 0 bytes change nothing.
  /// Errors: -EINVAL for a negative offset, -EFBIG past size_max.
  std::int64_t pwrite(std::span<const std::byte> data, std::int64_t offset) {
    if (offset < 0) return -EINVAL;
    if (data.empty()) return 0;
    if (offset > size_max_ || data.size() > static_cast<std::uint64_t>(size_max_ - offset)) return -EFBIG;
    const std::size_t end = static_cast<std::size_t>(offset) + data.size();
    if (end > bytes_.size()) bytes_.resize(end);
    std::memcpy(bytes_.data() + offset, data.data(), data.size());
    return static_cast<std::int64_t>(data.size());
  }

  /// Puts `data` at the end of file. Returns data.size(). Errors: -EFBIG past size_max.
  std::int64_t append(std::span<const std::byte> data) { return pwrite(data, size()); }

  /// Cuts the file, or extends it by zeros. Returns 0. Errors: -EINVAL when negative, -EFBIG past size_max.
  std::int64_t truncate(std::int64_t size) {
    if (size < 0) return -EINVAL;
    if (size > size_max_) return -EFBIG;
    bytes_.resize(static_cast<std::size_t>(size));
    return 0;
  }

  [[nodiscard]] std::int64_t size() const { return static_cast<std::int64_t>(bytes_.size()); }

  /// The whole content; valid until the next change.
  [[nodiscard]] std::span<const std::byte> bytes() const { return bytes_; }

 private:
  std::int64_t size_max_;
  std::vector<std::byte> bytes_;
};

}  // namespace conveyor::testkit

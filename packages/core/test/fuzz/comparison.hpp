#pragma once
/// A handle and a plain file, under the same operations: each result, each errno, and the bytes at the end.
///
/// The plain file gets real system calls. Where SEMANTICS.md says something else than Linux does (EMSGSIZE, EFBIG,
/// the order in which bad arguments are judged), what it says is expected.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "faulty_file.hpp"
#include "memory_file.hpp"
#include "scenario.hpp"

namespace conveyor::test {

class Comparison {
 public:
  explicit Comparison(std::span<const std::uint8_t> input) : source_(input) {}
  ~Comparison();
  Comparison(const Comparison &) = delete;
  Comparison &operator=(const Comparison &) = delete;

  /// Runs the whole input. Returns what went wrong, or nothing.
  std::optional<std::string> run();

 private:
  static constexpr int kOperationsMax = 80;
  static constexpr std::size_t kBytesMax = std::size_t{2} << 20;  // moved by one input

  static constexpr std::int64_t kBeside = 100;

  /// A part of the files where something may stand; they are sparse.
  struct Touched {
    std::int64_t begin = 0;
    std::int64_t end = 0;
    std::size_t count() const { return static_cast<std::size_t>(end - begin); }
  };

  bool open();
  bool close();
  bool step(const Operation &operation);
  bool read(const Operation &operation);
  bool write(const Operation &operation);
  bool seek(const Operation &operation);
  bool truncate(const Operation &operation);
  bool prefetch(const Operation &operation);
  bool poke(const Operation &operation);
  bool grow(const Operation &operation);
  bool misuse(const Operation &operation);
  void arm(const Operation &operation);
  bool compare();
  bool compare_stored();
  bool land();
  bool settle_cursor();

  template <typename Call>
  std::int64_t settle(Call call);
  std::int64_t plain_read(std::string &bytes, std::int64_t offset, bool at_cursor);
  std::optional<std::int64_t> refusal_of_write(std::size_t count, std::int64_t offset, bool at_cursor) const;
  void plain_write(const std::string &bytes, std::size_t count, std::int64_t offset, bool at_cursor);
  std::size_t bounded(std::size_t count) const;
  std::int64_t offset_of(const Operation &operation) const;
  std::int64_t plain_cursor() const { return ::lseek(plain_fd_, 0, SEEK_CUR); }
  void touch(std::int64_t begin, std::int64_t end);
  bool same(std::int64_t got, std::int64_t wanted, const std::string &what);
  bool same_bytes(const std::string &got, const std::string &wanted, std::int64_t offset, const std::string &what);
  bool fails(const std::string &what);

  ByteSource source_;
  Setup setup_;
  MemoryFile subject_{"subject"};
  MemoryFile plain_{"plain"};
  std::unique_ptr<FaultyFile> faulty_;
  conveyor_t *handle_ = nullptr;
  int subject_fd_ = -1;
  int plain_fd_ = -1;
  int fail_error_ = 0;  // an errno that calls may return now
  std::vector<Touched> touched_;
  std::size_t moved_ = 0;
  std::uint64_t salt_ = 0;
  int step_ = 0;
  std::optional<std::string> failure_;
};

}  // namespace conveyor::test

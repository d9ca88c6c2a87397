// Many handles, one after another and at once: what they leave behind, and what they hold together. A program of its
// own: it gives the process a budget.

#include <array>
#include <atomic>
#include <cstring>
#include <memory>
#include <vector>

#include "../capi/fixture.hpp"
#include "../capi/temporary_file.hpp"
#include "process_status.hpp"

namespace conveyor::test {
namespace {

constexpr std::size_t kMiB = 1 << 20;
constexpr std::uint64_t kBudget = 48 * kMiB;

void configure() {
  static const bool configured = [] {
    conveyor_runtime_t runtime{};
    runtime.struct_size = sizeof runtime;
    runtime.memory_budget = kBudget;
    return conveyor_runtime_configure(&runtime) == 0;
  }();
  REQUIRE(configured);
}

/// Opens, writes, lands, reads and closes `count` handles of one file, one after another. Returns 0, or -1.
ssize_t use_and_close(int fd, std::size_t count, off_t offset) {
  const std::string bytes = pattern(500, static_cast<std::uint64_t>(offset));
  for (std::size_t i = 0; i < count; ++i) {
    conveyor_t *handle = nullptr;
    if (conveyor_open_fd(&handle, fd, O_RDWR, nullptr) != 0) return -1;
    if (!write_at(handle, bytes, offset) || conveyor_flush(handle) != 0) return -1;
    if (read_at(handle, bytes.size(), offset) != bytes || conveyor_close(handle) != 0) return -1;
  }
  return 0;
}

TEST(lesson_21, a_hundred_thousand_handles_used_once_leave_nothing_behind) {
  configure();
  constexpr std::size_t kThreads = 4;
  constexpr std::size_t kHandles = testkit::kSanitized ? 4000 : 100'000;
  TemporaryFile file(std::string(kThreads * 1000, '.'));
  const auto use = [&](std::size_t count) {
    std::vector<std::unique_ptr<Background>> threads;
    for (std::size_t t = 0; t < kThreads; ++t) {
      const auto offset = static_cast<off_t>(t) * 1000;
      threads.push_back(std::make_unique<Background>(
          [&file, share = count / kThreads, offset] { return use_and_close(file.fd(), share, offset); }));
    }
    for (const auto &thread : threads) CHECK_EQ(thread->result(), 0);
  };
  use(kHandles / 10);  // the pool runs, and memory that is kept for reuse is there
  const std::uint64_t resident = resident_bytes();
  const std::uint64_t descriptors = open_descriptors();
  use(kHandles);
  CHECK_EQ(open_descriptors(), descriptors);
  if (!testkit::kSanitized) CHECK_LE(resident_bytes(), resident + kMiB);
}

TEST(w6, handles_without_number_leave_half_of_the_budget_to_rings) {
  configure();
  constexpr std::size_t kHandles = 30'000;  // they take far more for themselves than the budget
  TemporaryFile file;
  std::vector<conveyor_t *> handles(kHandles, nullptr);
  for (conveyor_t *&handle : handles) REQUIRE_EQ(ERRNO_OF(conveyor_open_fd(&handle, file.fd(), O_RDWR, nullptr)), 0);
  conveyor_options_t options = default_options();
  options.write_timeout_ms = 10'000;
  conveyor_t *last = nullptr;
  REQUIRE_EQ(ERRNO_OF(conveyor_open_fd(&last, file.fd(), O_RDWR, &options)), 0);
  const std::string bytes = pattern(2 * kMiB, 1);
  CHECK(write_at(last, bytes, 0));
  CHECK_EQ(ERRNO_OF(conveyor_flush(last)), 0);
  CHECK(read_at(last, bytes.size(), 0) == bytes);
  CHECK_EQ(ERRNO_OF(conveyor_close(last)), 0);
  for (conveyor_t *handle : handles) CHECK_EQ(ERRNO_OF(conveyor_close(handle)), 0);
}

/// A file that holds nothing: what is read is made, what is written is looked at.
class EndlessFile {
 public:
  EndlessFile(std::uint64_t salt, std::size_t size) : salt_(salt), size_(size) {}

  conveyor_backend_t table() {
    conveyor_backend_t table{};
    table.struct_size = sizeof table;
    table.ctx = this;
    table.pread = [](void *self, void *buf, std::size_t count, off_t offset) {
      return of(self).read(static_cast<char *>(buf), count, static_cast<std::size_t>(offset));
    };
    table.pwrite = [](void *self, const void *buf, std::size_t count, off_t offset) {
      return of(self).write(static_cast<const char *>(buf), count, static_cast<std::size_t>(offset));
    };
    table.size = [](void *self) { return static_cast<off_t>(of(self).size_); };
    return table;
  }
  /// The word at a multiple of eight.
  std::uint64_t word(std::size_t offset) const { return (salt_ << 40 | offset) * 0x9e3779b97f4a7c15U; }
  std::size_t written() const { return written_; }
  bool is_right() const { return right_; }

 private:
  static EndlessFile &of(void *self) { return *static_cast<EndlessFile *>(self); }

  // Blocks are multiples of eight here.
  ssize_t read(char *to, std::size_t count, std::size_t offset) const {
    count = offset >= size_ ? 0 : std::min(count, size_ - offset);
    for (std::size_t i = 0; i < count; i += 8) {
      const std::uint64_t value = word(offset + i);
      std::memcpy(to + i, &value, 8);
    }
    return static_cast<ssize_t>(count);
  }
  ssize_t write(const char *from, std::size_t count, std::size_t offset) {
    for (std::size_t i = 0; i < count; i += 8) {
      const std::uint64_t value = ~word(offset + i);
      if (std::memcmp(from + i, &value, 8) != 0) right_ = false;
    }
    written_ += count;
    return static_cast<ssize_t>(count);
  }

  const std::uint64_t salt_;
  const std::size_t size_;
  std::atomic<std::size_t> written_{0};
  std::atomic<bool> right_{true};
};

/// Copies the next block of a file over itself, inverted. False when a byte or a call is wrong.
bool stream_on(conveyor_t *handle, const EndlessFile &file, std::size_t offset) {
  std::array<std::uint64_t, 1024> block;
  if (conveyor_read(handle, block.data(), sizeof block) != sizeof block) return false;
  for (std::size_t i = 0; i < block.size(); ++i) {
    if (block[i] != file.word(offset + 8 * i)) return false;
    block[i] = ~block[i];
  }
  return conveyor_pwrite(handle, block.data(), sizeof block, static_cast<off_t>(offset)) == sizeof block;
}

TEST(w6, a_thousand_streams_stay_in_the_budget_and_all_come_to_their_end) {
  configure();
  constexpr std::size_t kStreams = testkit::kSanitized ? 200 : 1000;
  constexpr std::size_t kThreads = 8;
  constexpr std::size_t kBlock = 8192;
  constexpr std::size_t kSize = (testkit::kSanitized ? 16 : 64) * kBlock;
  constexpr std::uint64_t kThreadsOwn = 4 * kMiB;  // stacks and arenas of this test and of the pool
  std::vector<std::unique_ptr<EndlessFile>> files;
  std::vector<conveyor_t *> handles(kStreams, nullptr);
  const std::uint64_t resident = resident_bytes();
  for (std::size_t i = 0; i < kStreams; ++i) {
    files.push_back(std::make_unique<EndlessFile>(i, kSize));
    const conveyor_backend_t table = files.back()->table();
    REQUIRE_EQ(ERRNO_OF(conveyor_create(&handles[i], &table, O_RDWR, nullptr)), 0);
  }
  std::vector<std::unique_ptr<Background>> threads;
  for (std::size_t t = 0; t < kThreads; ++t) {
    threads.push_back(std::make_unique<Background>([&, t]() -> ssize_t {
      for (std::size_t at = 0; at < kSize; at += kBlock) {
        for (std::size_t i = t; i < kStreams; i += kThreads) {
          if (!stream_on(handles[i], *files[i], at)) return -1;
        }
      }
      return 0;
    }));
  }
  std::uint64_t most = 0;
  for (bool running = true; running;) {
    running = false;
    for (const auto &thread : threads) running = running || !thread->has_returned();
    most = std::max(most, resident_bytes());
    sched_yield();
  }
  for (const auto &thread : threads) CHECK_EQ(thread->result(), 0);
  for (conveyor_t *handle : handles) CHECK_EQ(ERRNO_OF(conveyor_close(handle)), 0);
  for (const auto &file : files) CHECK(file->is_right() && file->written() >= kSize);
  if (!testkit::kSanitized) CHECK_LE(most, resident + kBudget + kThreadsOwn);
  std::printf("  most resident above the start: %zu KiB\n", static_cast<std::size_t>((most - resident) / 1024));
}

}  // namespace
}  // namespace conveyor::test

CONVEYOR_TEST_MAIN()

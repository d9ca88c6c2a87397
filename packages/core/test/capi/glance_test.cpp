// Asynchronous reads of files: what is at hand is read at once on the calling thread, and that thread never waits for a
// device.

#include <sys/mman.h>
#include <sys/vfs.h>

#include <linux/magic.h>

#include <conveyor/testkit/prng.hpp>

#include "completion.hpp"
#include "fd_handle.hpp"
#include "temporary_file.hpp"

namespace conveyor::test {
namespace {

constexpr std::size_t kSize = 3'000'001;

/// A file in memory, or nothing where the machine has no such place.
bool is_in_memory(const TemporaryFile &file) {
  struct statfs system {};
  return fstatfs(file.fd(), &system) == 0 && system.f_type == TMPFS_MAGIC;
}

/// Workers are given a chance every now and then; with so large a window, not within a test.
conveyor_options_t alone_options() {
  conveyor_options_t options = patient_options();
  options.read_capacity_max = std::size_t{16} << 20;
  return options;
}

/// Reads; REQUIREs that it is done when the call returns.
std::string read_at_once(conveyor_t *handle, std::size_t count, off_t offset) {
  Completion never;
  std::string buffer(count, '\xEE');
  const ssize_t got = conveyor_read_async(handle, buffer.data(), count, offset, Completion::done, &never);
  REQUIRE(got >= 0);
  CHECK(!never.is_done());
  buffer.resize(static_cast<std::size_t>(got));
  return buffer;
}

/// Reads, and waits if need be.
std::string read_async(conveyor_t *handle, std::size_t count, off_t offset) {
  Completion read;
  std::string buffer(count, '\xEE');
  ssize_t got = conveyor_read_async(handle, buffer.data(), count, offset, Completion::done, &read);
  if (got == CONVEYOR_PENDING) got = read.result();
  REQUIRE(got >= 0);
  buffer.resize(static_cast<std::size_t>(got));
  return buffer;
}

/// Pages of the file that the page cache holds.
std::size_t cached_pages(const TemporaryFile &file, std::size_t size) {
  void *memory = mmap(nullptr, size, PROT_READ, MAP_SHARED, file.fd(), 0);
  REQUIRE(memory != MAP_FAILED);
  std::vector<unsigned char> pages((size + 4095) / 4096);
  REQUIRE_EQ(mincore(memory, size, pages.data()), 0);
  munmap(memory, size);
  return static_cast<std::size_t>(std::count_if(pages.begin(), pages.end(), [](unsigned char p) { return p & 1; }));
}

TEST(w9, an_append_that_a_read_waits_for_is_not_taken_for_a_read) {
  const std::string bytes = pattern(5000, 1);
  TemporaryFile file(bytes);
  REQUIRE_EQ(fcntl(file.fd(), F_SETFL, O_APPEND), 0);
  FdHandle handle(file.fd(), O_RDWR | O_APPEND, patient_options());
  REQUIRE_EQ(conveyor_write(handle, "end", 3), 3);
  CHECK_EQ(read_async(handle, 10, CONVEYOR_AT_CURSOR), "");
  CHECK_EQ(read_async(handle, 10, 4998), bytes.substr(4998) + "end");
  REQUIRE_EQ(ERRNO_OF(conveyor_flush(handle)), 0);
  CHECK_EQ(file.bytes(), bytes + "end");
}

TEST(r1, what_is_at_hand_is_read_on_the_calling_thread) {
  const std::string bytes = pattern(kSize, 1);
  TemporaryFile file(bytes);
  if (!is_in_memory(file)) SKIP("no file system in memory");
  FdHandle handle(file.fd(), O_RDONLY, alone_options());
  for (std::size_t at = 0; at < kSize; at += 4096) {
    REQUIRE_EQ(read_at_once(handle, 4096, CONVEYOR_AT_CURSOR), bytes.substr(at, 4096));
  }
  CHECK_EQ(read_at_once(handle, 4096, CONVEYOR_AT_CURSOR), "");
  testkit::Prng prng(testkit::seed());
  for (int i = 0; i < 300; ++i) {
    const std::size_t at = prng.below(kSize + 5000);
    const std::size_t count = 1 + prng.below(9000);
    REQUIRE_EQ(read_at_once(handle, count, static_cast<off_t>(at)), at < kSize ? bytes.substr(at, count) : "");
  }
}

TEST(r2, a_read_at_once_sees_what_was_accepted) {
  std::string bytes = pattern(kSize, 1);
  TemporaryFile file(bytes);
  if (!is_in_memory(file)) SKIP("no file system in memory");
  FdHandle handle(file.fd(), O_RDWR);
  testkit::Prng prng(testkit::seed());
  for (int i = 0; i < 300; ++i) {
    const std::size_t at = prng.below(kSize);
    const std::string piece = pattern(1 + prng.below(5000), 2, at);
    REQUIRE(write_at(handle, piece, static_cast<off_t>(at)));
    if (bytes.size() < at + piece.size()) bytes.resize(at + piece.size());
    bytes.replace(at, piece.size(), piece);
    const std::size_t from = at - std::min<std::size_t>(at, prng.below(9000));
    REQUIRE_EQ(read_async(handle, 12'000, static_cast<off_t>(from)), bytes.substr(from, 12'000));
    if (prng.chance(1, 20)) REQUIRE_EQ(ERRNO_OF(conveyor_flush(handle)), 0);
  }
  REQUIRE_EQ(ERRNO_OF(conveyor_flush(handle)), 0);
  CHECK(file.bytes() == bytes);
}

TEST(r1, what_a_device_has_to_deliver_is_read_elsewhere) {
  const std::string bytes = pattern(kSize, 1);
  TemporaryFile file(bytes, "/var/tmp");
  REQUIRE_EQ(fsync(file.fd()), 0);
  REQUIRE_EQ(posix_fadvise(file.fd(), 0, 0, POSIX_FADV_DONTNEED), 0);
  if (cached_pages(file, kSize) > 0) SKIP("the file system keeps its pages");
  FdHandle handle(file.fd(), O_RDONLY);
  Completion read;
  std::string buffer(4096, '\xEE');
  const ssize_t got = conveyor_read_async(handle, buffer.data(), 4096, 0, Completion::done, &read);
  if (got == 4096) SKIP("the device is memory");
  REQUIRE_EQ(got, CONVEYOR_PENDING);
  REQUIRE_EQ(read.result(), 4096);
  CHECK_EQ(buffer, bytes.substr(0, 4096));
  testkit::Prng prng(testkit::seed());
  for (int i = 0; i < 200; ++i) {
    if (prng.chance(1, 8)) posix_fadvise(file.fd(), 0, 0, POSIX_FADV_DONTNEED);
    const std::size_t at = prng.below(kSize);
    REQUIRE_EQ(read_async(handle, 1 + prng.below(70'000), static_cast<off_t>(at)).substr(0, 1), bytes.substr(at, 1));
    REQUIRE_EQ(read_async(handle, 5000, static_cast<off_t>(at)), bytes.substr(at, 5000));
  }
}

TEST(f9, a_read_at_once_needs_no_time_limit) {
  const std::string bytes = pattern(kSize, 1);
  TemporaryFile file(bytes);
  if (!is_in_memory(file)) SKIP("no file system in memory");
  conveyor_options_t options = alone_options();
  options.read_timeout_ms = 1;
  FdHandle handle(file.fd(), O_RDONLY, options);
  for (std::size_t at = 0; at < kSize; at += 4096) {
    REQUIRE_EQ(read_at_once(handle, 4096, CONVEYOR_AT_CURSOR), bytes.substr(at, 4096));
  }
}

TEST(c1, a_callback_may_start_reads_of_a_file) {
  const std::string bytes = pattern(kSize, 1);
  TemporaryFile file(bytes);
  FdHandle handle(file.fd(), O_RDWR);
  Completion flush, read;
  std::string buffer(5000, '\xEE');
  flush.then = [&](ssize_t) {
    const ssize_t got = conveyor_read_async(handle, buffer.data(), 5000, 100'000, Completion::done, &read);
    if (got != CONVEYOR_PENDING) Completion::done(&read, got);
  };
  REQUIRE(write_at(handle, "x", 0));
  REQUIRE_EQ(conveyor_flush_async(handle, Completion::done, &flush), CONVEYOR_PENDING);
  REQUIRE_EQ(flush.result(), 0);
  REQUIRE_EQ(read.result(), 5000);
  CHECK_EQ(buffer, bytes.substr(100'000, 5000));
}

}  // namespace
}  // namespace conveyor::test

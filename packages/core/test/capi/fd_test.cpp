// conveyor_open_fd: handles over real files.

#include <sys/resource.h>
#include <sys/socket.h>

#include <conveyor/testkit/prng.hpp>

#include "fd_handle.hpp"
#include "temporary_file.hpp"

namespace conveyor::test {
namespace {

/// What conveyor_open_fd refuses a descriptor with; 0 when it takes it.
int refusal(int fd, int flags) {
  const conveyor_options_t options = default_options();
  conveyor_t *handle = reinterpret_cast<conveyor_t *>(&errno);
  const int error = ERRNO_OF(conveyor_open_fd(&handle, fd, flags, &options));
  if (error != 0) CHECK(handle == nullptr);
  else conveyor_destroy(handle);
  return error;
}

TEST(p1, a_round_trip_through_a_real_file) {
  TemporaryFile file;
  FdHandle handle(file.fd(), O_RDWR);
  const std::string expected = pattern(3'000'000, 1);
  for (std::size_t at = 0; at < expected.size(); at += 4096) REQUIRE(write_next(handle, expected.substr(at, 4096)));
  CHECK(read_at(handle, expected.size() + 1, 0) == expected);
  REQUIRE_EQ(ERRNO_OF(conveyor_sync(handle, 0)), 0);
  CHECK(file.bytes() == expected);
  REQUIRE_EQ(conveyor_lseek(handle, 0, SEEK_SET), 0);
  for (std::size_t at = 0; at < expected.size(); at += 4096) {
    REQUIRE_EQ(read_next(handle, 4096), expected.substr(at, 4096));
  }
  CHECK_EQ(handle.close(), 0);
  CHECK(fcntl(file.fd(), F_GETFD) >= 0);  // the descriptor stays the caller's
}

TEST(p1, the_descriptor_must_allow_the_mode) {
  TemporaryFile file("abc");
  const int read_only = open(file.path().c_str(), O_RDONLY | O_CLOEXEC);
  const int write_only = open(file.path().c_str(), O_WRONLY | O_CLOEXEC);
  CHECK_EQ(refusal(read_only, O_RDONLY), 0);
  CHECK_EQ(refusal(read_only, O_WRONLY), EBADF);
  CHECK_EQ(refusal(read_only, O_RDWR), EBADF);
  CHECK_EQ(refusal(write_only, O_WRONLY), 0);
  CHECK_EQ(refusal(write_only, O_RDONLY), EBADF);
  CHECK_EQ(refusal(write_only, O_RDWR), EBADF);
  CHECK_EQ(refusal(file.fd(), O_RDWR), 0);
  close(read_only);
  close(write_only);
}

TEST(p1, what_is_no_file_is_refused) {
  int ends[2];
  REQUIRE_EQ(pipe(ends), 0);
  CHECK_EQ(refusal(ends[0], O_RDONLY), ESPIPE);
  CHECK_EQ(refusal(ends[1], O_WRONLY), ESPIPE);
  close(ends[0]);
  close(ends[1]);
  REQUIRE_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
  CHECK_EQ(refusal(ends[0], O_RDWR), ESPIPE);
  close(ends[0]);
  close(ends[1]);
  const int directory = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  CHECK_EQ(refusal(directory, O_RDONLY), EISDIR);
  close(directory);
  CHECK_EQ(refusal(-1, O_RDONLY), EBADF);
  CHECK_EQ(refusal(1'000'000, O_RDONLY), EBADF);
}

TEST(p1, an_append_descriptor_needs_append_mode) {
  TemporaryFile file("abc");
  const int append = open(file.path().c_str(), O_RDWR | O_APPEND | O_CLOEXEC);
  CHECK_EQ(refusal(append, O_RDWR), EINVAL);  // its pwrite would ignore the offset
  {
    FdHandle handle(append, O_RDWR | O_APPEND);
    REQUIRE(write_next(handle, "def"));
    CHECK_EQ(read_at(handle, 10, 0), "abcdef");
  }
  CHECK_EQ(file.bytes(), "abcdef");
  close(append);
}

TEST(w9, appending_through_two_handles_of_one_file_loses_nothing) {
  TemporaryFile file;
  {
    const int first = open(file.path().c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
    const int second = open(file.path().c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
    conveyor_options_t options = default_options();
    options.max_dirty_ms = 1;
    FdHandle one(first, O_WRONLY | O_APPEND, options);
    FdHandle two(second, O_WRONLY | O_APPEND, options);
    Background writer([&] {
      for (int i = 0; i < 500; ++i) {
        if (!write_next(one, "one.")) return -1;
      }
      return conveyor_flush(one);
    });
    for (int i = 0; i < 500; ++i) REQUIRE(write_next(two, "two."));
    CHECK_EQ(writer.result(), 0);
    REQUIRE_EQ(two.close(), 0);
    REQUIRE_EQ(one.close(), 0);
    close(first);
    close(second);
  }
  const std::string bytes = file.bytes();
  REQUIRE_EQ(bytes.size(), 4000U);
  int ones = 0;
  for (std::size_t at = 0; at < bytes.size(); at += 4) ones += bytes.compare(at, 4, "one.") == 0 ? 1 : 0;
  CHECK_EQ(ones, 500);
}

TEST(p2, the_position_of_the_descriptor_is_taken_over) {
  TemporaryFile file("0123456789");
  REQUIRE_EQ(lseek(file.fd(), 4, SEEK_SET), 4);
  FdHandle handle(file.fd(), O_RDWR);
  CHECK_EQ(conveyor_lseek(handle, 0, SEEK_CUR), 4);
  CHECK_EQ(read_next(handle, 2), "45");
  REQUIRE(write_next(handle, "xy"));
  REQUIRE_EQ(handle.close(), 0);
  CHECK_EQ(file.bytes(), "012345xy89");
}

TEST(p4, truncate_reaches_the_file) {
  TemporaryFile file("0123456789");
  FdHandle handle(file.fd(), O_RDWR);
  REQUIRE(write_at(handle, "abc", 20));
  REQUIRE_EQ(ERRNO_OF(conveyor_truncate(handle, 5)), 0);
  REQUIRE_EQ(ERRNO_OF(conveyor_flush(handle)), 0);
  CHECK_EQ(file.bytes(), "01234");
}

TEST(f5, owned_descriptors_are_closed_with_the_handle) {
  TemporaryFile file("abc");
  const int fd = open(file.path().c_str(), O_RDWR | O_CLOEXEC);
  conveyor_options_t options = patient_options();
  options.owns_fd = 1;
  FdHandle handle(fd, O_RDWR, options);
  REQUIRE(write_at(handle, "x", 0));
  REQUIRE_EQ(handle.close(), 0);
  CHECK_EQ(ERRNO_OF(fcntl(fd, F_GETFD)), EBADF);
  CHECK_EQ(file.bytes(), "xbc");
}

TEST(f5, a_refused_descriptor_is_not_closed) {
  TemporaryFile file("abc");
  conveyor_options_t options = patient_options();
  options.owns_fd = 1;
  options.max_io = 1;  // nonsense
  conveyor_t *handle = nullptr;
  CHECK_EQ(ERRNO_OF(conveyor_open_fd(&handle, file.fd(), O_RDWR, &options)), EINVAL);
  CHECK(handle == nullptr);
  CHECK(fcntl(file.fd(), F_GETFD) >= 0);
}

TEST(f4, a_full_device_is_enospc_and_keeps_the_bytes) {
  const int full = open("/dev/full", O_RDWR | O_CLOEXEC);
  if (full < 0) SKIP("no /dev/full");
  // A character device is no regular file; a size limit makes one that is full.
  close(full);
  TemporaryFile file;
  rlimit before{};
  REQUIRE_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit small = {8192, before.rlim_max};
  REQUIRE_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  {
    FdHandle handle(file.fd(), O_RDWR);
    CHECK(write_at(handle, pattern(4096, 1), 6000));
    CHECK_EQ(ERRNO_OF(conveyor_flush(handle)), EFBIG);
    CHECK_EQ(read_at(handle, 4096, 6000), pattern(4096, 1));
    CHECK_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
    CHECK_EQ(ERRNO_OF(conveyor_clear_error(handle)), 0);
    CHECK_EQ(ERRNO_OF(conveyor_flush(handle)), 0);
  }
  std::signal(SIGXFSZ, old_handler);
  CHECK_EQ(file.bytes().substr(6000), pattern(4096, 1));
}

TEST(r3, aligned_reads_end_where_offsets_end) {
  TemporaryFile file("some bytes");
  conveyor_options_t options = default_options();
  options.read_align = 4096;
  conveyor_t *handle = nullptr;
  REQUIRE_EQ(ERRNO_OF(conveyor_open_fd(&handle, file.fd(), O_RDWR, &options)), 0);
  CHECK_EQ(read_at(handle, 100, INT64_MAX - 100), "");
  CHECK_EQ(ERRNO_OF(conveyor_close(handle)), 0);
}

TEST(r1, a_real_file_that_grows_is_seen_to_grow) {
  TemporaryFile file("0123456789");
  FdHandle handle(file.fd(), O_RDONLY);
  CHECK_EQ(read_next(handle, 100), "0123456789");
  CHECK_EQ(read_next(handle, 100), "");
  REQUIRE_EQ(::pwrite(file.fd(), "abc", 3, 10), 3);
  CHECK_EQ(read_next(handle, 100), "abc");
  CHECK_EQ(conveyor_size(handle), 13);
}

}  // namespace
}  // namespace conveyor::test

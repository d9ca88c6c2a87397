// One process that contends for a lock, for apps/bench: `lock_bench SIDE COUNTER`.
//
//   flock       what a C program does without a library: open, flock, close, on the sidecar
//   conveyor    the C++ API
//
// Says `ready`, and for each line on standard input does as told and says `done COUNT NS`:
//
//   increments COUNT    reads the number in the counter and writes it back, greater by one, under the lock
//   pairs COUNT         takes and gives back the lock
//   share MS            increments until the time is over

#include <conveyor/file_lock/file_lock.hpp>
#include <fcntl.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <string>

namespace {

[[noreturn]] void fail(const char* what) {
  std::perror(what);
  std::exit(1);
}

int64_t now_ns() {
  timespec time;
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

void increment(int counter) {
  int64_t value = 0;
  if (::pread(counter, &value, sizeof value, 0) != sizeof value) fail("pread");
  ++value;
  if (::pwrite(counter, &value, sizeof value, 0) != sizeof value) fail("pwrite");
}

/// The peer: no check, no table, no holder; three calls.
template <class Body>
void with_flock(const std::string& sidecar, Body body) {
  const int fd = ::open(sidecar.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (fd < 0) fail("open");
  if (::flock(fd, LOCK_EX) != 0) fail("flock");
  body();
  ::close(fd);
}

template <class Body>
void with_conveyor(const std::string& path, Body body) {
  conveyor::FileLock lock;
  if (conveyor::FileLock::acquire(path, {}, &lock) != 0) fail("acquire");
  body();
  if (lock.release() != 0) fail("release");
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 3) fail("lock_bench SIDE COUNTER");
  const bool is_peer = std::strcmp(arguments[1], "flock") == 0;
  const std::string path = arguments[2];
  const std::string sidecar = path + ".lock";
  const int counter = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
  if (counter < 0) fail("open");
  const auto locked = [&](auto body) {
    if (is_peer) {
      with_flock(sidecar, body);
    } else {
      with_conveyor(path, body);
    }
  };
  std::cout << "ready" << std::endl;
  std::string task;
  int64_t amount = 0;
  while (std::cin >> task >> amount) {
    int64_t done = 0;
    const int64_t begin = now_ns();
    const int64_t end = begin + amount * 1'000'000;
    for (; task == "share" ? now_ns() < end : done < amount; ++done) {
      locked([&] {
        if (task != "pairs") increment(counter);
      });
    }
    std::cout << "done " << done << ' ' << now_ns() - begin << std::endl;
  }
  return 0;
}

#pragma once
/// A file behind callbacks whose counts are short and whose calls fail, the same way in every run: what happens to a
/// call depends on its kind and offset, not on its turn.

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <mutex>
#include <set>
#include <utility>

#include <conveyor/conveyor.h>

#include "memory_file.hpp"
#include "scenario.hpp"

namespace conveyor::test {

class FaultyFile {
 public:
  enum Kind : std::uint8_t { kRead, kWrite, kSize, kAppend, kTruncate, kSync, kKinds };

  FaultyFile(const MemoryFile &file, const Setup &setup) : file_(file), setup_(setup) {}

  /// The next `times` calls of this kind fail with `error`. Threads: any.
  void fail(Kind kind, int error, unsigned times) {
    const std::scoped_lock lock(mutex_);
    failing_[kind] = {error, times};
  }
  /// No call fails for good any more. Threads: any.
  void relent() {
    const std::scoped_lock lock(mutex_);
    failing_ = {};
  }

  conveyor_backend_t table() {
    conveyor_backend_t table{};
    table.struct_size = sizeof table;
    table.ctx = this;
    table.pread = [](void *self, void *buf, std::size_t count, off_t offset) {
      return of(self).transfer(kRead, offset, count,
                               [&](std::size_t most) { return ::pread(of(self).file_.fd(), buf, most, offset); });
    };
    table.pwrite = [](void *self, const void *buf, std::size_t count, off_t offset) {
      return of(self).transfer(kWrite, offset, count,
                               [&](std::size_t most) { return ::pwrite(of(self).file_.fd(), buf, most, offset); });
    };
    table.size = [](void *self) { return of(self).attempt(kSize, 0, [&] { return of(self).file_.size(); }); };
    if (setup_.has_append) {
      table.append = [](void *self, const void *buf, std::size_t count) { return of(self).append(buf, count); };
    }
    if (setup_.has_truncate) {
      table.truncate = [](void *self, off_t size) {
        const auto cut = [&] { return static_cast<off_t>(::ftruncate(of(self).file_.fd(), size)); };
        return static_cast<int>(of(self).attempt(kTruncate, size, cut));
      };
    }
    if (setup_.has_sync) {
      table.sync = [](void *self, int) {
        return static_cast<int>(of(self).attempt(kSync, 0, [] { return off_t{0}; }));
      };
    }
    table.retryable = [](void *, int error) { return error == EBUSY ? 1 : 0; };
    return table;
  }

 private:
  static constexpr unsigned kTransientMax = 3;  // each costs a millisecond or more

  struct Failing {
    int error = 0;
    unsigned times = 0;
  };

  static FaultyFile &of(void *self) { return *static_cast<FaultyFile *>(self); }

  static std::uint64_t mix(std::uint64_t kind, std::uint64_t offset) {
    std::uint64_t z = offset * 0x9e3779b97f4a7c15U + kind + 1;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    return z ^ (z >> 31);
  }

  /// -errno where this call has to fail, else 0.
  int fault(Kind kind, off_t offset) {
    const std::scoped_lock lock(mutex_);
    if (failing_[kind].times > 0) {
      --failing_[kind].times;
      return -failing_[kind].error;
    }
    const std::uint64_t choice = mix(kind, static_cast<std::uint64_t>(offset));
    if (!setup_.transient_errors || choice % 4 != 0 || disturbed_.size() >= kTransientMax) return 0;
    if (!disturbed_.insert({kind, offset}).second) return 0;
    constexpr std::array kErrors = {EINTR, EAGAIN, EBUSY};
    return -kErrors[choice / 4 % kErrors.size()];
  }

  template <typename Work>
  off_t attempt(Kind kind, off_t offset, Work work) {
    if (const int error = fault(kind, offset)) return error;
    const off_t result = work();
    return result < 0 ? -errno : result;
  }

  template <typename Work>
  ssize_t transfer(Kind kind, off_t offset, std::size_t count, Work work) {
    std::size_t most = count;
    if (setup_.transfer_max != 0) {
      const std::uint64_t choice = mix(kind, static_cast<std::uint64_t>(offset)) >> 8;
      most = std::min<std::size_t>(count, 1 + choice % setup_.transfer_max);
    }
    return attempt(kind, offset, [&] { return work(most); });
  }

  ssize_t append(const void *buf, std::size_t count) {
    const std::scoped_lock lock(appending_);
    const off_t end = file_.size();
    return transfer(kAppend, end, count, [&](std::size_t most) { return ::pwrite(file_.fd(), buf, most, end); });
  }

  const MemoryFile &file_;
  const Setup &setup_;
  std::mutex appending_;
  // Guarded by mutex_.
  std::mutex mutex_;
  std::array<Failing, kKinds> failing_{};
  std::set<std::pair<Kind, off_t>> disturbed_;
};

}  // namespace conveyor::test

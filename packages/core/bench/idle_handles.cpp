// What handles cost that nobody is using: threads and resident memory of this process above what it had before.
#include <algorithm>
#include <array>
#include <memory>

#include <cerrno>
#include <ctime>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "open_handle.hpp"
#include "process/process_status.hpp"
#include "workload.hpp"

namespace conveyor::bench {
namespace {

constexpr std::array<std::string_view, 2> kConditions{"opened", "used"};
constexpr std::uint64_t kSpareDescriptors = 64;

/// Raises the limit of descriptors as far as allowed. Returns it.
std::uint64_t descriptors_most() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) fail("getrlimit");
  limit.rlim_cur = limit.rlim_max;
  if (setrlimit(RLIMIT_NOFILE, &limit) != 0) fail("setrlimit");
  return limit.rlim_cur;
}

/// Descriptors of one file; closed at the end.
class Descriptors {
 public:
  Descriptors(const std::string& path, std::uint64_t count) {
    fds_.reserve(count);
    for (std::uint64_t i = 0; i < count; ++i) {
      const int fd = open(path.c_str(), O_RDWR | O_CLOEXEC);
      if (fd < 0) fail("open");
      fds_.push_back(fd);
    }
  }
  ~Descriptors() {
    for (const int fd : fds_) close(fd);
  }
  Descriptors(const Descriptors&) = delete;

  int operator[](std::uint64_t index) const { return fds_[index % fds_.size()]; }
  std::uint64_t count() const { return fds_.size(); }

 private:
  std::vector<int> fds_;
};

/// Each handle accepts a block, lands it and reads it back.
void use_once(const std::vector<std::unique_ptr<OpenHandle>>& handles, const Settings& settings, ScratchFile& file) {
  Pattern pattern(settings.seed, settings.block);
  std::vector<std::byte> buffer(settings.block);
  for (std::uint64_t i = 0; i < handles.size(); ++i) {
    const auto offset = static_cast<off_t>(i * settings.block);
    require_whole(conveyor_pwrite(*handles[i], pattern.block(i), settings.block, offset), settings.block, "a write");
    handles[i]->flush();
    require_whole(conveyor_pread(*handles[i], buffer.data(), settings.block, offset), settings.block, "a read");
    pattern.require_equal(buffer, i);
  }
  file.require_content(pattern, handles.size() * settings.block, settings.block);
}

void rest(std::uint64_t rest_ms) {
  const auto ms = static_cast<long>(rest_ms);
  timespec delay{ms / 1000, ms % 1000 * 1'000'000};
  while (clock_nanosleep(CLOCK_MONOTONIC, 0, &delay, &delay) == EINTR) {
  }
}

void run(const Settings& settings, Report& report) {
  ScratchFile file(settings.directory);
  const std::uint64_t most = descriptors_most();
  if (most <= kSpareDescriptors) throw BadArguments("the limit of open files is too low (ulimit -n)");
  const Descriptors descriptors(file.path(), std::min(settings.handles, most - kSpareDescriptors));
  std::vector<std::unique_ptr<OpenHandle>> handles;
  handles.reserve(settings.handles);
  const std::uint64_t resident_before = test::process_status("VmRSS");

  for (std::uint64_t i = 0; i < settings.handles; ++i) {
    handles.push_back(std::make_unique<OpenHandle>(descriptors[i], O_RDWR));
  }
  if (settings.condition == "used") use_once(handles, settings, file);
  rest(settings.rest_ms);

  const std::uint64_t resident = test::process_status("VmRSS");
  report.line("gauge", {{"handles", settings.handles},
                        {"verifiedBytes", settings.condition == "used" ? settings.handles * settings.block : 0},
                        {"descriptors", descriptors.count()},
                        {"threads", test::process_status("Threads")},
                        {"residentBytes", (resident - std::min(resident, resident_before)) * 1024}});
  for (const auto& handle : handles) handle->close();
}

}  // namespace

const Workload kIdleHandles{"idle-handles", "threads and resident memory of --handles open handles", kConditions, run};

}  // namespace conveyor::bench

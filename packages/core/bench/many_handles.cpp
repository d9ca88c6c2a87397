// Many handles: what a hundred thousand leave behind, one after another, and what a thousand streams hold at once.
#include <algorithm>
#include <array>
#include <exception>
#include <latch>
#include <memory>
#include <thread>

#include <fcntl.h>

#include "open_handle.hpp"
#include "process/process_status.hpp"
#include "workload.hpp"

namespace conveyor::bench {
namespace {

constexpr std::array<std::string_view, 1> kOneAfterAnother{"used"};
constexpr std::array<std::string_view, 1> kAtOnce{"streaming"};
constexpr std::uint64_t kStreamsBudget = 64 << 20;
constexpr std::size_t kThreads = 8;

/// Opens, writes a block, lands it, reads it back and closes, `count` times.
void use_and_close(const Settings& settings, ScratchFile& file, std::uint64_t count) {
  Pattern pattern(settings.seed, settings.block);
  std::vector<std::byte> buffer(settings.block);
  for (std::uint64_t i = 0; i < count; ++i) {
    const int fd = open(file.path().c_str(), O_RDWR | O_CLOEXEC);
    if (fd < 0) fail("open");
    OpenHandle handle(fd, O_RDWR);
    require_whole(conveyor_pwrite(handle, pattern.block(i), settings.block, 0), settings.block, "a write");
    handle.flush();
    require_whole(conveyor_pread(handle, buffer.data(), settings.block, 0), settings.block, "a read");
    pattern.require_equal(buffer, i);
    handle.close();
    close(fd);
  }
}

std::uint64_t growth(std::uint64_t now, std::uint64_t before) { return now - std::min(now, before); }

void run_turnover(const Settings& settings, Report& report) {
  ScratchFile file(settings.directory);
  use_and_close(settings, file, settings.handles / 10 + 1);  // what is made once, or kept for reuse, is there now
  const std::uint64_t resident = test::resident_bytes();
  const std::uint64_t descriptors = test::open_descriptors();
  use_and_close(settings, file, settings.handles);
  report.line("gauge", {{"handles", settings.handles},
                        {"verifiedBytes", settings.handles * settings.block},
                        {"descriptors", growth(test::open_descriptors(), descriptors)},
                        {"threads", test::process_status("Threads")},
                        {"residentBytes", growth(test::resident_bytes(), resident)}});
}

/// A part of the file, written and read again by a handle of its own, a block at a time.
class Stream {
 public:
  Stream(const std::string& path, std::uint64_t first, std::uint64_t blocks, const Settings& settings)
      : first_(first), blocks_(blocks), settings_(settings), fd_(open(path.c_str(), O_RDWR | O_CLOEXEC)) {
    if (fd_ < 0) fail("open");
    handle_ = std::make_unique<OpenHandle>(fd_, O_RDWR);
  }
  ~Stream() {
    handle_.reset();
    close(fd_);
  }
  Stream(const Stream&) = delete;

  void write(std::uint64_t index, Pattern& pattern) {
    const std::uint64_t block = first_ + index;
    const auto offset = static_cast<off_t>(block * settings_.block);
    const ssize_t done = conveyor_pwrite(*handle_, pattern.block(block), settings_.block, offset);
    require_whole(done, settings_.block, "a write");
  }
  void read(std::uint64_t index, Pattern& pattern, std::vector<std::byte>& buffer) {
    const std::uint64_t block = first_ + index;
    const auto offset = static_cast<off_t>(block * settings_.block);
    require_whole(conveyor_pread(*handle_, buffer.data(), settings_.block, offset), settings_.block, "a read");
    pattern.require_equal(buffer, block);
  }
  std::uint64_t blocks() const { return blocks_; }
  void close_handle() { handle_->close(); }

 private:
  const std::uint64_t first_;
  const std::uint64_t blocks_;
  const Settings& settings_;
  const int fd_;
  std::unique_ptr<OpenHandle> handle_;
};

/// When the threads are there, whose memory is not conveyor's, and when the handles are.
struct Start {
  std::latch threads_are_there{kThreads};
  std::latch handles_are_there{1};
};

/// All streams of one thread get on at the same pace: one that is kept waiting keeps the thread waiting.
void stream_all(std::vector<std::unique_ptr<Stream>>& streams, std::size_t thread, const Settings& settings,
                Start& start) {
  Pattern pattern(settings.seed, settings.block);
  std::vector<std::byte> buffer(settings.block);
  start.threads_are_there.count_down();
  start.handles_are_there.wait();
  const std::uint64_t blocks = streams.front()->blocks();
  for (std::uint64_t index = 0; index < blocks; ++index)
    for (std::size_t s = thread; s < streams.size(); s += kThreads) streams[s]->write(index, pattern);
  for (std::uint64_t index = 0; index < blocks; ++index)
    for (std::size_t s = thread; s < streams.size(); s += kThreads) streams[s]->read(index, pattern, buffer);
}

void run_streams(const Settings& settings, Report& report) {
  conveyor_runtime_t runtime{};
  runtime.struct_size = sizeof runtime;
  runtime.memory_budget = kStreamsBudget;
  if (conveyor_runtime_configure(&runtime) != 0) fail("conveyor_runtime_configure");
  const std::uint64_t blocks = settings.bytes / settings.block / settings.handles;
  if (blocks == 0) throw BadArguments("--bytes is less than a block for each handle");
  ScratchFile file(settings.directory);
  std::vector<std::unique_ptr<Stream>> streams;
  Start start;
  std::array<std::exception_ptr, kThreads> failures{};
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      try {
        stream_all(streams, t, settings, start);
      } catch (...) {
        failures[t] = std::current_exception();
      }
    });
  }
  start.threads_are_there.wait();
  const std::uint64_t before = test::resident_bytes();
  for (std::uint64_t i = 0; i < settings.handles; ++i) {
    streams.push_back(std::make_unique<Stream>(file.path(), i * blocks, blocks, settings));
  }
  start.handles_are_there.count_down();
  for (std::thread& thread : threads) thread.join();
  const std::uint64_t most = test::process_status("VmHWM") * 1024;
  const std::uint64_t pool = test::process_status("Threads") - 1;
  for (const std::exception_ptr& failure : failures)
    if (failure) std::rethrow_exception(failure);
  for (const auto& stream : streams) stream->close_handle();
  Pattern pattern(settings.seed, settings.block);
  file.require_content(pattern, settings.handles * blocks * settings.block, settings.block);
  report.line("gauge", {{"handles", settings.handles},
                        {"verifiedBytes", settings.handles * blocks * settings.block},
                        {"descriptors", settings.handles},
                        {"threads", pool},
                        {"residentBytes", growth(most, before)}});
}

}  // namespace

const Workload kTurnover{"turnover", "what --handles handles leave behind that are opened, used and closed in turn",
                         kOneAfterAnother, run_turnover};
const Workload kStreams{"streams", "resident memory of --handles handles that stream at once in a budget of 64 MiB",
                        kAtOnce, run_streams};

}  // namespace conveyor::bench

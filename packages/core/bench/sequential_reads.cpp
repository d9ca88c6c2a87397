// Sequential reads of a file that is in the page cache. The handle is new in each trial: nothing has been read ahead.
// What it costs to open is in conveyor's time.
#include <algorithm>
#include <array>

#include <fcntl.h>
#include <unistd.h>

#include "open_handle.hpp"
#include "read_target.hpp"
#include "rounds.hpp"
#include "stdio_stream.hpp"
#include "workload.hpp"

namespace conveyor::bench {
namespace {

constexpr std::array<std::string_view, 2> kConditions{"summed", "kept"};

template <Use use>
struct Job {
  const ScratchFile& file;
  ReadTarget<use>& target;
  std::uint64_t blocks;
  std::size_t block;
  Stopwatch& watch;
};

template <Use use>
void read_positional(const Job<use>& job) {
  const int fd = job.file.fd();
  job.watch.start();
  for (std::uint64_t i = 0; i < job.blocks; ++i) {
    require_whole(pread(fd, job.target.at(i), job.block, static_cast<off_t>(i * job.block)), job.block, "pread");
    job.target.done();
  }
  job.watch.stop();
}

template <Use use>
void read_positional_conveyor(const Job<use>& job) {
  job.watch.start();
  OpenHandle handle(job.file.fd(), O_RDONLY);
  for (std::uint64_t i = 0; i < job.blocks; ++i) {
    const ssize_t count = conveyor_pread(handle, job.target.at(i), job.block, static_cast<off_t>(i * job.block));
    require_whole(count, job.block, "conveyor_pread");
    job.target.done();
  }
  job.watch.stop();
  handle.close();
}

template <Use use>
void read_at_cursor(const Job<use>& job) {
  const int fd = job.file.fd();
  job.watch.start();
  for (std::uint64_t i = 0; i < job.blocks; ++i) {
    require_whole(read(fd, job.target.at(i), job.block), job.block, "read");
    job.target.done();
  }
  job.watch.stop();
}

template <Use use>
void read_at_cursor_conveyor(const Job<use>& job) {
  job.watch.start();
  OpenHandle handle(job.file.fd(), O_RDONLY);
  for (std::uint64_t i = 0; i < job.blocks; ++i) {
    require_whole(conveyor_read(handle, job.target.at(i), job.block), job.block, "conveyor_read");
    job.target.done();
  }
  job.watch.stop();
  handle.close();
}

template <Use use>
void read_stdio(const Job<use>& job) {
  const StdioStream stream(job.file.fd(), "r");
  job.watch.start();
  for (std::uint64_t i = 0; i < job.blocks; ++i) {
    if (std::fread(job.target.at(i), job.block, 1, stream.get()) != 1) fail("fread");
    job.target.done();
  }
  job.watch.stop();
}

template <Use use>
using Work = void (*)(const Job<use>&);

template <Use use>
Side side_of(std::string name, const Settings& settings, const ScratchFile& file, std::vector<std::byte>& memory,
             Work<use> work) {
  return {std::move(name), [&settings, &file, &memory, work](Trial& trial) {
            file.rewind();
            std::fill(memory.begin(), memory.end(), std::byte{0xa5});
            ReadTarget<use> target(memory, settings.block);
            work({file, target, settings.blocks(), settings.block, trial.watch});
            Pattern pattern(settings.seed, settings.block);
            target.require_content(pattern, settings.blocks(), [](std::uint64_t i) { return i; });
            trial.verified_bytes = settings.bytes;
          }};
}

template <Use use>
void run(const Settings& settings, Report& report, const std::vector<std::pair<const char*, Work<use>>>& works) {
  ScratchFile file(settings.directory);
  Pattern pattern(settings.seed, settings.block);
  file.fill(pattern, settings.bytes, settings.block);
  std::vector<std::byte> memory = memory_for(use, settings.bytes, settings.block);
  std::vector<Side> sides;
  for (const auto& [name, work] : works) sides.push_back(side_of<use>(name, settings, file, memory, work));
  run_rounds(settings, sides, report);
}

template <Use use>
void run_positional(const Settings& settings, Report& report) {
  run<use>(settings, report,
           {{"conveyor", read_positional_conveyor<use>}, {"pread", read_positional<use>}, {"stdio", read_stdio<use>}});
}

template <Use use>
void run_cursor(const Settings& settings, Report& report) {
  run<use>(settings, report,
           {{"conveyor", read_at_cursor_conveyor<use>}, {"read", read_at_cursor<use>}, {"stdio", read_stdio<use>}});
}

bool is_kept(const Settings& settings) { return settings.condition == "kept"; }

}  // namespace

const Workload kPositionalReads{"pread", "sequential conveyor_pread beside pread and stdio", kConditions,
                                [](const Settings& settings, Report& report) {
                                  (is_kept(settings) ? run_positional<Use::kKept> : run_positional<Use::kSummed>)(
                                      settings, report);
                                }};
const Workload kCursorReads{"read", "sequential conveyor_read beside read and stdio", kConditions,
                            [](const Settings& settings, Report& report) {
                              (is_kept(settings) ? run_cursor<Use::kKept> : run_cursor<Use::kSummed>)(settings, report);
                            }};

}  // namespace conveyor::bench

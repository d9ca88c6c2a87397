// Sequential writes, the final flush included. Each block gets its stamp inside of the clock, on every side alike. What
// a handle costs to open is in conveyor's time; the descriptor is open before the clock starts, on every side alike.
#include <algorithm>
#include <array>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

#include "open_handle.hpp"
#include "rounds.hpp"
#include "stdio_stream.hpp"
#include "workload.hpp"

namespace conveyor::bench {
namespace {

constexpr std::array<std::string_view, 2> kConditions{"fresh", "overwrite"};

struct Job {
  const ScratchFile& file;
  Pattern& pattern;
  std::uint64_t blocks;
  std::size_t block;
  Stopwatch& watch;
};

void write_positional(const Job& job) {
  const int fd = job.file.fd();
  job.watch.start();
  for (std::uint64_t i = 0; i < job.blocks; ++i) {
    const ssize_t count = pwrite(fd, job.pattern.block(i), job.block, static_cast<off_t>(i * job.block));
    require_whole(count, job.block, "pwrite");
  }
  job.watch.stop();
}

void write_positional_conveyor(const Job& job) {
  job.watch.start();
  OpenHandle handle(job.file.fd(), O_WRONLY);
  for (std::uint64_t i = 0; i < job.blocks; ++i) {
    const ssize_t count = conveyor_pwrite(handle, job.pattern.block(i), job.block, static_cast<off_t>(i * job.block));
    require_whole(count, job.block, "conveyor_pwrite");
  }
  handle.flush();
  job.watch.stop();
  handle.close();
}

void write_at_cursor(const Job& job) {
  const int fd = job.file.fd();
  job.watch.start();
  for (std::uint64_t i = 0; i < job.blocks; ++i) {
    require_whole(write(fd, job.pattern.block(i), job.block), job.block, "write");
  }
  job.watch.stop();
}

void write_at_cursor_conveyor(const Job& job) {
  job.watch.start();
  OpenHandle handle(job.file.fd(), O_WRONLY);
  for (std::uint64_t i = 0; i < job.blocks; ++i) {
    require_whole(conveyor_write(handle, job.pattern.block(i), job.block), job.block, "conveyor_write");
  }
  handle.flush();
  job.watch.stop();
  handle.close();
}

// In pieces of 1 MiB, the way a program would that has all of its bytes at hand.
void write_large(const Job& job) {
  const std::uint64_t piece_blocks = std::max<std::uint64_t>((1 << 20) / job.block, 1);
  std::vector<std::byte> piece;
  for (std::uint64_t i = 0; i < piece_blocks; ++i) {
    const std::byte* block = job.pattern.block(i);
    piece.insert(piece.end(), block, block + job.block);
  }
  const int fd = job.file.fd();
  job.watch.start();
  for (std::uint64_t first = 0; first < job.blocks; first += piece_blocks) {
    const std::uint64_t count = std::min(piece_blocks, job.blocks - first);
    for (std::uint64_t i = 0; i < count; ++i) {
      const std::uint64_t stamp = job.pattern.stamp(first + i);
      std::memcpy(piece.data() + i * job.block, &stamp, sizeof stamp);
    }
    const std::size_t size = count * job.block;
    require_whole(pwrite(fd, piece.data(), size, static_cast<off_t>(first * job.block)), size, "pwrite");
  }
  job.watch.stop();
}

void write_stdio(const Job& job) {
  const StdioStream stream(job.file.fd(), "r+");
  job.watch.start();
  for (std::uint64_t i = 0; i < job.blocks; ++i) {
    if (std::fwrite(job.pattern.block(i), job.block, 1, stream.get()) != 1) fail("fwrite");
  }
  if (std::fflush(stream.get()) != 0) fail("fflush");
  job.watch.stop();
}

/// A side that prepares the file, writes, and reads everything back through the descriptor.
Side side_of(std::string name, const Settings& settings, ScratchFile& file, void (*work)(const Job&)) {
  const bool is_fresh = settings.condition == "fresh";
  return {std::move(name), [&settings, &file, is_fresh, work](Trial& trial) {
            if (is_fresh) file.recreate();
            file.rewind();
            Pattern pattern(trial.seed, settings.block);
            work({file, pattern, settings.blocks(), settings.block, trial.watch});
            file.require_content(pattern, settings.bytes, settings.block);
            trial.verified_bytes = settings.bytes;
          }};
}

void run(const Settings& settings, Report& report, std::vector<std::pair<const char*, void (*)(const Job&)>> works) {
  ScratchFile file(settings.directory);
  if (settings.condition == "overwrite") {
    Pattern pattern(settings.seed, settings.block);
    file.fill(pattern, settings.bytes, settings.block);
  }
  std::vector<Side> sides;
  for (const auto& [name, work] : works) sides.push_back(side_of(name, settings, file, work));
  run_rounds(settings, sides, report);
}

void run_positional(const Settings& settings, Report& report) {
  run(settings, report,
      {{"conveyor", write_positional_conveyor}, {"pwrite", write_positional}, {"stdio", write_stdio}});
}

void run_large(const Settings& settings, Report& report) {
  run(settings, report, {{"conveyor", write_positional_conveyor}, {"pwrite-1m", write_large}});
}

void run_cursor(const Settings& settings, Report& report) {
  run(settings, report, {{"conveyor", write_at_cursor_conveyor}, {"write", write_at_cursor}, {"stdio", write_stdio}});
}

}  // namespace

const Workload kPositionalWrites{"pwrite", "sequential conveyor_pwrite beside pwrite and stdio", kConditions,
                                 run_positional};
const Workload kLargeWrites{"pwrite-large", "sequential conveyor_pwrite beside pwrite of 1 MiB at a time", kConditions,
                            run_large};
const Workload kCursorWrites{"write", "sequential conveyor_write beside write and stdio", kConditions, run_cursor};

}  // namespace conveyor::bench

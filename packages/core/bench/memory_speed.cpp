// What the engine itself costs: a write that finds room in the ring, and a read that finds its bytes in the window,
// beside memcpy of the same bytes. Nothing of the backend is inside of the clock.
#include <array>
#include <cstring>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

#include "open_handle.hpp"
#include "rounds.hpp"
#include "workload.hpp"

namespace conveyor::bench {
namespace {

constexpr std::array<std::string_view, 1> kConditions{"warm"};

/// A ring and windows of eight times the bytes, in memory that is touched, and landing not due for a quarter of that.
conveyor_options_t roomy_options(std::uint64_t bytes) {
  conveyor_options_t options;
  conveyor_options_init(&options);
  options.write_capacity_initial = options.write_capacity_max = options.read_capacity_max = bytes * 8;
  options.max_io = bytes * 2;
  options.max_dirty_ms = 60'000;
  return options;
}

void write_all(conveyor_t* handle, Pattern& pattern, const Settings& settings) {
  for (std::uint64_t i = 0; i < settings.blocks(); ++i) {
    const ssize_t count =
        conveyor_pwrite(handle, pattern.block(i), settings.block, static_cast<off_t>(i * settings.block));
    require_whole(count, settings.block, "conveyor_pwrite");
  }
}

void read_all(conveyor_t* handle, std::byte* to, const Settings& settings) {
  for (std::uint64_t i = 0; i < settings.blocks(); ++i) {
    const ssize_t count =
        conveyor_pread(handle, to + i * settings.block, settings.block, static_cast<off_t>(i * settings.block));
    require_whole(count, settings.block, "conveyor_pread");
  }
}

void run_accepts(const Settings& settings, Report& report) {
  ScratchFile file(settings.directory);
  std::vector<std::byte> memory(settings.bytes);
  const Side conveyor{"conveyor", [&](Trial& trial) {
                        const conveyor_options_t options = roomy_options(settings.bytes);
                        OpenHandle handle(file.fd(), O_WRONLY, &options);
                        Pattern pattern(trial.seed, settings.block);
                        for (int lap = 0; lap < 8; ++lap) {  // all of the ring
                          write_all(handle, pattern, settings);
                          handle.flush();
                        }
                        trial.watch.start();
                        write_all(handle, pattern, settings);
                        trial.watch.stop();
                        handle.close();
                        file.require_content(pattern, settings.bytes, settings.block);
                        trial.verified_bytes = settings.bytes;
                      }};
  const Side memcpy_side{"memcpy", [&](Trial& trial) {
                           Pattern pattern(trial.seed, settings.block);
                           trial.watch.start();
                           for (std::uint64_t i = 0; i < settings.blocks(); ++i)
                             std::memcpy(memory.data() + i * settings.block, pattern.block(i), settings.block);
                           trial.watch.stop();
                           pattern.require_equal(memory, 0);
                           trial.verified_bytes = settings.bytes;
                         }};
  run_rounds(settings, {conveyor, memcpy_side}, report);
}

void run_warm_reads(const Settings& settings, Report& report) {
  ScratchFile file(settings.directory);
  Pattern pattern(settings.seed, settings.block);
  file.fill(pattern, settings.bytes, settings.block);
  std::vector<std::byte> source(settings.bytes);
  for (std::uint64_t i = 0; i < settings.blocks(); ++i)
    std::memcpy(source.data() + i * settings.block, pattern.block(i), settings.block);
  std::vector<std::byte> target(settings.bytes);
  const Side conveyor{"conveyor", [&](Trial& trial) {
                        const conveyor_options_t options = roomy_options(settings.bytes);
                        OpenHandle handle(file.fd(), O_RDONLY, &options);
                        if (conveyor_prefetch(handle, 0, settings.bytes) != 0) fail("conveyor_prefetch");
                        require_whole(conveyor_pread(handle, target.data(), 1, 0), 1, "conveyor_pread");  // it is there
                        std::fill(target.begin(), target.end(), std::byte{0xa5});
                        trial.watch.start();
                        read_all(handle, target.data(), settings);
                        trial.watch.stop();
                        handle.close();
                        pattern.require_equal(target, 0);
                        trial.verified_bytes = settings.bytes;
                      }};
  const Side memcpy_side{"memcpy", [&](Trial& trial) {
                           std::fill(target.begin(), target.end(), std::byte{0xa5});
                           trial.watch.start();
                           for (std::uint64_t at = 0; at < settings.bytes; at += settings.block)
                             std::memcpy(target.data() + at, source.data() + at, settings.block);
                           trial.watch.stop();
                           pattern.require_equal(target, 0);
                           trial.verified_bytes = settings.bytes;
                         }};
  run_rounds(settings, {conveyor, memcpy_side}, report);
}

}  // namespace

const Workload kAccepts{"accept", "conveyor_pwrite into a ring with room beside memcpy", kConditions, run_accepts};
const Workload kWarmReads{"warm-pread", "conveyor_pread from the window beside memcpy", kConditions, run_warm_reads};

}  // namespace conveyor::bench

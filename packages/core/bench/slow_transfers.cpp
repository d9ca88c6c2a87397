// Small operations on a backend whose every operation takes a while. Opening the handle, and the flush, are inside of
// the clock; closing is not. The peer asks the backend for every block, as a program without buffering does; once is
// enough.
#include <array>

#include <fcntl.h>

#include "open_handle.hpp"
#include "read_target.hpp"
#include "rounds.hpp"
#include "slow_memory.hpp"
#include "workload.hpp"

namespace conveyor::bench {
namespace {

constexpr std::array<std::string_view, 1> kWriteConditions{"empty"};
constexpr std::array<std::string_view, 1> kReadConditions{"cold"};

void require_content(SlowMemory& memory, Pattern& pattern, std::uint64_t bytes) {
  if (memory.content().size() != bytes) {
    throw Mismatch(0, "the backend has " + std::to_string(memory.content().size()) + " bytes");
  }
  pattern.require_equal(memory.content(), 0);
}

void write_conveyor(const Settings& settings, Trial& trial) {
  SlowMemory memory(settings.bytes, settings.delay_us);
  Pattern pattern(trial.seed, settings.block);
  trial.watch.start();
  OpenHandle handle(memory.backend(), O_WRONLY);
  for (std::uint64_t i = 0; i < settings.blocks(); ++i) {
    const auto offset = static_cast<off_t>(i * settings.block);
    require_whole(conveyor_pwrite(handle, pattern.block(i), settings.block, offset), settings.block, "conveyor_pwrite");
  }
  handle.flush();
  trial.watch.stop();
  trial.backend_operations = memory.operations();
  require_content(memory, pattern, settings.bytes);
  trial.verified_bytes = settings.bytes;
  handle.close();
}

void write_direct(const Settings& settings, Trial& trial) {
  SlowMemory memory(settings.bytes, settings.delay_us);
  Pattern pattern(trial.seed, settings.block);
  const conveyor_backend_t backend = memory.backend();
  trial.watch.start();
  for (std::uint64_t i = 0; i < settings.blocks(); ++i) {
    const auto offset = static_cast<off_t>(i * settings.block);
    require_whole(backend.pwrite(backend.ctx, pattern.block(i), settings.block, offset), settings.block, "a write");
  }
  trial.watch.stop();
  trial.backend_operations = memory.operations();
  require_content(memory, pattern, settings.bytes);
  trial.verified_bytes = settings.bytes;
}

/// A file of a pattern at a distance, and memory for what is read of it.
struct FarFile {
  FarFile(const Settings& settings, std::uint64_t seed)
      : memory(settings.bytes, settings.delay_us),
        pattern(seed, settings.block),
        kept(memory_for(Use::kKept, settings.bytes, settings.block)) {
    memory.set_size(settings.bytes);
    for (std::uint64_t i = 0; i < settings.blocks(); ++i) {
      std::memcpy(memory.content().data() + i * settings.block, pattern.block(i), settings.block);
    }
  }

  /// Compares what was read, and says so.
  void prove(Trial& trial) {
    trial.backend_operations = memory.operations();
    pattern.require_equal(kept, 0);
    trial.verified_bytes = kept.size();
  }

  SlowMemory memory;
  Pattern pattern;
  std::vector<std::byte> kept;
};

void read_conveyor(const Settings& settings, Trial& trial) {
  FarFile file(settings, trial.seed);
  trial.watch.start();
  OpenHandle handle(file.memory.backend(), O_RDONLY);
  for (std::uint64_t at = 0; at < settings.bytes; at += settings.block) {
    const ssize_t count = conveyor_pread(handle, file.kept.data() + at, settings.block, static_cast<off_t>(at));
    require_whole(count, settings.block, "conveyor_pread");
  }
  trial.watch.stop();
  file.prove(trial);
  handle.close();
}

void read_direct(const Settings& settings, Trial& trial) {
  FarFile file(settings, trial.seed);
  const conveyor_backend_t backend = file.memory.backend();
  trial.watch.start();
  for (std::uint64_t at = 0; at < settings.bytes; at += settings.block) {
    const ssize_t count = backend.pread(backend.ctx, file.kept.data() + at, settings.block, static_cast<off_t>(at));
    require_whole(count, settings.block, "a read");
  }
  trial.watch.stop();
  file.prove(trial);
}

using Work = void (*)(const Settings&, Trial&);

void run(const Settings& settings, Report& report, Work conveyor_work, Work direct_work) {
  const auto bound = [&settings](Work work) { return [&settings, work](Trial& trial) { work(settings, trial); }; };
  run_rounds(settings, {{"conveyor", bound(conveyor_work)}, {"unbuffered", bound(direct_work), 1}}, report);
}

}  // namespace

const Workload kSlowWrites{"slow-pwrite", "conveyor_pwrite to a backend with --delay-us per operation",
                           kWriteConditions, [](const Settings& settings, Report& report) {
                             run(settings, report, write_conveyor, write_direct);
                           }};
const Workload kSlowReads{"slow-pread", "conveyor_pread from a backend with --delay-us per operation", kReadConditions,
                          [](const Settings& settings, Report& report) {
                            run(settings, report, read_conveyor, read_direct);
                          }};

}  // namespace conveyor::bench

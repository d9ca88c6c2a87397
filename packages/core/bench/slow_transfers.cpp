// Small operations on a backend whose every operation takes a while. Opening the handle, and the flush, are inside of
// the clock; closing is not. The peer asks the backend for every block, as a program without buffering does; once is
// enough.
#include <array>

#include <fcntl.h>

#include "open_handle.hpp"
#include "read_target.hpp"
#include "rounds.hpp"
#include "single_thread.hpp"
#include "slow_memory.hpp"
#include "workload.hpp"

namespace conveyor::bench {
namespace {

constexpr std::array<std::string_view, 1> kWriteConditions{"empty"};
constexpr std::array<std::string_view, 1> kReadConditions{"cold"};
constexpr std::size_t kSingleRing = 5 << 20;

void require_content(SlowMemory& memory, Pattern& pattern, std::uint64_t bytes) {
  if (memory.content().size() != bytes) {
    throw Mismatch(0, "the backend has " + std::to_string(memory.content().size()) + " bytes");
  }
  pattern.require_equal(memory.content(), 0);
}

void write_conveyor(const Settings& settings, Trial& trial) {
  SlowMemory memory(settings.bytes, settings.delay_us, settings.megabits);
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
  SlowMemory memory(settings.bytes, settings.delay_us, settings.megabits);
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
      : memory(settings.bytes, settings.delay_us, settings.megabits),
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

// The link itself: everything in one transfer, and no delay. What no buffering can be faster than.
Settings without_delay(Settings settings) {
  settings.delay_us = 0;
  settings.block = settings.bytes;
  return settings;
}

void write_link(const Settings& settings, Trial& trial) { write_direct(without_delay(settings), trial); }
void read_link(const Settings& settings, Trial& trial) { read_direct(without_delay(settings), trial); }

// Buffered by one thread that does one operation at a time.
void write_single(const Settings& settings, Trial& trial) {
  SlowMemory memory(settings.bytes, settings.delay_us, settings.megabits);
  Pattern pattern(trial.seed, settings.block);
  trial.watch.start();
  SingleWriter writer(memory.backend());
  for (std::uint64_t i = 0; i < settings.blocks(); ++i) {
    writer.write(pattern.block(i), settings.block, static_cast<off_t>(i * settings.block));
  }
  writer.flush();
  trial.watch.stop();
  trial.backend_operations = memory.operations();
  require_content(memory, pattern, settings.bytes);
  trial.verified_bytes = settings.bytes;
}

void read_single(const Settings& settings, Trial& trial) {
  FarFile file(settings, trial.seed);
  trial.watch.start();
  SingleReader reader(file.memory.backend(), kSingleRing);
  for (std::uint64_t at = 0; at < settings.bytes; at += settings.block) {
    reader.read(file.kept.data() + at, settings.block);
  }
  trial.watch.stop();
  file.prove(trial);
}

using Work = void (*)(const Settings&, Trial&);

struct Peer {
  const char* name;
  Work work;
  bool once = true;
};

void run(const Settings& settings, Report& report, Work conveyor_work, Peer peer) {
  const auto bound = [&settings](Work work) { return [&settings, work](Trial& trial) { work(settings, trial); }; };
  std::vector<Side> sides{{"conveyor", bound(conveyor_work)}, {peer.name, bound(peer.work)}};
  if (peer.once) sides.back().rounds_most = 1;
  run_rounds(settings, sides, report);
}

}  // namespace

const Workload kSlowWrites{"slow-pwrite", "conveyor_pwrite to a backend with --delay-us per operation",
                           kWriteConditions, [](const Settings& settings, Report& report) {
                             run(settings, report, write_conveyor, {"unbuffered", write_direct});
                           }};
const Workload kSlowReads{"slow-pread", "conveyor_pread from a backend with --delay-us per operation", kReadConditions,
                          [](const Settings& settings, Report& report) {
                            run(settings, report, read_conveyor, {"unbuffered", read_direct});
                          }};

const Workload kFarWrites{"far-pwrite", "conveyor_pwrite over a link of --megabits, beside the link itself",
                          kWriteConditions, [](const Settings& settings, Report& report) {
                            run(settings, report, write_conveyor, {"link", write_link});
                          }};
const Workload kFarReads{"far-pread", "conveyor_pread over a link of --megabits, beside the link itself",
                         kReadConditions, [](const Settings& settings, Report& report) {
                           run(settings, report, read_conveyor, {"link", read_link});
                         }};
const Workload kSingleWrites{"single-pwrite", "conveyor_pwrite beside one thread that lands one write at a time",
                             kWriteConditions, [](const Settings& settings, Report& report) {
                               run(settings, report, write_conveyor, {"single", write_single});
                             }};
const Workload kSingleReads{"single-pread", "conveyor_pread beside one thread that reads ahead", kReadConditions,
                            [](const Settings& settings, Report& report) {
                              run(settings, report, read_conveyor, {"single", read_single, false});
                            }};

}  // namespace conveyor::bench

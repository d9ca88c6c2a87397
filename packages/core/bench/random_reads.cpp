// Reads of every block of a cached file once, in an order that nobody can foresee.
#include <algorithm>
#include <array>
#include <numeric>

#include <conveyor/testkit/prng.hpp>

#include <fcntl.h>
#include <unistd.h>

#include "open_handle.hpp"
#include "read_target.hpp"
#include "rounds.hpp"
#include "workload.hpp"

namespace conveyor::bench {
namespace {

constexpr std::array<std::string_view, 2> kConditions{"summed", "kept"};

std::vector<std::uint32_t> shuffled(std::uint64_t count, std::uint64_t seed) {
  std::vector<std::uint32_t> order(count);
  std::iota(order.begin(), order.end(), 0U);
  testkit::Prng random(seed);
  for (std::size_t left = order.size(); left > 1; --left) std::swap(order[left - 1], order[random.below(left)]);
  return order;
}

template <Use use>
struct Job {
  const ScratchFile& file;
  const std::vector<std::uint32_t>& order;
  ReadTarget<use>& target;
  std::size_t block;
  Stopwatch& watch;
};

template <Use use>
void read_raw(const Job<use>& job) {
  const int fd = job.file.fd();
  job.watch.start();
  for (const std::uint64_t i : job.order) {
    require_whole(pread(fd, job.target.at(i), job.block, static_cast<off_t>(i * job.block)), job.block, "pread");
    job.target.done();
  }
  job.watch.stop();
}

template <Use use>
void read_conveyor(const Job<use>& job) {
  job.watch.start();
  OpenHandle handle(job.file.fd(), O_RDONLY);
  for (const std::uint64_t i : job.order) {
    const ssize_t count = conveyor_pread(handle, job.target.at(i), job.block, static_cast<off_t>(i * job.block));
    require_whole(count, job.block, "conveyor_pread");
    job.target.done();
  }
  job.watch.stop();
  handle.close();
}

template <Use use>
void run(const Settings& settings, Report& report) {
  ScratchFile file(settings.directory);
  Pattern pattern(settings.seed, settings.block);
  file.fill(pattern, settings.bytes, settings.block);
  std::vector<std::byte> memory = memory_for(use, settings.bytes, settings.block);
  const auto side_of = [&](const char* name, void (*work)(const Job<use>&)) -> Side {
    return {name, [&, work](Trial& trial) {
              std::fill(memory.begin(), memory.end(), std::byte{0xa5});
              // The sides of a round take different orders; over the rounds both take many.
              const std::vector<std::uint32_t> order = shuffled(settings.blocks(), trial.seed);
              ReadTarget<use> target(memory, settings.block);
              work({file, order, target, settings.block, trial.watch});
              target.require_content(pattern, settings.blocks(), [&](std::uint64_t i) { return order[i]; });
              trial.verified_bytes = settings.bytes;
            }};
  };
  run_rounds(settings, {side_of("conveyor", read_conveyor<use>), side_of("pread", read_raw<use>)}, report);
}

}  // namespace

const Workload kRandomReads{"random-pread", "conveyor_pread of all blocks in random order beside pread", kConditions,
                            [](const Settings& settings, Report& report) {
                              (settings.condition == "kept" ? run<Use::kKept> : run<Use::kSummed>)(settings, report);
                            }};

}  // namespace conveyor::bench

// Sixteen threads and sixteen files: each thread reads and writes in turn, its reads and its writes sequential. Either
// each has a file of its own, or each goes through all files in turn, with a part of every file to itself.
#include <array>
#include <exception>
#include <latch>
#include <memory>
#include <thread>

#include <fcntl.h>
#include <unistd.h>

#include "open_handle.hpp"
#include "rounds.hpp"
#include "workload.hpp"

namespace conveyor::bench {
namespace {

constexpr std::array<std::string_view, 2> kConditions{"own", "shared"};
constexpr std::uint64_t kThreads = 16;

using Handles = std::vector<std::unique_ptr<OpenHandle>>;

/// Who has which blocks of which file.
class Plan {
 public:
  Plan(const Settings& settings)
      : blocks_(settings.blocks() / kThreads), files_(settings.condition == "shared" ? kThreads : 1) {
    if (settings.blocks() % (2 * kThreads * files_) != 0) throw BadArguments("--bytes is a multiple of 512 blocks");
  }
  std::uint64_t file_blocks() const { return blocks_; }
  /// A thread does so many pairs of a read and a write.
  std::uint64_t pairs() const { return blocks_ / 2; }
  std::uint64_t file(std::uint64_t thread, std::uint64_t pair) const { return (thread + pair % files_) % kThreads; }
  /// The block of the file that this pair reads; it writes the one that lies half a part behind.
  std::uint64_t read_block(std::uint64_t thread, std::uint64_t pair) const { return begin(thread) + pair / files_; }
  std::uint64_t write_block(std::uint64_t thread, std::uint64_t pair) const {
    return read_block(thread, pair) + part() / 2;
  }

 private:
  std::uint64_t part() const { return blocks_ / files_; }
  std::uint64_t begin(std::uint64_t thread) const { return files_ == 1 ? 0 : thread * part(); }

  std::uint64_t blocks_;
  std::uint64_t files_;  // of one thread
};

/// The files, all alike before the clock starts.
class Files {
 public:
  Files(const Settings& settings, const Plan& plan) : old_(settings.seed, settings.block) {
    for (std::uint64_t i = 0; i < kThreads; ++i) {
      files_.push_back(std::make_unique<ScratchFile>(settings.directory));
      files_.back()->fill(old_, plan.file_blocks() * settings.block, settings.block);
    }
  }
  const ScratchFile& operator[](std::uint64_t index) const { return *files_[index]; }
  const Pattern& old() const { return old_; }

 private:
  Pattern old_;
  std::vector<std::unique_ptr<ScratchFile>> files_;
};

/// The work of one thread, with `read` and `write` as (file, memory, offset).
class Worker {
 public:
  Worker(const Plan& plan, std::uint64_t number, std::uint64_t seed, std::size_t block)
      : plan_(plan), number_(number), pattern_(seed * kThreads + number, block), buffer_(block) {}

  template <typename Read, typename Write>
  void work(Read read, Write write) {
    const std::size_t block = buffer_.size();
    for (std::uint64_t i = 0; i < plan_.pairs(); ++i) {
      const std::uint64_t file = plan_.file(number_, i);
      const std::uint64_t to = plan_.write_block(number_, i);
      const std::uint64_t from = plan_.read_block(number_, i);
      require_whole(read(file, buffer_.data(), static_cast<off_t>(from * block)), block, "a read");
      sum_.add(buffer_.data(), block);
      require_whole(write(file, pattern_.block(to), static_cast<off_t>(to * block)), block, "a write");
    }
  }

  /// Proves what was read, and what is in the files. Returns the bytes. Errors: Mismatch.
  std::uint64_t verify(const Files& files) {
    Checksum wanted;
    const std::size_t block = buffer_.size();
    for (std::uint64_t i = 0; i < plan_.pairs(); ++i) {
      wanted.add_sum(files.old().sum_of(plan_.read_block(number_, i)));
      const std::uint64_t to = plan_.write_block(number_, i);
      const int fd = files[plan_.file(number_, i)].fd();
      require_whole(pread(fd, buffer_.data(), block, static_cast<off_t>(to * block)), block, "pread");
      pattern_.require_equal(buffer_, to);
    }
    if (wanted.value() != sum_.value()) throw Mismatch(0, "the sum of what a thread has read");
    return 2 * plan_.pairs() * block;
  }

 private:
  const Plan& plan_;
  const std::uint64_t number_;
  Pattern pattern_;
  std::vector<std::byte> buffer_;
  Checksum sum_;
};

/// Runs work(0) to work(15) at once. Errors: the first of theirs.
template <typename Work>
void run_threads(Work work) {
  std::latch ready(kThreads);
  std::array<std::exception_ptr, kThreads> errors;
  std::vector<std::thread> threads;
  for (std::uint64_t i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      ready.arrive_and_wait();
      try {
        work(i);
      } catch (...) {
        errors[i] = std::current_exception();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const std::exception_ptr& error : errors) {
    if (error) std::rethrow_exception(error);
  }
}

void use_raw(const Files& files, std::vector<std::unique_ptr<Worker>>& workers, std::size_t block) {
  run_threads([&](std::uint64_t i) {
    workers[i]->work(
        [&](std::uint64_t file, std::byte* to, off_t offset) { return pread(files[file].fd(), to, block, offset); },
        [&](std::uint64_t file, const std::byte* from, off_t offset) {
          return pwrite(files[file].fd(), from, block, offset);
        });
  });
}

void use_conveyor(const Files& files, std::vector<std::unique_ptr<Worker>>& workers, std::size_t block) {
  Handles handles;
  for (std::uint64_t i = 0; i < kThreads; ++i) handles.push_back(std::make_unique<OpenHandle>(files[i].fd(), O_RDWR));
  run_threads([&](std::uint64_t i) {
    workers[i]->work(
        [&](std::uint64_t file, std::byte* to, off_t offset) {
          return conveyor_pread(*handles[file], to, block, offset);
        },
        [&](std::uint64_t file, const std::byte* from, off_t offset) {
          return conveyor_pwrite(*handles[file], from, block, offset);
        });
    handles[i]->flush();
  });
  for (const auto& handle : handles) handle->close();
}

void run(const Settings& settings, Report& report) {
  const Plan plan(settings);
  const Files files(settings, plan);
  const auto side_of = [&](const char* name, auto use) -> Side {
    return {name, [&, use](Trial& trial) {
              std::vector<std::unique_ptr<Worker>> workers;
              for (std::uint64_t i = 0; i < kThreads; ++i) {
                workers.push_back(std::make_unique<Worker>(plan, i, trial.seed, settings.block));
              }
              trial.watch.start();
              use(files, workers, settings.block);
              trial.watch.stop();
              for (const auto& worker : workers) trial.verified_bytes += worker->verify(files);
            }};
  };
  run_rounds(settings, {side_of("conveyor", use_conveyor), side_of("pread+pwrite", use_raw)}, report);
}

}  // namespace

const Workload kManyThreads{"threads", "16 threads read and write 16 files beside pread and pwrite, flush included",
                            kConditions, run};

}  // namespace conveyor::bench

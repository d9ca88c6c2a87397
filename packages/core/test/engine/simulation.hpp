// A seeded, single-threaded world around the real engine: it picks the next event (an operation of the application, a
// completion of the backend, a tick), and holds every result against a byte array.
#pragma once

#include <conveyor/testkit/prng.hpp>

#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "engine/engine.hpp"

namespace conveyor::test {

/// Memory with a budget, so that refusals are met too.
class SimulatedMemory final : public Memory {
 public:
  explicit SimulatedMemory(uint64_t limit) : limit_(limit) {}
  std::byte* acquire(size_t size) override {
    if (used_ + size > limit_) return nullptr;
    used_ += size;
    auto* data = new std::byte[size];
    std::memset(data, 0xEE, size);  // what nobody wrote must never be seen
    return data;
  }
  void release(std::byte* data, size_t size) override {
    std::memset(data, 0xDD, size);
    delete[] data;
    used_ -= size;
  }
  uint64_t used() const { return used_; }

 private:
  const uint64_t limit_;
  uint64_t used_ = 0;
};

struct SimulationOptions {
  EngineConfig config;
  BackendTraits traits;
  uint64_t memory = 1 << 20;
  uint32_t file_max = 24 << 10;  // offsets of operations stay below
  uint32_t count_max = 3 << 10;  // bytes of one operation
  bool faults = true;
  bool short_writes = true;
  bool one_at_a_time = false;  // no operation begins before the last one is over
  int steps = 400;
};

class Simulation {
 public:
  Simulation(const SimulationOptions& options, uint64_t seed);

  /// Runs to the end. Empty: all as it should be; else what was wrong, with the last events.
  std::string run();

 private:
  using Bytes = std::vector<uint8_t>;
  struct Operation {
    Request request;
    iovec iov{};
    Bytes memory;
    std::vector<std::shared_ptr<const Bytes>> states;  // read, size: contents the file had since it began
  };

  void step();
  void start_random();
  void start(std::unique_ptr<Operation> operation);
  void complete_one();
  ssize_t apply(BackendOp& op, size_t count);
  void after_event();
  void finished(Operation& operation);
  void check_read(const Operation& operation);
  void mutate(const Operation& operation);
  void finish_all();
  bool settle(RequestKind kind);
  void fail(const std::string& what);
  uint64_t below(uint64_t bound) { return prng_.below(bound); }
  bool chance(uint64_t percent) { return prng_.below(100) < percent; }

  const SimulationOptions options_;
  testkit::Prng prng_;
  SimulatedMemory memory_;
  Bytes storage_;                       // what the backend has
  std::shared_ptr<const Bytes> model_;  // what the file is, by the operations accepted so far
  uint64_t cursor_ = 0;
  Time now_ = 1;
  bool faults_ = false;
  bool failing_ = false;  // every write of the backend fails for good
  std::unique_ptr<Engine> engine_holder_;
  Engine& engine_;
  std::vector<std::unique_ptr<Operation>> pending_;
  struct Flying {
    BackendOp* op;
    bool sampled = false;  // a read that has seen the storage already
    ssize_t result = 0;
  };
  std::vector<Flying> flying_;
  std::vector<std::string> trace_;
  std::string failure_;
  uint64_t written_ = 0;
};

}  // namespace conveyor::test

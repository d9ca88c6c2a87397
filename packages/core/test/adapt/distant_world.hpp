// A world with a virtual clock around one engine: a backend at a distance, and an application. Nothing in it is random
// or measured, so a run always ends the same.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <queue>
#include <vector>

#include "engine/engine.hpp"

namespace conveyor::test {

/// A backend operation takes `latency`, then its bytes pass over a link that all operations share.
struct Distance {
  Time latency = 0;
  double bytes_per_second = 0;
  unsigned places = 0;  // operations that it works on at once, the others queue; 0: all
};

/// What the application saw and the backend did, since the last look.
struct Progress {
  uint64_t bytes_landed = 0;
  uint64_t landings = 0;           // backend operations that did
  uint64_t bytes_read = 0;         // by the application
  double dirty_seconds = 0;        // some accepted byte had not landed
  double waited_byte_seconds = 0;  // over the landed bytes: how long they were in memory
};

/// Memory that is used again, so that the world costs little time.
class PooledMemory final : public Memory {
 public:
  std::byte* acquire(size_t size) override;
  void release(std::byte* data, size_t size) override;

 private:
  std::vector<std::unique_ptr<std::byte[]>> storage_;
  std::map<size_t, std::vector<std::byte*>> free_;
};

class DistantWorld {
 public:
  DistantWorld(const EngineConfig& config, const Distance& distance);
  ~DistantWorld();
  DistantWorld(const DistantWorld&) = delete;

  Time now() const { return now_; }
  Engine& engine() { return *engine_; }
  void move_backend(const Distance& distance) { distance_ = distance; }
  void run_until(Time end);
  Progress take_progress();

  // What applications are made of. `then` is called when the operation is complete, never from inside of the call.
  void write(uint64_t offset, uint64_t count, std::function<void()> then);
  void read(uint64_t offset, uint64_t count, std::function<void(ssize_t)> then);
  void later(Time delay, std::function<void()> then);

 private:
  struct Event {
    Time at;
    uint64_t order;
    std::function<void()> run;
    bool operator<(const Event& other) const { return at != other.at ? at > other.at : order > other.order; }
  };
  struct Pending {
    Request request;
    iovec iov;
    std::function<void(ssize_t)> then;
  };

  void start(RequestKind kind, uint64_t offset, uint64_t count, std::function<void(ssize_t)> then);
  void carry_out();
  void begin(BackendOp* op, Time submitted);
  void end(BackendOp* op, Time submitted);
  void look();
  void landed(uint64_t offset, uint64_t count);

  static constexpr uint64_t kGrain = 4096;  // of offsets whose time of acceptance is known

  PooledMemory memory_;
  Distance distance_;
  std::unique_ptr<Engine> engine_;
  std::vector<std::byte> buffer_;
  Time now_ = 1;
  Time link_free_ = 0;
  unsigned working_ = 0;
  std::queue<std::pair<BackendOp*, Time>> queued_;
  Time looked_ = 1;
  bool dirty_ = false;
  uint64_t order_ = 0;
  bool stopped_ = false;
  std::priority_queue<Event> events_;
  std::map<Request*, std::unique_ptr<Pending>> pending_;
  std::vector<Time> accepted_at_;  // by offset / kGrain
  Progress progress_;
};

}  // namespace conveyor::test

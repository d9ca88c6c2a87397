// A backend that takes one write after the other is given one at a time, as long as it is no slower than memory.

#include <cstdlib>
#include <string>

#include <conveyor/testkit/check.hpp>

#include "engine/engine.hpp"

namespace conveyor {
namespace {

constexpr size_t kPiece = 4096;

class PlainMemory final : public Memory {
 public:
  std::byte *acquire(size_t size) override {
    return static_cast<std::byte *>(std::aligned_alloc(64, (size + 63) / 64 * 64));
  }
  void release(std::byte *data, size_t) override { std::free(data); }
};

/// An engine over a backend that lands what it is given when the test says so.
class World {
 public:
  explicit World(bool serial) : engine_(config(), traits(serial), memory_) {}
  ~World() {
    while (land_one(0)) {
    }
  }

  /// Accepts pieces that do not touch each other, so that each is an operation of its own.
  void write(size_t pieces) {
    const std::string bytes(kPiece, 'x');
    iovec memory{const_cast<char *>(bytes.data()), kPiece};
    for (size_t i = 0; i < pieces; ++i) {
      Request request;
      request.kind = RequestKind::kWrite;
      request.offset = static_cast<int64_t>(2 * kPiece * written_++);
      request.iov = &memory;
      request.iov_count = 1;
      request.count = kPiece;
      REQUIRE(engine_.start(request, now_));
      take();
    }
  }

  size_t flying() const { return flying_.size(); }

  bool land_one(Time taken) {
    if (flying_.empty()) return false;
    BackendOp *op = flying_.front();
    flying_.erase(flying_.begin());
    const auto count = static_cast<ssize_t>(op->count);
    engine_.counters().backend_done(op->kind, count, taken);
    engine_.complete(op, count, now_ += taken);
    take();
    return true;
  }

 private:
  static EngineConfig config() {
    EngineConfig config;
    config.max_io = config.flush_threshold = kPiece;
    config.write_depth = 4;
    return config;
  }
  static BackendTraits traits(bool serial) {
    BackendTraits traits;
    traits.serial_writes = serial;
    return traits;
  }
  void take() {
    Actions &actions = engine_.actions();
    flying_.insert(flying_.end(), actions.submit.begin(), actions.submit.end());
    actions.clear();
  }

  PlainMemory memory_;
  Engine engine_;
  std::vector<BackendOp *> flying_;
  size_t written_ = 0;
  Time now_ = 0;
};

TEST(w4, one_write_at_a_time_where_more_would_wait_for_each_other) {
  World world(true);
  world.write(12);
  CHECK_EQ(world.flying(), 1U);
  for (int i = 0; i < 5; ++i) {
    REQUIRE(world.land_one(10'000));
    CHECK_EQ(world.flying(), 1U);
  }
}

TEST(w4, several_writes_at_a_time_where_the_backend_is_more_than_memory) {
  World world(true);
  world.write(12);
  REQUIRE(world.land_one(5 * kMillisecond));
  CHECK_EQ(world.flying(), 4U);
}

TEST(w4, several_writes_at_a_time_where_the_backend_takes_them) {
  World world(false);
  world.write(12);
  CHECK_EQ(world.flying(), 4U);
}

}  // namespace
}  // namespace conveyor

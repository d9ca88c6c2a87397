// The applications of the simulated world.
#pragma once

#include <conveyor/testkit/prng.hpp>

#include "scenarios.hpp"

namespace conveyor::test {

/// What an application needs for 64 KiB of its own work: 2 GB per second.
inline constexpr Time kQuick = 32'768;

/// Writes blocks one after another, `pause` apart; with a burst size, so many bytes every `period`.
class Writer final : public Application {
 public:
  struct Pace {
    Time pause = kQuick;
    uint64_t burst = 0;
    Time period = 0;
  };
  Writer(DistantWorld& world, uint64_t block, Pace pace) : world_(world), block_(block), pace_(pace) { go(); }

 private:
  void go() {
    world_.write(offset_, block_, [this] {
      offset_ += block_;
      Time wait = pace_.pause;
      if (pace_.burst != 0 && offset_ % pace_.burst == 0) {
        begun_ += pace_.period;
        wait = std::max<Time>(begun_ - world_.now(), 0);
      }
      world_.later(wait, [this] { go(); });
    });
  }

  DistantWorld& world_;
  const uint64_t block_;
  const Pace pace_;
  uint64_t offset_ = 0;
  Time begun_ = 0;
};

/// Writes blocks at random places.
class RandomWriter final : public Application {
 public:
  RandomWriter(DistantWorld& world, uint64_t block) : world_(world), block_(block), prng_(7) { go(); }

 private:
  static constexpr uint64_t kBlocks = 1 << 20;

  void go() {
    world_.write(prng_.below(kBlocks) * block_, block_, [this] { world_.later(kQuick / 16, [this] { go(); }); });
  }

  DistantWorld& world_;
  const uint64_t block_;
  testkit::Prng prng_;
};

/// Reads blocks one after another, `pause` apart.
class Reader final : public Application {
 public:
  Reader(DistantWorld& world, uint64_t block, Time pause = kQuick) : world_(world), block_(block), pause_(pause) {
    go();
  }

 private:
  void go() {
    world_.read(offset_, block_, [this](ssize_t) {
      offset_ += block_;
      world_.later(pause_, [this] { go(); });
    });
  }

  DistantWorld& world_;
  const uint64_t block_;
  const Time pause_;
  uint64_t offset_ = 0;
};

}  // namespace conveyor::test

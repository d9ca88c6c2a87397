// Chooses what happens next in a simulated world. Each world has habits of its own (swarm testing, Groce et al. 2012):
// some operations are frequent in it, others never happen, reads run in order or jump, the backend is good or bad.
#pragma once

#include <conveyor/testkit/prng.hpp>
#include <array>
#include <cstdint>

#include "event.hpp"
#include "simulation.hpp"
#include "world.hpp"

namespace conveyor::sim {

class Generator {
 public:
  Generator(const World& world, testkit::Prng prng);
  Event next(const Simulation& simulation);

 private:
  Event application_event(EventKind kind, const Simulation& simulation);
  Event backend_event(EventKind kind);
  EventKind kind();
  uint32_t count();
  int64_t offset(const Simulation& simulation);
  bool percent(uint64_t chance) { return prng_.below(100) < chance; }

  const World& world_;
  testkit::Prng prng_;
  std::array<uint32_t, kEventKinds> up_to_{};  // sums of the weights
  uint64_t offsets_;                           // below this
  uint32_t count_small_;                       // most reads and writes are of this many bytes
  uint32_t count_max_;
  uint64_t at_cursor_;  // percent, as all below
  uint64_t inline_;
  uint64_t in_order_;
  uint64_t faults_;
  uint64_t permanent_;  // of the faults
  uint64_t deadlines_;
  uint64_t pending_max_;
  uint64_t next_offset_ = 0;
};

}  // namespace conveyor::sim

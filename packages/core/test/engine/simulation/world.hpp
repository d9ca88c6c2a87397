// What a simulated world is like before its first event: the handle's configuration, the backend's abilities, the file.
#pragma once

#include <conveyor/testkit/prng.hpp>
#include <string>

#include "engine/config.hpp"

namespace conveyor::sim {

struct World {
  EngineConfig config;
  BackendTraits traits;
  uint64_t memory = 1 << 20;    // budget in bytes
  uint32_t file_size = 0;       // of the backend's file at first
  bool retries_estale = false;  // the backend declares ESTALE retryable
};

/// A world of its own for every state of the generator: tiny and large rings, each mode, each ability.
World draw_world(testkit::Prng& prng);

/// Lines `name value` of what differs from a World{}.
std::string to_text(const World& world);
/// Takes one such line. False: no such name.
bool parse(const std::string& line, World* world);

}  // namespace conveyor::sim

// A world and what happens in it: made from a seed, kept as a text, run, and made shorter.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "event.hpp"
#include "verdict.hpp"
#include "world.hpp"

namespace conveyor::sim {

struct Script {
  World world;
  std::vector<Event> events;
};

inline constexpr uint32_t kStepsDefault = 200;
inline constexpr uint32_t kExamineEvery = 64;

/// The world of a seed, for `steps` events or until something is wrong. `script`, if not nullptr, gets what happened.
/// Returns what is wrong; `*events` is increased by the events that did something.
Verdict run_seed(uint64_t seed, uint32_t steps, Script* script, uint64_t* events);

/// What happens in the world of a seed up to its end or its failure, crashes included: a forked process chooses.
Script script_of_seed(uint64_t seed, uint32_t steps);

/// Runs a script and examines all structures after each event. `story`, if not nullptr, gets a line for all there is.
Verdict run(const Script& script, std::vector<std::string>* story = nullptr);
/// The same in a forked process: one that does not end by itself, or crashes, has failed by the rule `crash`.
Verdict run_apart(const Script& script);

/// The shortest script that still fails by the same rule, as far as deleting and simplifying events finds it (delta
/// debugging, Zeller and Hildebrandt 2002). Requires: it fails.
Script shrink(Script script, const std::function<Verdict(const Script&)>& try_out);

std::string to_text(const Script& script);
/// False: `*error` says which line is no part of a script.
bool parse(const std::string& text, Script* script, std::string* error);
bool read_script(const std::string& path, Script* script, std::string* error);

}  // namespace conveyor::sim

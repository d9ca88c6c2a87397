// What the engine wants done after an event: the other half of "events in, actions out".
#pragma once

#include <utility>
#include <vector>

#include "engine/request.hpp"

namespace conveyor {

struct BackendOp;

struct Actions {
  std::vector<BackendOp*> submit;  // run these; each is reported to Engine::complete exactly once
  std::vector<Request*> complete;  // tell these callers; the engine has forgotten them
  bool starved = false;            // the memory budget refused something: others should give back what they can

  bool empty() const { return submit.empty() && complete.empty() && !starved; }
  void clear() {
    submit.clear();
    complete.clear();
    starved = false;
  }
};

}  // namespace conveyor

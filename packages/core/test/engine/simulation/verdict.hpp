// What is wrong in a simulated world, if something is.
#pragma once

#include <string>
#include <utility>

namespace conveyor::sim {

/// Keeps the first failure. `rule` is one word per thing that is checked, so that shrinking keeps to one bug.
struct Verdict {
  std::string rule;
  std::string message;

  bool failed() const { return !rule.empty(); }
  void fail(std::string which, std::string what) {
    if (failed()) return;
    rule = std::move(which);
    message = std::move(what);
  }
};

}  // namespace conveyor::sim

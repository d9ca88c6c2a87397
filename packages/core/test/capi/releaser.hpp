#pragma once
/// A second thread that decides in which order held calls of a scripted backend go on.

#include <conveyor/testkit/prng.hpp>

#include "fixture.hpp"

namespace conveyor::test {

/// Lets held calls pass in random order until it is stopped.
class Releaser {
 public:
  Releaser(ScriptedBackend &backend, std::uint64_t seed)
      : backend_(backend), thread_([this, prng = testkit::Prng(seed)]() mutable -> ssize_t {
          while (backend_.release_any([&](std::size_t waiting) { return prng.below(waiting); })) {
            for (std::uint64_t i = prng.below(30); i > 0; --i) sched_yield();  // let more calls gather
          }
          return 0;
        }) {}
  ~Releaser() { backend_.stop_releasing(); }

 private:
  ScriptedBackend &backend_;
  Background thread_;
};

}  // namespace conveyor::test

// What all handles of the process share: workers, timer, memory.
#pragma once

#include <cstdint>

#include "shell/memory_budget.hpp"
#include "shell/timer.hpp"
#include "shell/worker_pool.hpp"

namespace conveyor {

/// Made at the first handle, never destroyed: threads may still use it while the process exits. A forked child gets its
/// own.
class Runtime {
 public:
  static constexpr unsigned kWorkersDefault = 6;
  static constexpr uint64_t kBudgetDefault = uint64_t{256} << 20;

  static Runtime& get();
  /// Zero = default. False: there is one already.
  static bool configure(unsigned workers, uint64_t memory_budget);

  WorkerPool& workers() { return workers_; }
  Timer& timer() { return timer_; }
  MemoryBudget& memory() { return memory_; }

 private:
  Runtime(unsigned workers, uint64_t memory_budget) : workers_(workers), memory_(memory_budget) {}

  WorkerPool workers_;
  Timer timer_;
  MemoryBudget memory_;
};

}  // namespace conveyor

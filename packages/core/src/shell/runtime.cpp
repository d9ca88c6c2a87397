#include "shell/runtime.hpp"

#include <pthread.h>

#include <atomic>
#include <mutex>
#include <new>

#include "shell/handle_table.hpp"

namespace conveyor {
namespace {

std::atomic<Runtime*> the_runtime{nullptr};
std::mutex making;
unsigned workers_wanted = Runtime::kWorkersDefault;
uint64_t budget_wanted = Runtime::kBudgetDefault;

// The child has none of the parent's threads, and locks in an unknown state: it starts anew [C3].
void after_fork_in_child() {
  new (&making) std::mutex;
  the_runtime.store(nullptr, std::memory_order_relaxed);
  HandleTable::abandon();
}

}  // namespace

Runtime& Runtime::get() {
  if (Runtime* runtime = the_runtime.load(std::memory_order_acquire)) return *runtime;  // pairs with the store below
  std::lock_guard lock(making);
  Runtime* runtime = the_runtime.load(std::memory_order_relaxed);
  if (!runtime) {
    static bool fork_watched = pthread_atfork(nullptr, nullptr, after_fork_in_child) == 0;
    (void)fork_watched;
    runtime = new Runtime(workers_wanted, budget_wanted);
    the_runtime.store(runtime, std::memory_order_release);
  }
  return *runtime;
}

bool Runtime::configure(unsigned workers, uint64_t memory_budget) {
  std::lock_guard lock(making);
  if (the_runtime.load(std::memory_order_relaxed)) return false;
  workers_wanted = workers ? workers : kWorkersDefault;
  budget_wanted = memory_budget ? memory_budget : kBudgetDefault;
  return true;
}

}  // namespace conveyor

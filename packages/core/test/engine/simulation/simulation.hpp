// A simulated world: the real engine on one thread, a clock that moves when an event says so, callers and a backend
// that do what the events say. After each event everything that was promised is checked.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "application.hpp"
#include "event.hpp"
#include "simulated_backend.hpp"
#include "simulated_memory.hpp"
#include "verdict.hpp"
#include "world.hpp"

namespace conveyor::sim {

class Simulation {
 public:
  /// `examine_every`: after how many events all structures of the engine are examined, beside what is checked always.
  Simulation(const World& world, uint32_t examine_every);
  ~Simulation();

  /// False: there was nothing to do.
  bool execute(const Event& event);
  /// No more faults: whatever is pending ends, everything lands, the handle closes and gives all memory back.
  void finish();

  const Verdict& verdict() const { return verdict_; }
  /// Lines that tell what happens go there from now on.
  void tell(std::vector<std::string>* story) { story_ = story; }

  // For whoever chooses the next event.
  size_t pending() const { return application_.pending().size(); }
  size_t flying() const { return backend_.flying(); }
  size_t passes() const { return backend_.passes().size(); }
  uint64_t file_size() const { return backend_.storage().size(); }
  uint64_t cursor() const { return application_.cursor(); }
  bool closing() const { return application_.closing(); }
  int sticky() const { return application_.sticky(); }
  bool has_retries() const { return backend_.flights().size() > backend_.flying(); }

 private:
  bool dispatch(const Event& event);
  bool start(const Event& event);
  bool start_pass(const Event& event);
  bool end_pass(const Event& event);
  bool complete(const Event& event);
  bool advance(const Event& event);
  void wake_up();
  bool go_direct(const Event& event);
  bool cancel(const Event& event);
  void open();
  void end_event();
  void lose_unsynced(const Event& event);
  void check();
  void check_progress();
  void check_sticky();
  void check_cursor();
  void examine();
  void settle();
  Time next_deadline() const;
  void say(const std::string& line) {
    if (story_) story_->push_back(line);
  }

  const World world_;
  const uint32_t examine_every_;
  Verdict verdict_;
  SimulatedMemory memory_;
  SimulatedBackend backend_;
  Application application_;
  std::unique_ptr<Engine> engine_;
  Time now_ = 1;
  uint32_t events_ = 0;
  Actions actions_;  // of the event that ends
  std::vector<std::string>* story_ = nullptr;
};

}  // namespace conveyor::sim

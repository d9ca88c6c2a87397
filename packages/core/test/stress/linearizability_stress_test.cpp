// C2: small histories of several threads on a file of two bytes, each checked against every order that the real time
// allows (Wing and Gong, "Testing and verifying concurrent objects", 1993).

#include <memory>
#include <set>
#include <utility>
#include <vector>

#include <conveyor/testkit/barrier.hpp>
#include <conveyor/testkit/prng.hpp>

#include "../capi/releaser.hpp"
#include "environment.hpp"

namespace conveyor::test {
namespace {

enum class Verb { kWrite, kRead, kTruncate, kSize };

/// One operation as a thread saw it.
struct Event {
  Verb verb;
  off_t offset;         // of truncate: the size
  std::string bytes;    // written, or read
  ssize_t result = 0;
  std::uint64_t called = 0;
  std::uint64_t returned = 0;
};

/// What the operation does to a file, and whether its answer is the one the file gives.
bool applies(const Event &event, std::string &file) {
  const auto offset = static_cast<std::size_t>(event.offset);
  switch (event.verb) {
    case Verb::kWrite:
      if (file.size() < offset + event.bytes.size()) file.resize(offset + event.bytes.size(), '\0');
      file.replace(offset, event.bytes.size(), event.bytes);
      return true;
    case Verb::kRead: return event.bytes == (offset < file.size() ? file.substr(offset, 2) : "");
    case Verb::kTruncate: file.resize(offset, '\0'); return true;
    default: return event.result == static_cast<ssize_t>(file.size());
  }
}

/// Whether some order that respects real time explains every answer.
class Search {
 public:
  explicit Search(const std::vector<Event> &history) : history_(history) {}
  bool explains(const std::string &start) { return explore(0, start); }

 private:
  bool explore(std::uint32_t done, const std::string &file) {
    if (done == (1U << history_.size()) - 1) return true;
    if (!seen_.insert({done, file}).second) return false;
    std::uint64_t first_return = UINT64_MAX;
    for (std::size_t i = 0; i < history_.size(); ++i) {
      if ((done >> i & 1U) == 0) first_return = std::min(first_return, history_[i].returned);
    }
    for (std::size_t i = 0; i < history_.size(); ++i) {
      // Only what was called before anything left had returned may come next.
      if ((done >> i & 1U) != 0 || history_[i].called > first_return) continue;
      std::string next = file;
      if (applies(history_[i], next) && explore(done | 1U << i, next)) return true;
    }
    return false;
  }

  const std::vector<Event> &history_;
  std::set<std::pair<std::uint32_t, std::string>> seen_;
};

TEST(c2, the_search_knows_right_from_wrong) {
  const Event write{Verb::kWrite, 0, "a", 1, 1, 2};
  const Event stale{Verb::kRead, 0, "", 0, 3, 4};
  const Event fresh{Verb::kRead, 0, "a", 1, 3, 4};
  const Event overlapping{Verb::kRead, 0, "", 0, 1, 4};
  CHECK(Search({write, fresh}).explains(""));
  CHECK(!Search({write, stale}).explains(""));
  CHECK(Search({write, overlapping}).explains(""));
  CHECK(!Search({write, fresh, {Verb::kRead, 0, "", 0, 5, 6}}).explains(""));
  CHECK(!Search({{Verb::kSize, 0, "", 1, 1, 2}}).explains(""));
}

constexpr std::size_t kThreads = 3;
constexpr std::size_t kPerThread = 5;

std::vector<Event> perform(conveyor_t *handle, testkit::Prng prng, std::uint64_t salt, bool truncates) {
  std::vector<Event> events;
  for (std::size_t i = 0; i < kPerThread; ++i) {
    const auto offset = static_cast<off_t>(prng.below(2));
    const std::size_t choice = prng.below(10);
    if (choice == 8) {
      conveyor_flush(handle);
      continue;
    }
    if (choice == 9) {
      conveyor_prefetch(handle, 0, 2);
      continue;
    }
    Event event{choice < 4 ? Verb::kWrite : choice < 7 || !truncates ? Verb::kRead : Verb::kTruncate, offset, {}};
    if (truncates && choice == 7 && prng.chance(1, 2)) event.verb = Verb::kSize;
    const std::size_t room = 2 - static_cast<std::size_t>(offset);
    if (event.verb == Verb::kWrite) event.bytes = pattern(1 + prng.below(room), salt + i);
    if (event.verb == Verb::kRead) event.bytes.assign(2, '\xEE');
    event.called = stamp();
    switch (event.verb) {
      case Verb::kWrite: event.result = conveyor_pwrite(handle, event.bytes.data(), event.bytes.size(), offset); break;
      case Verb::kRead: event.result = conveyor_pread(handle, event.bytes.data(), 2, offset); break;
      case Verb::kTruncate: event.result = conveyor_truncate(handle, offset); break;
      default: event.result = conveyor_size(handle);
    }
    event.returned = stamp();
    CHECK_GE(event.result, 0);
    if (event.verb == Verb::kRead) event.bytes.resize(static_cast<std::size_t>(std::max<ssize_t>(0, event.result)));
    events.push_back(std::move(event));
  }
  return events;
}

void search_histories(bool truncates, std::size_t write_capacity) {
  configure_workers();
  testkit::Prng prng(stress_seed());
  const std::uint64_t rounds = (testkit::kSanitized ? 100 : 400) * stress_iterations();
  for (std::uint64_t round = 0; round < rounds; ++round) {
    const std::string start = pattern(prng.below(3), 77);
    ScriptedBackend backend(start);
    conveyor_options_t options = default_options();
    options.max_dirty_ms = 1;
    options.write_capacity_initial = write_capacity == CONVEYOR_UNBUFFERED ? 0 : write_capacity;
    options.write_capacity_max = write_capacity;
    Handle handle(backend, O_RDWR, options);
    for (const Kind kind : {Kind::kWrite, Kind::kRead, Kind::kSize, Kind::kTruncate}) {
      backend.hold(kind, prng.chance(1, 2) ? Side::kBefore : Side::kAfter);
    }
    Releaser releaser(backend, prng.next_u64());
    testkit::Barrier together(kThreads);
    std::vector<std::vector<Event>> histories(kThreads);
    {
      std::vector<std::unique_ptr<Background>> threads;
      for (std::size_t t = 0; t < kThreads; ++t) {
        threads.push_back(std::make_unique<Background>([&, t, own = prng.fork()]() -> ssize_t {
          together.arrive_and_wait();
          histories[t] = perform(handle, own, round * 100 + t * 10, truncates);
          return 0;
        }));
      }
      for (const auto &thread : threads) REQUIRE_EQ(thread->result(), 0);
    }
    std::vector<Event> history;
    for (const auto &one : histories) history.insert(history.end(), one.begin(), one.end());
    if (CHECK_MSG(Search(history).explains(start), "round " + std::to_string(round))) continue;
    for (const Event &event : history) {
      std::printf("  verb %d offset %lld bytes %zu:%02x%02x result %zd [%llu, %llu]\n", static_cast<int>(event.verb),
                  static_cast<long long>(event.offset), event.bytes.size(),
                  event.bytes.empty() ? 0 : static_cast<unsigned char>(event.bytes[0]),
                  event.bytes.size() < 2 ? 0 : static_cast<unsigned char>(event.bytes[1]), event.result,
                  static_cast<unsigned long long>(event.called), static_cast<unsigned long long>(event.returned));
    }
    return;
  }
}

TEST(c2, registers_are_linearizable) { search_histories(false, 4096); }

TEST(c2, registers_in_a_ring_of_two_bytes_are_linearizable) { search_histories(false, 2); }

TEST(c2, unbuffered_registers_are_linearizable) { search_histories(false, CONVEYOR_UNBUFFERED); }

TEST(c2, registers_with_truncate_and_size_are_linearizable) { search_histories(true, 4096); }

}  // namespace
}  // namespace conveyor::test

CONVEYOR_TEST_MAIN()

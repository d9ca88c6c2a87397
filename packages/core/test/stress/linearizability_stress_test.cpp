// C2: small histories of several threads on a file of a few bytes, each checked against every order that the real time
// allows (Wing and Gong, "Testing and verifying concurrent objects", 1993).

#include <memory>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

#include <conveyor/testkit/barrier.hpp>
#include <conveyor/testkit/prng.hpp>

#include "../capi/releaser.hpp"
#include "environment.hpp"

namespace conveyor::test {
namespace {

/// In append mode the writes append; those at the cursor then leave it alone, as far as these histories can tell.
enum class Verb { kWrite, kRead, kTruncate, kSize, kWriteHere, kReadHere, kSeek, kSeekEnd, kAppend };

/// One operation as a thread saw it.
struct Event {
  Verb verb;
  off_t offset = 0;       // of truncate: the size
  std::string bytes = {};  // written, or read
  ssize_t result = 0;
  std::uint64_t called = 0;
  std::uint64_t returned = 0;
};

/// What the operations of one history work on.
struct File {
  std::string bytes;
  std::size_t cursor = 0;

  void write(const std::string &data, std::size_t at) {
    if (bytes.size() < at + data.size()) bytes.resize(at + data.size(), '\0');
    bytes.replace(at, data.size(), data);
  }
  std::string read(std::size_t at, std::size_t count) const { return at < bytes.size() ? bytes.substr(at, count) : ""; }
};

constexpr std::size_t kReadSize = 2;

/// Does to the file what the operation does; false when its answer is not the one the file gives.
bool applies(const Event &event, File &file) {
  const auto offset = static_cast<std::size_t>(event.offset);
  switch (event.verb) {
    case Verb::kWrite: file.write(event.bytes, offset); return true;
    case Verb::kAppend: file.write(event.bytes, file.bytes.size()); return true;
    case Verb::kRead: return event.bytes == file.read(offset, kReadSize);
    case Verb::kTruncate: file.bytes.resize(offset, '\0'); return true;
    case Verb::kSize: return event.result == static_cast<ssize_t>(file.bytes.size());
    case Verb::kWriteHere:
      file.write(event.bytes, file.cursor);
      file.cursor += event.bytes.size();
      return true;
    case Verb::kReadHere:
      if (event.bytes != file.read(file.cursor, kReadSize)) return false;
      file.cursor += event.bytes.size();
      return true;
    case Verb::kSeek: file.cursor = offset; return true;
    default: file.cursor = file.bytes.size(); return event.result == static_cast<ssize_t>(file.cursor);
  }
}

/// Whether some order that respects real time explains every answer.
class Search {
 public:
  explicit Search(const std::vector<Event> &history) : history_(history) {}
  bool explains(const std::string &start) { return explore(0, {start}); }

 private:
  bool explore(std::uint32_t done, const File &file) {
    if (done == (1U << history_.size()) - 1) return true;
    if (!seen_.insert({done, file.bytes, file.cursor}).second) return false;
    std::uint64_t first_return = UINT64_MAX;
    for (std::size_t i = 0; i < history_.size(); ++i) {
      if ((done >> i & 1U) == 0) first_return = std::min(first_return, history_[i].returned);
    }
    for (std::size_t i = 0; i < history_.size(); ++i) {
      // Only what was called before anything left had returned may come next.
      if ((done >> i & 1U) != 0 || history_[i].called > first_return) continue;
      File next = file;
      if (applies(history_[i], next) && explore(done | 1U << i, next)) return true;
    }
    return false;
  }

  const std::vector<Event> &history_;
  std::set<std::tuple<std::uint32_t, std::string, std::size_t>> seen_;
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
  const Event first{Verb::kReadHere, 0, "ab", 2, 1, 4};
  CHECK(Search({first, {Verb::kReadHere, 0, "cd", 2, 2, 3}}).explains("abcd"));
  CHECK(!Search({first, {Verb::kReadHere, 0, "ab", 2, 2, 3}}).explains("abcd"));
  CHECK(!Search({first, {Verb::kReadHere, 0, "cd", 2, 5, 6}, {Verb::kSeekEnd, 0, "", 3, 7, 8}}).explains("abcd"));
}

/// What the threads of a history do, and on what.
struct Plan {
  std::vector<Verb> verbs;
  std::size_t write_capacity = 4096;
  std::size_t read_capacity = 0;
  int flags = O_RDWR;
  off_t offset_max = 1;
  std::size_t read_align = 0;
};

constexpr std::size_t kThreads = 3;
constexpr std::size_t kPerThread = 5;

ssize_t call(conveyor_t *handle, Event &event) {
  char *bytes = event.bytes.data();
  const std::size_t count = event.bytes.size();
  switch (event.verb) {
    case Verb::kWrite: return conveyor_pwrite(handle, bytes, count, event.offset);
    case Verb::kRead: return conveyor_pread(handle, bytes, count, event.offset);
    case Verb::kTruncate: return conveyor_truncate(handle, event.offset);
    case Verb::kSize: return conveyor_size(handle);
    case Verb::kWriteHere:
    case Verb::kAppend: return conveyor_write(handle, bytes, count);
    case Verb::kReadHere: return conveyor_read(handle, bytes, count);
    case Verb::kSeek: return conveyor_lseek(handle, event.offset, SEEK_SET);
    default: return conveyor_lseek(handle, 0, SEEK_END);
  }
}

std::vector<Event> perform(conveyor_t *handle, const Plan &plan, testkit::Prng prng, std::uint64_t salt) {
  std::vector<Event> events;
  for (std::size_t i = 0; i < kPerThread; ++i) {
    if (prng.chance(1, 8)) conveyor_flush(handle);
    if (prng.chance(1, 16)) conveyor_prefetch(handle, 0, 4);
    if (prng.chance(1, 16)) conveyor_invalidate(handle);
    Event event{plan.verbs[prng.below(plan.verbs.size())]};
    event.offset = static_cast<off_t>(prng.below(static_cast<std::uint64_t>(plan.offset_max) + 1));
    const bool reads = event.verb == Verb::kRead || event.verb == Verb::kReadHere;
    const bool writes = event.verb == Verb::kWrite || event.verb == Verb::kWriteHere || event.verb == Verb::kAppend;
    if (writes) event.bytes = pattern(1 + prng.below(2), salt + i);
    if (reads) event.bytes.assign(kReadSize, '\xEE');
    event.called = stamp();
    event.result = call(handle, event);
    event.returned = stamp();
    CHECK_GE(event.result, 0);
    if (reads) event.bytes.resize(static_cast<std::size_t>(std::max<ssize_t>(0, event.result)));
    events.push_back(std::move(event));
  }
  return events;
}

/// The events of one round, thread after thread.
std::vector<Event> run_round(conveyor_t *handle, const Plan &plan, testkit::Prng &prng, std::uint64_t round) {
  testkit::Barrier together(kThreads);
  std::vector<std::vector<Event>> histories(kThreads);
  {
    std::vector<std::unique_ptr<Background>> threads;
    for (std::size_t t = 0; t < kThreads; ++t) {
      threads.push_back(std::make_unique<Background>([&, t, own = prng.fork()]() -> ssize_t {
        together.arrive_and_wait();
        histories[t] = perform(handle, plan, own, round * 100 + t * 10);
        return 0;
      }));
    }
    for (const auto &thread : threads) REQUIRE_EQ(thread->result(), 0);
  }
  std::vector<Event> history;
  for (const auto &one : histories) history.insert(history.end(), one.begin(), one.end());
  return history;
}

void print(const std::vector<Event> &history) {
  for (const Event &event : history) {
    std::printf("  verb %d offset %lld bytes", static_cast<int>(event.verb), static_cast<long long>(event.offset));
    for (const char c : event.bytes) std::printf(" %02x", static_cast<unsigned char>(c));
    std::printf(" result %zd [%llu, %llu]\n", event.result, static_cast<unsigned long long>(event.called),
                static_cast<unsigned long long>(event.returned));
  }
}

void search_histories(const Plan &plan) {
  configure_workers();
  testkit::Prng prng(stress_seed());
  const std::uint64_t rounds = (testkit::kSanitized ? 40 : 200) * stress_iterations();
  for (std::uint64_t round = 0; round < rounds; ++round) {
    const std::string start = pattern(prng.below(4), 77);
    ScriptedBackend backend(start);
    conveyor_options_t options = default_options();
    options.max_dirty_ms = 1;
    options.write_capacity_initial = plan.write_capacity == CONVEYOR_UNBUFFERED ? 0 : plan.write_capacity;
    options.write_capacity_max = plan.write_capacity;
    options.read_capacity_max = plan.read_capacity;
    options.read_align = plan.read_align;
    Handle handle(backend, plan.flags, options);
    for (const Kind kind : {Kind::kWrite, Kind::kRead, Kind::kSize, Kind::kTruncate, Kind::kAppend}) {
      backend.hold(kind, prng.chance(1, 2) ? Side::kBefore : Side::kAfter);
    }
    Releaser releaser(backend, prng.next_u64());
    const std::vector<Event> history = run_round(handle, plan, prng, round);
    if (CHECK_MSG(Search(history).explains(start), "round " + std::to_string(round))) continue;
    std::printf("  start of %zu bytes\n", start.size());
    print(history);
    return;
  }
}

const std::vector<Verb> kPositional = {Verb::kWrite, Verb::kWrite, Verb::kRead, Verb::kRead};
const std::vector<Verb> kSizes = {Verb::kWrite, Verb::kWrite, Verb::kRead, Verb::kRead, Verb::kTruncate, Verb::kSize};
const std::vector<Verb> kCursor = {Verb::kWriteHere, Verb::kReadHere, Verb::kReadHere, Verb::kSeek, Verb::kRead};
const std::vector<Verb> kEverything = {Verb::kWrite,     Verb::kRead,     Verb::kTruncate, Verb::kSize,
                                       Verb::kWriteHere, Verb::kReadHere, Verb::kSeek,     Verb::kSeekEnd};
const std::vector<Verb> kAppends = {Verb::kAppend, Verb::kAppend, Verb::kRead, Verb::kRead, Verb::kSize};
const std::vector<Verb> kAppendsAndCuts = {Verb::kAppend, Verb::kAppend, Verb::kRead, Verb::kSize, Verb::kTruncate};

TEST(c2, positional_calls_are_linearizable) { search_histories({.verbs = kPositional}); }

TEST(c2, a_ring_of_two_bytes_is_linearizable) {
  search_histories({.verbs = kSizes, .write_capacity = 2, .offset_max = 3});
}

TEST(c2, unbuffered_calls_are_linearizable) {
  search_histories({.verbs = kSizes, .write_capacity = CONVEYOR_UNBUFFERED, .read_capacity = CONVEYOR_UNBUFFERED});
}

TEST(c2, unbuffered_writes_under_windows_are_linearizable) {
  search_histories({.verbs = kSizes, .write_capacity = CONVEYOR_UNBUFFERED, .offset_max = 3});
}

TEST(c2, truncate_and_size_are_linearizable) { search_histories({.verbs = kSizes, .offset_max = 3}); }

TEST(c2, aligned_reads_are_linearizable) { search_histories({.verbs = kSizes, .offset_max = 5, .read_align = 4}); }

TEST(c2, aligned_unbuffered_reads_are_linearizable) {
  search_histories({.verbs = kSizes, .read_capacity = CONVEYOR_UNBUFFERED, .offset_max = 5, .read_align = 4});
}

TEST(p3, the_cursor_is_linearizable) { search_histories({.verbs = kCursor, .offset_max = 3}); }

TEST(p3, the_cursor_of_an_unbuffered_handle_is_linearizable) {
  search_histories({.verbs = kCursor,
                    .write_capacity = CONVEYOR_UNBUFFERED,
                    .read_capacity = CONVEYOR_UNBUFFERED,
                    .offset_max = 3});
}

TEST(c2, everything_together_is_linearizable) { search_histories({.verbs = kEverything, .offset_max = 3}); }

TEST(w9, appends_are_linearizable) {
  search_histories({.verbs = kAppends, .flags = O_RDWR | O_APPEND, .offset_max = 6});
}

TEST(w9, appends_and_truncates_are_linearizable) {
  search_histories({.verbs = kAppendsAndCuts, .flags = O_RDWR | O_APPEND, .offset_max = 6});
}

}  // namespace
}  // namespace conveyor::test

CONVEYOR_TEST_MAIN()

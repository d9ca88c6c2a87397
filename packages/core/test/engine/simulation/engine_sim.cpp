// engine_sim: the deterministic simulation from the command line; see usage() below.
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>

#include <unistd.h>

#include "script.hpp"

namespace conveyor::sim {
namespace {

using Clock = std::chrono::steady_clock;

volatile uint64_t seed_at_work = 0;

struct Arguments {
  std::optional<uint64_t> seed;
  uint64_t first = 0, last = 0;
  uint32_t steps = kStepsDefault;
  double minutes = 0;
  bool shrink = false;
  bool bench = false;
  const char* replay = nullptr;
  const char* out = nullptr;
};

int usage() {
  std::fputs(
      "engine_sim --seed N [--shrink]     one world; on failure its trace, and with --shrink the shortest one\n"
      "engine_sim --seeds A..B            many worlds, up to the first failure\n"
      "engine_sim --minutes N [--seeds A] worlds from A on (default: by the time of day), for N minutes\n"
      "engine_sim --replay FILE           a script, with its story\n"
      "engine_sim --bench                 events per second on this machine\n"
      "options: --steps M (events per world, default 200), --out FILE (of the shrunk script)\n"
      "Exit status: 0 all is well, 1 something is wrong, 2 bad arguments.\n",
      stderr);
  return 2;
}

bool read_number(const char* text, uint64_t* number) {
  char* end = nullptr;
  *number = std::strtoull(text, &end, 10);
  return end != text && *end == '\0';
}

bool read_range(const char* text, Arguments* a) {
  const char* dots = std::strstr(text, "..");
  a->last = UINT64_MAX;
  if (!dots) return read_number(text, &a->first);
  return read_number(std::string(text, dots).c_str(), &a->first) && read_number(dots + 2, &a->last);
}

bool read_arguments(int argc, char** argv, Arguments* a) {
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    if (name == "--shrink") {
      a->shrink = true;
      continue;
    }
    if (name == "--bench") {
      a->bench = true;
      continue;
    }
    if (++i == argc) return false;
    uint64_t number = 0;
    bool good = name == "--seeds" ? read_range(argv[i], a) : true;
    if (name == "--seed") good = read_number(argv[i], &number), a->seed = number;
    if (name == "--steps") good = read_number(argv[i], &number), a->steps = static_cast<uint32_t>(number);
    if (name == "--minutes") good = (a->minutes = std::strtod(argv[i], nullptr)) > 0;
    if (name == "--replay") a->replay = argv[i];
    if (name == "--out") a->out = argv[i];
    const char* known[] = {"--seed", "--seeds", "--steps", "--minutes", "--replay", "--out"};
    bool is_known = false;
    for (const char* one : known) is_known = is_known || name == one;
    if (!good || !is_known) return false;
  }
  return true;
}

// An assertion of the engine, or worse: which world was it?
void on_crash(int signal) {
  char text[96];
  int length =
      std::snprintf(text, sizeof text, "\ncrashed in seed %llu; again: engine_sim --seed %llu --shrink\n",
                    static_cast<unsigned long long>(seed_at_work), static_cast<unsigned long long>(seed_at_work));
  if (write(STDERR_FILENO, text, static_cast<size_t>(length)) < 0) std::_Exit(1);
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

int tell(const Script& script) {
  std::vector<std::string> story;
  Verdict verdict = run(script, &story);
  for (const std::string& line : story) std::printf("%s\n", line.c_str());
  if (!verdict.failed()) return std::printf("all is well\n"), 0;
  std::printf("FAIL %s: %s\n", verdict.rule.c_str(), verdict.message.c_str());
  return 1;
}

int shrink_and_tell(const Script& script, const Arguments& a) {
  Verdict verdict = run_apart(script);
  if (!verdict.failed()) return std::printf("all is well\n"), 0;
  std::fprintf(stderr, "%zu events fail by %s: %s\n", script.events.size(), verdict.rule.c_str(),
               verdict.message.c_str());
  Script shortest = shrink(script, run_apart);
  verdict = run_apart(shortest);
  std::string text = "# " + verdict.rule + ": " + verdict.message + "\n" + to_text(shortest);
  std::fputs(text.c_str(), stdout);
  if (FILE* file = a.out ? std::fopen(a.out, "w") : nullptr) {
    std::fputs(text.c_str(), file);
    std::fclose(file);
  }
  std::fflush(stdout);
  if (verdict.rule != "crash") tell(shortest);
  return 1;
}

int run_one(const Arguments& a) {
  Script script = script_of_seed(*a.seed, a.steps);
  return a.shrink ? shrink_and_tell(script, a) : tell(script);
}

int run_many(const Arguments& a) {
  const Clock::time_point begin = Clock::now();
  auto seconds = [&] { return std::chrono::duration<double>(Clock::now() - begin).count(); };
  uint64_t events = 0, seed = a.first;
  for (; seed <= a.last && (a.minutes == 0 || seconds() < a.minutes * 60); ++seed) {
    seed_at_work = seed;
    Verdict verdict = run_seed(seed, a.steps, nullptr, &events);
    if (!verdict.failed()) continue;
    std::printf("FAIL seed %llu: %s: %s\nagain: engine_sim --seed %llu --steps %u --shrink\n",
                static_cast<unsigned long long>(seed), verdict.rule.c_str(), verdict.message.c_str(),
                static_cast<unsigned long long>(seed), a.steps);
    if (a.shrink) shrink_and_tell(script_of_seed(seed, a.steps), a);
    return 1;
  }
  std::printf("%llu worlds from seed %llu, %llu events, %.1f s: %.2f million events per minute\n",
              static_cast<unsigned long long>(seed - a.first), static_cast<unsigned long long>(a.first),
              static_cast<unsigned long long>(events), seconds(), static_cast<double>(events) / seconds() * 60 / 1e6);
  return 0;
}

int main_of(int argc, char** argv) {
  Arguments a;
  if (!read_arguments(argc, argv, &a)) return usage();
  if (a.seed) return run_one(a);
  for (int signal : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE}) std::signal(signal, on_crash);
  if (a.replay) {
    Script script;
    std::string error;
    if (!read_script(a.replay, &script, &error)) return std::fprintf(stderr, "bad line: %s\n", error.c_str()), 2;
    return a.shrink ? shrink_and_tell(script, a) : tell(script);
  }
  if (a.bench) {
    a.first = 0, a.last = 19'999;
    return run_many(a);
  }
  if (a.minutes > 0 && a.last == 0) {
    a.first = static_cast<uint64_t>(std::chrono::system_clock::now().time_since_epoch().count());
    a.last = UINT64_MAX;
  }
  return a.last == 0 ? usage() : run_many(a);
}

}  // namespace
}  // namespace conveyor::sim

int main(int argc, char** argv) { return conveyor::sim::main_of(argc, argv); }

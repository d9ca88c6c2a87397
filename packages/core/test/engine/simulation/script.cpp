#include "script.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <fstream>
#include <sstream>

#include "generator.hpp"
#include "simulation.hpp"

namespace conveyor::sim {
namespace {

constexpr unsigned kSecondsMost = 20;  // of a child

/// Runs body(say) in a forked process, silently. Returns what it has said until it ended, in whatever way.
template <class Body, class Say>
void run_or_crash(Body body, Say say) noexcept {
  body(say);
}

template <class Body>
std::string hear_child(Body body) {
  int ends[2];
  if (pipe(ends) != 0) return {};
  std::fflush(nullptr);
  const pid_t child = fork();
  if (child == 0) {
    close(ends[0]);
    close(STDERR_FILENO);
    for (int signal : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE}) std::signal(signal, SIG_DFL);
    alarm(kSecondsMost);
    run_or_crash(body, [&](const std::string& text) {
      for (size_t done = 0; done < text.size();) {
        ssize_t count = write(ends[1], text.data() + done, text.size() - done);
        if (count <= 0) _exit(1);
        done += static_cast<size_t>(count);
      }
    });
    _exit(0);
  }
  close(ends[1]);
  std::string text;
  char part[4096];
  for (ssize_t count; (count = read(ends[0], part, sizeof part)) > 0;) text.append(part, static_cast<size_t>(count));
  close(ends[0]);
  waitpid(child, nullptr, 0);
  return text;
}

template <class Body>
Script parse_from_child(Body body) {
  Script script;
  std::string error;
  parse(hear_child(body), &script, &error);  // a line that was cut is the last one
  return script;
}

}  // namespace

Verdict run_seed(uint64_t seed, uint32_t steps, Script* script, uint64_t* events) {
  testkit::Prng prng(seed);
  World world = draw_world(prng);
  if (script) *script = {world, {}};
  Simulation simulation(world, kExamineEvery);
  Generator generator(world, prng.fork());
  for (uint32_t step = 0; step < steps && !simulation.verdict().failed(); ++step) {
    Event event = generator.next(simulation);
    if (!simulation.execute(event) && !simulation.verdict().failed()) continue;
    ++*events;
    if (script) script->events.push_back(event);
  }
  simulation.finish();
  return simulation.verdict();
}

Script script_of_seed(uint64_t seed, uint32_t steps) {
  return parse_from_child([&](const std::function<void(const std::string&)>& say) {
    testkit::Prng prng(seed);
    World world = draw_world(prng);
    say(to_text({world, {}}));
    Simulation simulation(world, kExamineEvery);
    Generator generator(world, prng.fork());
    for (uint32_t step = 0; step < steps && !simulation.verdict().failed(); ++step) {
      Event event = generator.next(simulation);
      say(to_text(event) + '\n');  // before it happens: it may be the last one
      simulation.execute(event);
    }
  });
}

Verdict run(const Script& script, std::vector<std::string>* story) {
  Simulation simulation(script.world, 1);
  simulation.tell(story);
  for (const Event& event : script.events) {
    if (simulation.verdict().failed()) break;
    if (story) story->push_back(to_text(event));
    simulation.execute(event);
  }
  simulation.finish();
  return simulation.verdict();
}

Verdict run_apart(const Script& script) {
  std::string text = hear_child([&](const std::function<void(const std::string&)>& say) {
    Verdict verdict = run(script);
    say(verdict.rule + '\n' + verdict.message + '\0');
  });
  if (text.empty() || text.back() != '\0') return {"crash", "the process did not come to its end"};
  text.pop_back();
  size_t line = text.find('\n');
  return {text.substr(0, line), text.substr(line + 1)};
}

std::string to_text(const Script& script) {
  std::ostringstream text;
  std::istringstream lines(to_text(script.world));
  for (std::string line; std::getline(lines, line);) text << "world " << line << '\n';
  for (const Event& event : script.events) text << to_text(event) << '\n';
  return text.str();
}

bool parse(const std::string& text, Script* script, std::string* error) {
  *script = Script{};
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.empty() || line[0] == '#') continue;
    Event event;
    if (line.starts_with("world ") && parse(line.substr(6), &script->world)) continue;
    if (!parse(line, &event)) {
      *error = line;
      return false;
    }
    script->events.push_back(event);
  }
  return true;
}

bool read_script(const std::string& path, Script* script, std::string* error) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  if (file) return parse(text.str(), script, error);
  *error = path + " cannot be read";
  return false;
}

}  // namespace conveyor::sim

#include "event.hpp"

#include <algorithm>
#include <iterator>
#include <sstream>

namespace conveyor::sim {
namespace {

constexpr const char* kKindNames[] = {"read",       "write", "seek",      "size",       "truncate", "flush",
                                      "sync",       "close", "pass",      "end_pass",   "effect",   "complete",
                                      "advance",    "tick",  "trim",      "invalidate", "prefetch", "clear_error",
                                      "last_error", "stats", "go_direct", "cancel",     "grow",     "budget"};
static_assert(std::size(kKindNames) == kEventKinds);

constexpr const char* kOutcomeNames[] = {"whole",    "short",     "zero",      "too_much",
                                         "nonsense", "transient", "retryable", "permanent"};
static_assert(std::size(kOutcomeNames) == kOutcomes);

constexpr const char* kFlagNames[] = {"cursor", "inline", "vectored", "data_only", "late", "timeout", "glances"};

template <class Names>
int index_of(const Names& names, const std::string& word) {
  auto it = std::find(std::begin(names), std::end(names), word);
  return it == std::end(names) ? -1 : static_cast<int>(it - std::begin(names));
}

}  // namespace

std::string to_text(const Event& event) {
  std::ostringstream text;
  text << kKindNames[static_cast<int>(event.kind)];
  if (event.offset != 0) text << " offset " << event.offset;
  if (event.count != 0) text << " count " << event.count;
  if (event.pick != 0) text << " pick " << event.pick;
  if (event.outcome != Outcome::kWhole) text << ' ' << kOutcomeNames[static_cast<int>(event.outcome)];
  for (size_t i = 0; i < std::size(kFlagNames); ++i)
    if (event.flags & (1 << i)) text << ' ' << kFlagNames[i];
  return text.str();
}

bool parse(const std::string& line, Event* event) {
  std::istringstream words(line);
  std::string word;
  if (!(words >> word)) return false;
  int kind = index_of(kKindNames, word);
  if (kind < 0) return false;
  *event = Event{};
  event->kind = static_cast<EventKind>(kind);
  while (words >> word) {
    if (word == "offset") {
      words >> event->offset;
    } else if (word == "count") {
      words >> event->count;
    } else if (word == "pick") {
      words >> event->pick;
    } else if (int outcome = index_of(kOutcomeNames, word); outcome >= 0) {
      event->outcome = static_cast<Outcome>(outcome);
    } else if (int flag = index_of(kFlagNames, word); flag >= 0) {
      event->flags = static_cast<uint8_t>(event->flags | (1 << flag));
    } else {
      return false;
    }
    if (words.fail()) return false;
  }
  return true;
}

}  // namespace conveyor::sim

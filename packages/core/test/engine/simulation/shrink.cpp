// Shrinking: fewer events, then simpler ones, then a plainer world, until nothing more can go.
#include <algorithm>

#include "script.hpp"

namespace conveyor::sim {
namespace {

class Shrinker {
 public:
  Shrinker(Script script, const std::function<Verdict(const Script&)>& try_out)
      : best_(std::move(script)), try_out_(try_out), rule_(try_out(best_).rule) {}

  Script shrink() {
    if (rule_.empty()) return best_;  // it does not fail in this way of running it
    for (bool again = true; again;) {
      again = delete_events();
      again = simplify_events() || again;
      again = simplify_world() || again;
    }
    return best_;
  }

 private:
  bool keep_if_fails(Script candidate) {
    if (try_out_(candidate).rule != rule_) return false;
    best_ = std::move(candidate);
    return true;
  }

  bool delete_events() {
    bool some = false;
    for (size_t length = std::max<size_t>(best_.events.size() / 2, 1); length > 0; length /= 2) {
      // From the end: what comes after the failure goes first.
      for (size_t end = best_.events.size(); end > 0;) {
        size_t begin = end > length ? end - length : 0;
        Script candidate = best_;
        candidate.events.erase(candidate.events.begin() + static_cast<long>(begin),
                               candidate.events.begin() + static_cast<long>(end));
        some = keep_if_fails(std::move(candidate)) || some;
        end = begin;
      }
    }
    return some;
  }

  // One simpler version of an event after another.
  bool simplify_events() {
    bool some = false;
    for (size_t i = 0; i < best_.events.size(); ++i) {
      auto attempt = [&](auto change) {
        Script candidate = best_;
        change(candidate.events[i]);
        if (!(candidate.events[i] == best_.events[i])) some = keep_if_fails(std::move(candidate)) || some;
      };
      attempt([](Event& e) { e.flags = 0; });
      for (int bit = 0; bit < 8; ++bit)
        attempt([&](Event& e) { e.flags = static_cast<uint8_t>(e.flags & ~(1 << bit)); });
      attempt([](Event& e) { e.pick = 0; });
      attempt([](Event& e) { e.outcome = Outcome::kWhole; });
      attempt([](Event& e) { e.count = std::min(e.count, 1u); });
      attempt([](Event& e) { e.count /= 2; });
      attempt([](Event& e) { e.offset = 0; });
      attempt([](Event& e) { e.offset /= 2; });
    }
    return some;
  }

  // Back to the defaults, one line of the world after another.
  bool simplify_world() {
    bool some = false;
    std::string all = to_text(best_.world);
    for (size_t begin = 0; begin < all.size();) {
      size_t end = all.find('\n', begin) + 1;
      std::string without = all.substr(0, begin) + all.substr(end);
      Script candidate{World{}, best_.events};
      for (size_t at = 0; at < without.size();) {
        size_t stop = without.find('\n', at);
        parse(without.substr(at, stop - at), &candidate.world);
        at = stop + 1;
      }
      if (keep_if_fails(std::move(candidate))) {
        all = without;
        some = true;
      } else {
        begin = end;
      }
    }
    return some;
  }

  Script best_;
  const std::function<Verdict(const Script&)>& try_out_;
  const std::string rule_;
};

}  // namespace

Script shrink(Script script, const std::function<Verdict(const Script&)>& try_out) {
  return Shrinker(std::move(script), try_out).shrink();
}

}  // namespace conveyor::sim

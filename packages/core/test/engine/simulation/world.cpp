#include "world.hpp"

#include <initializer_list>
#include <sstream>

namespace conveyor::sim {
namespace {

template <class Visit>
void for_each_field(World& w, Visit visit) {
  EngineConfig& c = w.config;
  visit("readable", c.readable);
  visit("writable", c.writable);
  visit("append", c.append);
  visit("write_through", c.write_through);
  visit("read_through", c.read_through);
  visit("split_large_writes", c.split_large_writes);
  visit("nonblocking", c.nonblocking);
  visit("keep_until_sync", c.keep_until_sync);
  visit("sync_is_noop", c.sync_is_noop);
  visit("trust_first_read", c.trust_first_read);
  visit("adaptive", c.adaptive);
  visit("tick", c.tick);
  visit("read_depth", c.read_depth);
  visit("write_depth", c.write_depth);
  visit("write_capacity_initial", c.write_capacity_initial);
  visit("write_capacity_max", c.write_capacity_max);
  visit("read_window_initial", c.read_window_initial);
  visit("read_capacity_max", c.read_capacity_max);
  visit("max_io", c.max_io);
  visit("read_align", c.read_align);
  visit("max_dirty", c.max_dirty);
  visit("retry_deadline", c.retry_deadline);
  visit("idle", c.idle);
  visit("initial_cursor", c.initial_cursor);
  visit("jitter_seed", c.seed);
  visit("backend_append", w.traits.append);
  visit("backend_truncate", w.traits.truncate);
  visit("backend_sync", w.traits.sync);
  visit("short_read_is_eof", w.traits.short_read_is_eof);
  visit("serial_writes", w.traits.serial_writes);
  visit("retries_estale", w.retries_estale);
  visit("memory", w.memory);
  visit("file_size", w.file_size);
}

}  // namespace

World draw_world(testkit::Prng& prng) {
  auto percent = [&](uint64_t chance) { return prng.below(100) < chance; };
  auto one_of = [&](std::initializer_list<uint64_t> values) { return values.begin()[prng.below(values.size())]; };
  World w;
  EngineConfig& c = w.config;
  w.traits = {percent(50), percent(90), percent(85), percent(50), percent(30)};
  uint64_t mode = prng.below(10);
  c.readable = mode != 0;
  c.writable = mode != 1;
  c.append = c.writable && percent(15);
  c.write_through = c.writable && percent(10);
  c.read_through = percent(12);
  c.split_large_writes = percent(40);
  c.nonblocking = percent(10);
  c.keep_until_sync = !c.append && w.traits.sync && percent(15);
  c.sync_is_noop = percent(4);
  c.trust_first_read = percent(50);
  c.read_depth = static_cast<uint32_t>(1 + prng.below(4));
  c.write_depth = static_cast<uint32_t>(1 + prng.below(4));
  c.write_capacity_max = one_of({48, 256, 1000, 1024, 4096, 4096, 8192, 8192, 20000, 1 << 16});
  c.write_capacity_initial = one_of({1, 512, 4096});
  c.read_window_initial = one_of({64, 512, 1024, 4096});
  c.read_capacity_max = one_of({1024, 6000, 8192, 1 << 14, 1 << 16});
  c.max_io = one_of({64, 512, 1024, 4096, 4096, 1 << 20});
  c.read_align = percent(25) ? one_of({16, 100, 512, 4096}) : 1;
  c.max_dirty = static_cast<Time>(one_of({1, 20, 100})) * kMillisecond;
  c.retry_deadline = static_cast<Time>(one_of({3, 50, 10'000})) * kMillisecond;
  c.idle = static_cast<Time>(one_of({10, 1'000})) * kMillisecond;
  c.seed = prng.next_u64() | 1;
  c.adaptive = percent(20);
  c.tick = static_cast<Time>(one_of({5, 100})) * kMillisecond;
  w.retries_estale = percent(30);
  w.memory = percent(25) ? one_of({5 << 10, 9 << 10, 16 << 10, 40 << 10}) : 1 << 20;
  w.file_size = static_cast<uint32_t>(prng.below(one_of({1, 100, 5000, 20'000})));
  if (percent(20)) c.initial_cursor = prng.below(w.file_size + 1);
  return w;
}

std::string to_text(const World& world) {
  World plain;
  World copy = world;
  std::ostringstream before, text;
  for_each_field(plain, [&](const char* name, auto& value) { before << name << ' ' << value << '\n'; });
  std::ostringstream all;
  for_each_field(copy, [&](const char* name, auto& value) { all << name << ' ' << value << '\n'; });
  std::istringstream lines(all.str()), plain_lines(before.str());
  for (std::string line, other; std::getline(lines, line) && std::getline(plain_lines, other);)
    if (line != other) text << line << '\n';
  return text.str();
}

bool parse(const std::string& line, World* world) {
  std::istringstream words(line);
  std::string name;
  words >> name;
  bool known = false;
  for_each_field(*world, [&](const char* field, auto& value) {
    if (name == field) known = static_cast<bool>(words >> value);
  });
  return known;
}

}  // namespace conveyor::sim

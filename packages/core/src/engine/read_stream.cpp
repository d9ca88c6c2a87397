#include "engine/read_stream.hpp"

#include <algorithm>

namespace conveyor {

ReadStream* ReadStreams::match(uint64_t offset) {
  ReadStream* near = nullptr;
  for_each([&](ReadStream& s) {
    bool exact = s.next == offset;
    bool inside = s.window > 0 && (offset > s.next ? offset - s.next : s.next - offset) <= s.window;
    if (exact || (inside && !near)) near = &s;
  });
  return near;
}

ReadStream* ReadStreams::at(uint64_t offset) {
  ReadStream* found = nullptr;
  for_each([&](ReadStream& s) {
    if (s.next == offset) found = &s;
  });
  return found;
}

ReadStream* ReadStreams::oldest() {
  if (!streams_) streams_ = std::make_unique<std::array<ReadStream, kStreamsMax>>();
  ReadStream* oldest = nullptr;
  for (ReadStream& s : *streams_)
    if (s.pins == 0 && (!oldest || s.used_at < oldest->used_at)) oldest = &s;
  return oldest;
}

ReadStream* ReadStreams::enter(uint64_t offset, uint64_t count, uint64_t share) {
  ReadStream* s = match(offset);
  if (!s) {
    s = oldest();
    if (!s) return nullptr;
    *s = ReadStream{};
    s->next = offset;
    // Files are read from their beginning, as a rule.
    if (offset == 0 && config_.trust_first_read && guesses_pay_off()) s->window = config_.read_window_initial;
  } else if (s->next == offset) {
    // Two reads in a row may be chance: more than was read is fetched ahead only where that has paid off before.
    if (s->window == 0)
      s->window =
          used_ > 2 * unused_ ? config_.read_window_initial : std::min<uint64_t>(config_.read_window_initial, s->run);
    // Confirmed hits double it up to the size of one large operation; beyond that only waiting does.
    if (s->run >= 2 * s->window && s->window < config_.max_io) s->window *= 2;
    if (s->window > 0 && s->run >= count && guesses_pay_off()) s->window = std::max(s->window, 2 * count);
  } else if (offset > s->next) {
    s->skipped += offset - s->next;
    if (s->skipped > s->run + config_.read_window_initial) {
      int pins = s->pins;
      *s = ReadStream{};
      s->pins = pins;
      s->next = offset;
    }
  }
  s->window = std::min(s->window, share);
  s->used_at = ++uses_;
  return s;
}

bool ReadStreams::pass(uint64_t offset, uint64_t count) {
  if (offset == 0 || !streams_) return false;
  ReadStream* oldest = nullptr;
  for (ReadStream& s : *streams_) {
    if (s.next == offset || (s.window > 0 && (offset > s.next ? offset - s.next : s.next - offset) <= s.window))
      return false;
    if (s.pins == 0 && (!oldest || s.used_at < oldest->used_at)) oldest = &s;
  }
  if (!oldest) return false;
  *oldest = ReadStream{offset + count, count, 0, 0, ++uses_, 0};
  return true;
}

void ReadStreams::leave(ReadStream& stream, uint64_t offset, uint64_t count) {
  stream.next = offset + count;
  stream.run += count;
  stream.used_at = ++uses_;
}

void ReadStreams::stalled(ReadStream& stream, uint64_t share, bool far) {
  if (stream.window == 0) return;
  uint64_t bound = guesses_pay_off() ? share : std::min(share, stream.run);
  stream.window = std::max(stream.window, std::min((far ? 4 : 2) * stream.window, bound));
}

void ReadStreams::stop() {
  for_each([](ReadStream& s) { s.window = s.run = 0; });
}

size_t ReadStreams::active() const {
  if (!streams_) return 1;
  size_t count = static_cast<size_t>(
      std::count_if(streams_->begin(), streams_->end(), [](const ReadStream& s) { return s.window > 0; }));
  return std::max<size_t>(count, 1);
}

}  // namespace conveyor

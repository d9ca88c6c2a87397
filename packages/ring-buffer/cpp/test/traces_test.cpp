// Replays what the TypeScript twin has recorded (test/traces/record.ts) and compares every result and, byte for byte,
// the memory. The vocabulary and the data are described in test/traces/player.ts.
#include <conveyor/ring/byte_ring.hpp>
#include <conveyor/ring/spsc_ring.hpp>
#include <conveyor/testkit/check.hpp>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <memory>
#include <optional>
#include <span>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

using conveyor::ring::ByteRing;
using conveyor::ring::Pieces;
using conveyor::ring::ResizeStatus;
using conveyor::ring::SpscConsumer;
using conveyor::ring::SpscMode;
using conveyor::ring::SpscProducer;
using conveyor::ring::SpscRing;
using conveyor::ring::SpscStatus;
using conveyor::ring::Transfer;

namespace {

using Bytes = std::vector<std::byte>;
using Words = std::vector<std::string>;

Bytes stamped(std::size_t length, std::size_t stamp) {
  Bytes data(length);
  for (std::size_t k = 0; k < length; ++k) data[k] = static_cast<std::byte>((stamp + 7 * k) & 0xff);
  return data;
}

class Hash {
 public:
  void add(std::span<const std::byte> bytes) {
    for (const std::byte byte : bytes) value_ = (value_ ^ std::to_integer<std::uint32_t>(byte)) * 0x01000193;
  }
  std::string text() const {
    char digits[9];
    std::snprintf(digits, sizeof digits, "%08x", value_);
    return digits;
  }

 private:
  std::uint32_t value_ = 0x811c9dc5;
};

std::string hash(std::span<const std::byte> bytes) {
  Hash hash;
  hash.add(bytes);
  return hash.text();
}

std::string hex(std::span<const std::byte> bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const std::byte byte : bytes) {
    text += kDigits[std::to_integer<unsigned>(byte) >> 4];
    text += kDigits[std::to_integer<unsigned>(byte) & 15];
  }
  return text;
}

std::uint64_t number(const Words& words, std::size_t index) {
  return index < words.size() ? std::strtoull(words[index].c_str(), nullptr, 10) : 0;
}

/// JavaScript's memory begins with zeros, so the bytes nobody wrote are compared too.
struct ZeroAllocator {
  std::byte* acquire(std::size_t size) const {
    std::byte* data = conveyor::ring::HeapAllocator{}.acquire(size);
    if (data != nullptr) std::memset(data, 0, size);
    return data;
  }
  void release(std::byte* data, std::size_t size) const { conveyor::ring::HeapAllocator{}.release(data, size); }
};

class ByteRingPlayer {
 public:
  std::string play(const std::string& operation, const Words& args) {
    const std::uint64_t first = number(args, 0);
    const std::uint64_t second = number(args, 1);
    const auto verdict = [](bool accepted) { return std::string(accepted ? "ok" : "refused"); };
    if (operation == "start") return ring_ = ByteRing<ZeroAllocator>({}, first), "ok";
    if (operation == "resize") return resize(first);
    if (operation == "write") {
      const auto position = ring_.write(stamped(first, second));
      return position ? std::to_string(*position) : "full";
    }
    if (operation == "commit") return commit(first, second);
    if (operation == "view") return view(first, second);
    if (operation == "copy") {
      Bytes out(second);
      return ring_.copy_out(first, out) ? hash(out) : "refused";
    }
    if (operation == "overwrite") return verdict(ring_.overwrite(first, stamped(second, number(args, 2))));
    if (operation == "release") return verdict(ring_.release(first));
    if (operation == "memory") return hex(ring_.memory());
    if (operation != "state") return "no such operation";
    return std::to_string(ring_.head()) + ' ' + std::to_string(ring_.tail()) + ' ' +
           std::to_string(ring_.capacity()) + ' ' + std::to_string(ring_.vacant());
  }

 private:
  std::string resize(std::size_t capacity) {
    const auto resized = ring_.resize(capacity);
    if (resized.status != ResizeStatus::resized) return "refused";
    return "resized " + std::to_string(resized.old.size()) + ' ' + hash({resized.old.data(), resized.old.size()});
  }

  std::string commit(std::size_t length, std::size_t stamp) {
    const Pieces<std::byte> pieces = ring_.vacant_pieces();
    const Bytes data = stamped(std::min(length, pieces.size()), stamp);
    std::size_t at = 0;
    pieces.for_each([&](std::span<std::byte> piece) {
      const std::size_t count = std::min(piece.size(), data.size() - at);
      if (count > 0) std::memcpy(piece.data(), data.data() + at, count);
      at += count;
    });
    if (!ring_.commit(length)) return "refused";
    return "ok " + std::to_string(pieces.first.size()) + ' ' + std::to_string(pieces.second.size());
  }

  std::string view(std::uint64_t position, std::size_t length) const {
    const auto pieces = ring_.view(position, length);
    if (!pieces) return "refused";
    Hash content;
    pieces->for_each([&content](std::span<const std::byte> piece) { content.add(piece); });
    return std::to_string(pieces->first.size()) + ' ' + std::to_string(pieces->second.size()) + ' ' + content.text();
  }

  ByteRing<ZeroAllocator> ring_;
};

const char* name_of(SpscStatus status) {
  switch (status) {
    case SpscStatus::done: return "done";
    case SpscStatus::full: return "full";
    case SpscStatus::empty: return "empty";
    case SpscStatus::ended: return "ended";
    case SpscStatus::closed: return "closed";
    case SpscStatus::abandoned: return "abandoned";
    case SpscStatus::too_large: return "too_large";
    case SpscStatus::too_small: return "too_small";
    case SpscStatus::wrong_mode: return "wrong_mode";
    case SpscStatus::corrupt: return "corrupt";
  }
  return "unknown";
}

class SpscPlayer {
 public:
  std::string play(const std::string& operation, const Words& args) {
    if (operation == "format") return format(args);
    if (!ring_) return "format comes first";
    if (operation == "push") return said(producer_->try_push(stamped(number(args, 0), number(args, 1))));
    if (operation == "push_frame") return said(producer_->try_push_frame(stamped(number(args, 0), number(args, 1))));
    if (operation == "pop" || operation == "pop_frame") {
      Bytes out(number(args, 0));
      const Transfer result = operation == "pop" ? consumer_->try_pop(out) : consumer_->try_pop_frame(out);
      if (result.status != SpscStatus::done) return said(result);
      return said(result) + ' ' + hash(std::span(out).first(result.count));
    }
    if (operation == "close") return producer_->close(), "ok";
    if (operation == "abandon") return consumer_->abandon(), "ok";
    if (operation == "region") return hex(ring_->region());
    if (operation != "state") return "no such operation";
    return std::to_string(ring_->size_guess()) + ' ' + std::to_string(producer_->room()) + ' ' +
           std::to_string(consumer_->available());
  }

 private:
  static std::string said(const Transfer& result) {
    return std::string(name_of(result.status)) + ' ' + std::to_string(result.count);
  }

  std::string format(const Words& args) {
    const auto capacity = static_cast<std::uint32_t>(number(args, 0));
    const SpscMode mode = args.at(1) == "frames" ? SpscMode::frames : SpscMode::bytes;
    memory_ = conveyor::ring::Block<ZeroAllocator>::acquire({}, SpscRing<>::region_size(capacity));
    ring_ = SpscRing<>::format({memory_.data(), memory_.size()}, capacity, mode,
                               static_cast<std::uint32_t>(number(args, 2)));
    if (!ring_) return "refused";
    producer_.emplace(*ring_->producer());
    consumer_.emplace(*ring_->consumer());
    return "ok";
  }

  conveyor::ring::Block<ZeroAllocator> memory_;
  std::optional<SpscRing<>> ring_;
  std::optional<SpscProducer<>> producer_;
  std::optional<SpscConsumer<>> consumer_;
};

template <class Player>
void replay(const std::string& name) {
  std::ifstream trace(std::string(TRACE_FOLDER) + "/" + name + ".txt");
  REQUIRE(trace.good());
  Player player;
  std::string line;
  int count = 0;
  for (int index = 1; std::getline(trace, line); ++index) {
    const std::size_t sign = line.find(" =");
    if (line.starts_with('#') || sign == std::string::npos) continue;
    std::istringstream call(line.substr(0, sign));
    std::string operation;
    call >> operation;
    Words args;
    for (std::string word; call >> word;) args.push_back(word);
    const std::string expected = line.size() > sign + 3 ? line.substr(sign + 3) : "";
    const std::string result = player.play(operation, args);
    REQUIRE(CHECK_MSG(result == expected, "line " + std::to_string(index) + ": " + line + "\n    here: " + result));
    ++count;
  }
  CHECK_GT(count, 100);
}

}  // namespace

TEST(traces, byte_ring_from_zero) { replay<ByteRingPlayer>("byte-ring-from-zero"); }
TEST(traces, byte_ring_past_32_bits) { replay<ByteRingPlayer>("byte-ring-past-32-bits"); }
TEST(traces, spsc_bytes) { replay<SpscPlayer>("spsc-bytes"); }
TEST(traces, spsc_frames) { replay<SpscPlayer>("spsc-frames"); }
TEST(traces, spsc_abandoned) { replay<SpscPlayer>("spsc-abandoned"); }

CONVEYOR_TEST_MAIN()

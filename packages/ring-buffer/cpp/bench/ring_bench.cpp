// What the rings cost, beside what one would write without them, in the same run. Each line: the median of several
// rounds, and the fastest and slowest round. `ring_bench [MEGABYTES]`; 64 by default. Two threads need two free cores.
#include <conveyor/ring/byte_ring.hpp>
#include <conveyor/ring/spsc_ring.hpp>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

namespace {

using conveyor::ring::ByteRing;
using conveyor::ring::SpscMode;
using conveyor::ring::SpscRing;
using conveyor::ring::SpscStatus;
using Bytes = std::vector<std::byte>;

constexpr int kRounds = 7;
constexpr std::size_t kCapacity = 64 * 1024;

/// Reads every byte, so that nothing measured can be left out; the sums are compared.
std::uint64_t sum_of(std::span<const std::byte> bytes) {
  std::uint64_t sum = 0;
  std::size_t at = 0;
  for (std::uint64_t word; at + sizeof word <= bytes.size(); at += sizeof word) {
    std::memcpy(&word, bytes.data() + at, sizeof word);
    sum += word;
  }
  for (; at < bytes.size(); ++at) sum += std::to_integer<std::uint64_t>(bytes[at]);
  return sum;
}

Bytes pattern(std::size_t size) {
  Bytes bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::byte>(i * 31 + 7);
  return bytes;
}

/// Runs `round` several times; each returns the sum of what came through, which has to be the same.
template <class Round>
void measure(const char* name, std::size_t piece, std::size_t pieces, std::uint64_t expected, Round round) {
  std::vector<double> seconds;
  for (int i = 0; i < kRounds; ++i) {
    const auto start = std::chrono::steady_clock::now();
    const std::uint64_t sum = round();
    seconds.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    if (sum != expected) {
      std::printf("%s: the bytes that came out are not the bytes that went in\n", name);
      std::exit(1);
    }
  }
  std::sort(seconds.begin(), seconds.end());
  const auto each_ns = [pieces](double s) { return s / static_cast<double>(pieces) * 1e9; };
  const double gigabytes = static_cast<double>(piece * pieces) / seconds[kRounds / 2] / 1e9;
  std::printf("%-44s %6zu B %9.1f ns/op (%.1f ... %.1f) %7.2f GB/s\n", name, piece, each_ns(seconds[kRounds / 2]),
              each_ns(seconds.front()), each_ns(seconds.back()), gigabytes);
  std::fflush(stdout);
}

void one_thread(std::size_t piece, std::size_t total) {
  const std::size_t pieces = total / piece;
  const Bytes data = pattern(piece);
  const std::uint64_t expected = sum_of(data) * pieces;
  Bytes flat(kCapacity + piece);
  measure("memcpy in and sum (floor)", piece, pieces, expected, [&] {
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < pieces; ++i) {
      std::byte* target = flat.data() + ((i * piece) & (kCapacity - 1));
      std::memcpy(target, data.data(), piece);
      sum += sum_of({target, piece});
    }
    return sum;
  });
  measure("ByteRing: write, view, release", piece, pieces, expected, [&] {
    ByteRing<> ring;
    if (ring.resize(kCapacity).status != conveyor::ring::ResizeStatus::resized) return std::uint64_t{0};
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < pieces; ++i) {
      const std::uint64_t position = ring.write(data).value();
      ring.view(position, piece)->for_each([&sum](std::span<const std::byte> part) { sum += sum_of(part); });
      if (!ring.release(position + piece)) return std::uint64_t{0};
    }
    return sum;
  });
  measure("std::deque<std::byte>: insert, sum, erase", piece, pieces, expected, [&] {
    std::deque<std::byte> queue;
    Bytes out(piece);
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < pieces; ++i) {
      queue.insert(queue.end(), data.begin(), data.end());
      std::copy(queue.begin(), queue.end(), out.begin());
      sum += sum_of(out);
      queue.erase(queue.begin(), queue.end());
    }
    return sum;
  });
}

std::uint64_t through_spsc(const Bytes& data, std::size_t pieces, bool sleeping) {
  auto ring = SpscRing<>::create(kCapacity, SpscMode::frames);
  auto producer = ring->producer();
  auto consumer = ring->consumer();
  std::thread thread([&] {
    for (std::size_t i = 0; i < pieces; ++i) {
      if (sleeping) producer->push_frame(data);
      else {
        while (producer->try_push_frame(data).status == SpscStatus::full) std::this_thread::yield();
      }
    }
    producer->close();
  });
  Bytes out(data.size());
  std::uint64_t sum = 0;
  for (;;) {
    const auto result = sleeping ? consumer->pop_frame(out) : consumer->try_pop_frame(out);
    if (result.status == SpscStatus::ended) break;
    if (result.status == SpscStatus::done) sum += sum_of(std::span(out).first(result.count));
    else std::this_thread::yield();
  }
  thread.join();
  return sum;
}

/// What one writes first: a deque of vectors under a lock, bounded to the same number of bytes.
std::uint64_t through_lock(const Bytes& data, std::size_t pieces) {
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<Bytes> queue;
  const std::size_t count_max = std::max<std::size_t>(1, kCapacity / data.size());
  std::thread thread([&] {
    for (std::size_t i = 0; i < pieces; ++i) {
      std::unique_lock lock(mutex);
      changed.wait(lock, [&] { return queue.size() < count_max; });
      queue.push_back(data);
      changed.notify_one();
    }
  });
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < pieces; ++i) {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return !queue.empty(); });
    const Bytes out = std::move(queue.front());
    queue.pop_front();
    changed.notify_one();
    lock.unlock();
    sum += sum_of(out);
  }
  thread.join();
  return sum;
}

void two_threads(std::size_t piece, std::size_t total) {
  const std::size_t pieces = total / piece;
  const Bytes data = pattern(piece);
  const std::uint64_t expected = sum_of(data) * pieces;
  measure("SpscRing frames, polling", piece, pieces, expected, [&] { return through_spsc(data, pieces, false); });
  measure("SpscRing frames, sleeping", piece, pieces, expected, [&] { return through_spsc(data, pieces, true); });
  measure("mutex, condition variable, deque", piece, pieces, expected, [&] { return through_lock(data, pieces); });
}

}  // namespace

int main(int argc, char** argv) {
  const long megabytes = argc > 1 ? std::strtol(argv[1], nullptr, 10) : 64;
  if (megabytes < 1 || megabytes > 4096) {
    std::fprintf(stderr, "usage: ring_bench [MEGABYTES from 1 to 4096]\n");
    return 2;
  }
  const std::size_t total = static_cast<std::size_t>(megabytes) * 1'000'000;
  for (const std::size_t piece : {64U, 512U, 4096U}) one_thread(piece, total);
  for (const std::size_t piece : {64U, 512U, 4096U}) two_threads(piece, total);
  return 0;
}

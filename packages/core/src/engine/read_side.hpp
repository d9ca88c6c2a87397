// Read-ahead: chunks of the file in memory, streams that say what to fetch next, and direct reads for everything else.
//
// A chunk always equals the backend's bytes: accepted writes are laid over it when a read copies, and become part of it
// when they land. A backend read takes no bytes that are in the write ring (it may pass over them, rounded to
// read_align), and a write whose bytes a backend read covers waits until that read is done. So what a read sees is one
// state of the file, never a mix [W2, C2].
#pragma once

#include <cstring>
#include <map>
#include <memory>
#include <vector>

#include "engine/actions.hpp"
#include "engine/config.hpp"
#include "engine/counters.hpp"
#include "engine/extent_index.hpp"
#include "engine/op_table.hpp"
#include "engine/pace.hpp"
#include "engine/read_stream.hpp"
#include "engine/read_stride.hpp"
#include "engine/request.hpp"

namespace conveyor {

class AppendWrites;
class ExtentWrites;
class WriteRing;

/// A run of the file's bytes in memory, or on its way there.
struct Chunk {
  Range range;
  BackendOp* op = nullptr;  // while it is fetched
  bool doomed = false;      // forgotten while it was fetched
  uint64_t order = 0;       // when the fetch began
  uint64_t touched = 0;
  uint64_t read_end = 0;  // how far a reader has come
  Block data;

  bool ready() const { return op == nullptr; }
};

/// A read that goes past the chunks: its gaps come from the backend, the rest was copied when it began. Bytes accepted
/// meanwhile stay in the write ring until it is over, and are laid over it then: so it sees the file as it is when it
/// ends.
struct DirectRead {
  Request* request = nullptr;  // nullptr: cancelled, only its operations are waited for
  uint64_t begin = 0;
  std::vector<Range> gaps;
  size_t gap = 0;  // the one to be submitted next, and how much of it is
  uint64_t submitted = 0;
  unsigned flying = 0;
  uint64_t file_end = UINT64_MAX;  // where the backend's file ended, if a gap met it
  uint64_t end_floor = 0;          // the file is known to be at least this long
  uint64_t ring_tail = 0;          // of the write ring when it began
  size_t count = 0;
  bool end_is_stale = false;  // an append landed since it began
  uint8_t restarts = 0;
  int error = 0;
};

/// Not thread safe.
class ReadSide {
 public:
  ReadSide(const EngineConfig& config, OpTable& ops, Counters& counters, Memory& memory, Actions& actions);
  ~ReadSide();
  ReadSide(const ReadSide&) = delete;
  ReadSide& operator=(const ReadSide&) = delete;
  /// Before the first event: whose accepted bytes are laid over what is read (nullptr: nobody's).
  void attach(ExtentWrites* writes) { writes_ = writes; }

  /// The hot path: `count` bytes that continue the last read. False: take the slow one.
  bool read_fast(void* target, size_t count, uint64_t offset) {
    if (offset != lane_.offset || count > lane_.room || count == 0) return false;
    std::memcpy(target, lane_.at, count);
    lane_.at += count;
    lane_.offset += count;
    lane_.room -= count;
    ++lane_.reads;
    return true;
  }
  void close_lane();
  void open_lane();
  Range lane_range() const { return {lane_.offset, lane_.offset + lane_.room}; }

  /// May the caller read this range from the backend himself, now, without the engine? Only if nothing of it is in
  /// memory and nobody reads ahead there. True: unpass() has to follow.
  bool pass(Range range);
  void unpass(Range range);
  /// Reads past the chunks are in flight.
  bool busy() const { return !passing_.empty() || !directs_.empty(); }

  /// Starts a read at request.offset. Completed ones, now or later, come out of pop_finished(). Clause: R1 to R7.
  void start(Request& request);
  /// A read in append mode: the file's `size` is known, what follows it are the pending appends.
  void start_over_appends(Request& request, uint64_t size, const AppendWrites& appends);
  /// A waiting read gives up on chunks.
  void go_direct(Request& request);
  Request* pop_finished() { return finished_.pop_front(); }
  /// Takes a pending read out. Requires: the shell is not running an operation of it inline.
  void cancel(Request& request);
  /// Takes out all that can be cancelled.
  void cancel_all(std::vector<Request*>& cancelled);
  /// A read of the backend ended: done, or failed with `error`.
  void fetched(BackendOp* op, int error);
  /// Tries waiting reads and read-ahead again (memory came free, a truncate ended, a write landed).
  void pump();
  void prefetch(Range range);

  /// A backend write landed: chunks take its bytes over.
  void patch(const BackendOp& op, WriteRing& ring);
  /// An append landed, nobody knows where: who has met an end of file meanwhile looks again.
  void appended();
  /// Bytes whose backend contents are not known any more.
  void forget(Range range);
  void forget_all() { forget({0, UINT64_MAX}); }
  /// A read past the chunks is in flight there that began before the bytes at this ring position were accepted.
  bool reads_now(Range range, uint64_t position) const;
  /// Nothing new begins while paused (truncate, close); what has begun goes on.
  void pause(bool paused) { paused_ = paused; }
  uint64_t held() const { return held_; }
  /// Gives memory back that is not in use. True if there was some.
  bool trim();

 private:
  struct Lane {
    std::byte* at = nullptr;
    uint64_t offset = UINT64_MAX;
    size_t room = 0;
    uint64_t begin = UINT64_MAX;
    uint64_t reads = 0;
  };
  enum class Stop { kNone, kEndOfFile, kFlying, kHole };
  struct Reach {
    uint64_t end = 0;
    Stop stop = Stop::kNone;
    Range hole;
    Chunk* chunk = nullptr;
  };

  Reach reach(Range range, uint64_t order);
  bool advance(Request& request);
  void copy(Request& request, Range range);
  void learn_end(const BackendOp& op, uint64_t order);
  void finish(Request& request, ssize_t result);
  bool fetch_holes(Request& request);
  bool fetch(Range range);
  void fetch_ahead(ReadStream& stream);
  void fetch_strided();
  bool make_room(size_t size);
  std::map<uint64_t, Chunk>::iterator dispensable();
  void choose_fetcher(const Request& request);
  void drop(std::map<uint64_t, Chunk>::iterator chunk);
  Chunk* chunk_at(uint64_t offset);
  uint64_t next_chunk_begin(uint64_t offset) const;
  uint64_t share() const {
    const uint64_t all = std::min<uint64_t>(config_.window_limit, config_.read_capacity_max / 4 * 3);
    return std::max<uint64_t>(all / streams_.active(), 4096);
  }

  void start_direct(Request& request);
  void find_gaps(DirectRead& direct);
  bool pump_direct(DirectRead& direct);
  bool submit_gap(DirectRead& direct, Range piece);
  void direct_fetched(BackendOp* op, int error);
  bool finish_direct(DirectRead& direct);
  void settle_direct(DirectRead& direct);
  void overlay(Request& request, Range range);
  Range aligned(Range piece) const;
  Range rounded(Range range);

  const EngineConfig& config_;
  OpTable& ops_;
  Counters& counters_;
  Memory& memory_;
  Actions& actions_;
  ExtentWrites* writes_ = nullptr;
  ReadStreams streams_;
  ReadStride stride_;
  Pace pace_;
  std::map<uint64_t, Chunk> chunks_;  // by begin
  std::vector<std::unique_ptr<DirectRead>> directs_;
  std::vector<std::unique_ptr<DirectRead>> spare_directs_;
  std::vector<Range> passing_;
  RequestList waiting_;
  RequestList finished_;
  Lane lane_;
  uint64_t lane_stream_next_ = 0;
  uint64_t order_ = 0;
  uint64_t held_ = 0;
  uint64_t file_end_ = UINT64_MAX;  // where the backend's file ended
  uint64_t file_end_order_ = 0;     // when that was seen
  bool paused_ = false;
};

}  // namespace conveyor

#include "inspection.hpp"

#include <algorithm>
#include <cstring>

namespace conveyor::sim::inspection {
namespace {

std::string text(uint64_t number) { return std::to_string(number); }

struct Examination {
  Engine& engine;
  std::string wrong;

  bool expect(bool holds, const std::string& what) {
    if (!holds && wrong.empty()) wrong = what;
    return holds;
  }
  void expect_equal(uint64_t have, uint64_t want, const char* what) {
    if (have != want) expect(false, std::string(what) + " is " + text(have) + ", not " + text(want));
  }
};

template <class Node>
void examine_list(Examination& e, const IntrusiveList<Node>& list, const char* name) {
  size_t count = 0;
  const Node* before = nullptr;
  for (const Node* at = list.front(); at; before = at, at = at->next, ++count)
    e.expect(at->prev == before && count <= list.size(), std::string("list ") + name + " is broken");
  e.expect(list.back() == before && count == list.size(), std::string("list ") + name + " has another end");
}

void examine_stage(Examination& e, const RequestList& list, const char* name, Stage stage) {
  examine_list(e, list, name);
  for (const Request* r = list.front(); r; r = r->next)
    e.expect(r->stage == stage, std::string("a request in ") + name + " is at another stage");
}

void examine_requests(Examination& e) {
  Engine& g = e.engine;
  examine_stage(e, g.cursor_queue_, "cursor_queue", Stage::kCursor);
  examine_stage(e, g.write_queue_, "write_queue", Stage::kRoom);
  examine_stage(e, g.quiet_queue_, "quiet_queue", Stage::kQuiet);
  examine_stage(e, g.sizing_, "sizing", Stage::kSizing);
  examine_stage(e, g.paused_sizes_, "paused_sizes", Stage::kPausedSize);
  examine_stage(e, g.sync_waiting_, "sync_waiting", Stage::kSyncWaiting);
  examine_stage(e, g.sync_running_, "sync_running", Stage::kSyncRunning);
  examine_stage(e, g.reads_.waiting_, "waiting", Stage::kReading);
  e.expect(g.reads_.finished_.empty(), "a finished read was not taken");
  if (g.writes_) examine_stage(e, g.writes_->ledger_.waiters_, "waiters", Stage::kLanding);
}

void examine_operations(Examination& e) {
  OpTable& ops = e.engine.ops_;
  size_t reads = 0, writes = 0, others = 0;
  for (const BackendOp* op : ops.flying_) {
    ++(op->kind == IoKind::kRead ? reads : op->kind == IoKind::kWrite ? writes : others);
    e.expect(op->id != 0, "an operation in flight has no id");
    if (op->waiting) e.expect(ops.next_retry_ <= op->due, "a retry is due before the engine wants to wake up");
  }
  e.expect_equal(ops.reads_, reads, "the count of reads in flight");
  e.expect_equal(ops.writes_, writes, "the count of writes in flight");
  e.expect_equal(ops.others_, others, "the count of other operations in flight");
}

// Ring, ledger and queue against what the extents or the appends say.
void examine_ring(Examination& e) {
  WriteSide& side = *e.engine.writes_;
  WriteRing& ring = side.ring_;
  std::vector<uint32_t> blocks(ring.live_in_block_.size());
  uint64_t live = 0, queued = 0, unlanded = 0;
  int pins = 0;
  auto count = [&](uint64_t position, uint64_t length) {
    e.expect(ring.bytes_.contains(position, length), "live bytes at " + text(position) + " are outside of the ring");
    live += length;
    for (uint64_t i = position, end = position + length; i < end;) {
      const uint64_t stop = std::min(end, ((i >> ring.block_shift_) + 1) << ring.block_shift_);
      blocks[(i >> ring.block_shift_) % blocks.size()] += static_cast<uint32_t>(stop - i);
      i = stop;
    }
  };
  if (e.engine.extents_) {
    e.engine.extents_->extents_.for_each([&](Extent& x) {
      if (x.op) return;
      count(x.position, x.length);
      if (!x.landed) queued += x.length;
    });
    unlanded = queued;
    for (BackendOp* op : e.engine.ops_.flying_)
      for (LogRun run : op->log) count(run.position, run.length), unlanded += run.length;
  } else {
    AppendWrites& appends = *e.engine.appends_;
    if (appends.pending_ > 0) count(appends.front_, appends.pending_);
    uint64_t flying = 0, records = 0;
    for (BackendOp* op : e.engine.ops_.flying_)
      for (LogRun run : op->log) flying += run.length;
    for (size_t record : appends.records_) records += record;
    e.expect_equal(records, appends.pending_, "the sum of records");
    queued = appends.pending_ - flying;
    unlanded = appends.pending_;
  }
  for (BackendOp* op : e.engine.ops_.flying_) pins += op->log.empty() ? 0 : 1;
  for (const auto& outgrown : ring.outgrown_) pins -= outgrown.pins;
  e.expect_equal(ring.live_, live, "the ring's count of live bytes");
  e.expect(ring.live_in_block_ == blocks, "the ring's count of live bytes in some block");
  e.expect_equal(static_cast<uint64_t>(ring.pins_), static_cast<uint64_t>(pins), "the count of pins");
  e.expect_equal(side.queued_, queued, "the count of queued bytes");
  e.expect_equal(side.ledger_.unlanded(), unlanded, "the count of unlanded bytes");
  e.expect(ring.bytes_.used() <= ring.capacity_max_, "the ring is fuller than it may be");
  if (live == 0) e.expect_equal(ring.bytes_.used(), 0, "the space of an empty ring");
}

void examine_extents(Examination& e, const Truth& truth) {
  ExtentWrites& writes = *e.engine.extents_;
  ExtentIndex& index = writes.extents_;
  examine_list(e, index.queued_, "queued");
  uint64_t at = 0;
  size_t queued = 0;
  Bytes bytes;
  index.for_each([&](Extent& x) {
    e.expect(x.length > 0 && x.offset >= at, "extents overlap at " + text(x.offset));
    e.expect(!x.op || !x.landed, "an extent is in flight and has landed");
    at = x.end();
    if (x.queued()) ++queued;
    if (!e.expect(at <= truth.size(), "an extent goes beyond the file")) return;
    bytes.resize(x.length);
    iovec into{bytes.data(), bytes.size()};
    writes.ring_.copy_out(x.position, x.length, &into, 1, 0);
    e.expect(std::memcmp(bytes.data(), truth.data() + x.offset, x.length) == 0,
             "the ring has other bytes for [" + text(x.offset) + ", " + text(at) + ") than were accepted");
  });
  e.expect_equal(index.queued_.size(), queued, "the length of the list of queued extents");
  for (const Extent* x = index.queued_.front(); x && x->next; x = x->next)
    e.expect(x->position < x->next->position, "queued extents are not in the order accepted");
  if (const Extent* youngest = writes.youngest_)
    e.expect(youngest->queued() && youngest->position + youngest->length == writes.ring_.bytes_.tail(),
             "the youngest extent does not end at the tail");
}

// Every byte of the file is in the ring or in the storage.
void examine_file(Examination& e, const Truth& truth, const Bytes& storage) {
  Bytes file;
  view(e.engine, storage, &file);
  e.expect_equal(file.size(), truth.size(), "the size of the file");
  for (uint64_t i = 0; i < std::min<uint64_t>(file.size(), truth.size()); ++i)
    if (file[i] != truth.data()[i] &&
        !e.expect(false, "byte " + text(i) + " is neither in the ring nor in the storage"))
      return;
}

void examine_chunks(Examination& e, const Bytes& storage) {
  ReadSide& reads = e.engine.reads_;
  uint64_t held = 0, at = 0;
  for (auto& [begin, chunk] : reads.chunks_) {
    held += chunk.data.size();
    e.expect(begin == chunk.range.begin && begin >= at && chunk.range.begin < chunk.range.end, "chunks overlap");
    e.expect(chunk.read_end >= begin && chunk.read_end <= chunk.range.end, "a chunk was read beyond its end");
    at = chunk.range.end;
    if (!chunk.ready()) {
      e.expect(chunk.op->chunk == &chunk, "a chunk's operation belongs to another one");
      continue;
    }
    for (uint64_t i = begin; i < chunk.range.end; ++i) {
      if (e.engine.ops_.writes_overlap({i, i + 1})) continue;  // it takes those over when they have landed
      if (e.engine.extents_) {
        Extent* x = e.engine.extents_->extents_.at_or_after(i);
        if (x && x->offset <= i) continue;  // of no matter: accepted bytes lie over it
      }
      bool same = i < storage.size() && storage[i] == static_cast<uint8_t>(chunk.data.data()[i - begin]);
      if (!same &&
          !e.expect(false, "chunk [" + text(begin) + ", " + text(at) + ") differs from the storage at " + text(i)))
        break;
    }
  }
  e.expect_equal(reads.held_, held, "the count of bytes held ahead of readers");
}

void examine_memory(Examination& e, uint64_t memory_used) {
  uint64_t held = e.engine.reads_.held_;
  for (BackendOp* op : e.engine.ops_.flying_) held += op->block.size();
  if (e.engine.writes_) {
    held += e.engine.writes_->ring_.capacity();
    for (const auto& outgrown : e.engine.writes_->ring_.outgrown_) held += outgrown.memory.size();
  }
  e.expect_equal(memory_used, held, "the memory taken");
}

}  // namespace

bool is_idle(const Engine& engine) { return engine.ops_.idle() && engine.reads_.passing_.empty(); }

const EngineConfig& config(const Engine& engine) { return engine.config_; }

size_t operations(const Engine& engine) { return engine.ops_.flying_.size(); }

bool is_starving(const Engine& engine) { return engine.starved_retry_ != kNever; }

bool cursor(const Engine& engine, uint64_t* at) {
  *at = engine.cursor_;
  return !engine.cursor_owner_ && !engine.cursor_at_end_;
}

bool cursor_is_behind_append(const Engine& engine, uint64_t* appended_since) {
  *appended_since = engine.writes_ ? engine.writes_->ring().tail() - engine.appended_to_ : 0;
  return engine.cursor_at_end_;
}

uint64_t pending_appends(const Engine& engine) { return engine.appends_ ? engine.appends_->pending_ : 0; }

void landing_writes(Engine& engine, std::vector<Request*>* writes) {
  writes->clear();
  if (!engine.writes_) return;
  for (Request* r = engine.writes_->ledger_.waiters_.front(); r; r = r->next)
    if (r->kind == RequestKind::kWrite) writes->push_back(r);
}

void view(Engine& engine, const Bytes& storage, Bytes* file) {
  *file = storage;
  if (!engine.extents_) return;
  ExtentWrites& writes = *engine.extents_;
  file->resize(std::max<uint64_t>(storage.size(), writes.extents_.end()));
  writes.extents_.for_each([&](Extent& x) {
    iovec into{file->data() + x.offset, x.length};
    writes.ring_.copy_out(x.position, x.length, &into, 1, 0);
  });
  const auto& lane = writes.lane_;
  if (lane.begin == WriteSide::kShut || lane.offset == lane.begin) return;
  file->resize(std::max<uint64_t>(file->size(), lane.offset));
  std::memcpy(file->data() + lane.begin, lane.at - (lane.offset - lane.begin), lane.offset - lane.begin);
}

void spoil_kept(Engine& engine, Bytes* storage) {
  if (!engine.extents_) return;
  engine.extents_->extents_.for_each([&](Extent& x) {
    if (x.landed)
      std::fill(storage->begin() + static_cast<long>(x.offset), storage->begin() + static_cast<long>(x.end()),
                uint8_t{0x66});
  });
}

std::string examine(Engine& engine, const Truth& truth, const Bytes& storage, uint64_t pending, uint64_t memory_used) {
  Examination e{engine, {}};
  examine_requests(e);
  examine_operations(e);
  if (engine.writes_) examine_ring(e);
  if (engine.appends_) {
    uint64_t landed = 0;  // of the append in flight
    for (const BackendOp* op : engine.ops_.flying_)
      landed += op->log.empty() || op->kind == IoKind::kSize ? 0 : op->done;
    e.expect_equal(engine.appends_->pending_ - landed, pending, "the count of pending bytes");
  }
  bool truncating = false;  // the storage may be shorter already than the file
  for (const BackendOp* op : engine.ops_.flying_) truncating = truncating || op->kind == IoKind::kTruncate;
  if (engine.extents_) examine_extents(e, truth);
  if (!engine.appends_ && !truncating) examine_file(e, truth, storage);
  if (!truncating) examine_chunks(e, storage);
  examine_memory(e, memory_used);
  return e.wrong;
}

}  // namespace conveyor::sim::inspection

// Writes at offsets: extents land in any order that leaves the file as if they had run one after another [W4].
#pragma once

#include "engine/extent_index.hpp"
#include "engine/write_side.hpp"

namespace conveyor {

class ReadSide;

class ExtentWrites final : public WriteSide {
 public:
  using WriteSide::WriteSide;
  /// Before the first event. Landing waits for backend reads of the same bytes, and read-ahead learns what landed.
  void attach(ReadSide& reads) { reads_ = &reads; }

  void open_lane(Range keep_out) override;
  void landed(BackendOp* op) override;
  void discard() override;
  uint64_t end() const override { return extents_.end(); }
  void sync_begins() override { ++syncs_begun_; }
  void synced(bool succeeded) override;

  ExtentIndex& extents() { return extents_; }
  /// What is accepted from now on becomes an extent of its own. Returns where it will be in the ring.
  uint64_t seal() {
    youngest_ = nullptr;
    return ring_.tail();
  }
  /// The file now ends at `size`: accepted bytes beyond it are dropped. Requires: no write is in flight. Clause: P4.
  void cut(uint64_t size);

 protected:
  void accept_bytes(Request& request, size_t count) override;
  void extend_youngest(uint64_t count) override;
  bool submit_one(bool demanded_only) override;
  void give_back(BackendOp* op) override;

 private:
  bool rewrite_in_place(const Request& request, Range range);
  void supersede(Range range);
  Extent* pick(bool demanded_only);
  bool blocked(const Extent& extent) const;
  void load(BackendOp* op, Extent& extent);
  void drop_log(BackendOp* op);

  ReadSide* reads_ = nullptr;
  ExtentIndex extents_;
  uint32_t syncs_begun_ = 0;
  Extent* youngest_ = nullptr;  // may grow at its end: its last byte is the last of the ring
};

}  // namespace conveyor

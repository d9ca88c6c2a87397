// The open handles of an environment, named by numbers that JavaScript can keep.
#pragma once

#include <conveyor/conveyor_async.h>

#include <cstdint>
#include <memory>
#include <vector>

namespace conveyor_node {

class JavaScriptBackend;

/// Names a handle for ever: the number of a closed handle is not given out again. A positive integer below 2^53.
using HandleId = uint64_t;

struct Handle {
  conveyor_t* engine = nullptr;  // nullptr: this place is free
  uint32_t generation = 0;
  bool closing = false;      // a close is pending: nothing else may be asked of the engine
  bool synchronous = false;  // its backend needs no JavaScript: blocking calls cannot deadlock
  std::unique_ptr<JavaScriptBackend> backend;
};

/// Threads: the JavaScript thread only. Pointers to handles are valid until the next `add`.
class HandleTable {
 public:
  HandleTable();
  ~HandleTable();
  HandleTable(const HandleTable&) = delete;
  HandleTable& operator=(const HandleTable&) = delete;

  HandleId add(conveyor_t* engine, std::unique_ptr<JavaScriptBackend> backend);
  /// The engine behind it is gone. Nothing happens when it is not there any more.
  void remove(HandleId id);

  /// The handle, closing ones included; nullptr for a number that names none.
  Handle* find(HandleId id) {
    const uint64_t index = id & kIndexMask;
    if (index >= handles_.size()) return nullptr;
    Handle& handle = handles_[index];
    return handle.engine != nullptr && handle.generation == id >> kIndexBits ? &handle : nullptr;
  }
  /// The handle that can take operations; nullptr when there is none, or when it is closing.
  Handle* find_open(HandleId id) {
    Handle* handle = find(id);
    return handle != nullptr && !handle->closing ? handle : nullptr;
  }

  /// Calls `visit(id, handle)` for every handle.
  template <typename Visit>
  void for_each(Visit&& visit) {
    for (uint64_t index = 0; index < handles_.size(); ++index) {
      if (handles_[index].engine != nullptr) visit(id_of(index), handles_[index]);
    }
  }

 private:
  static constexpr int kIndexBits = 21;  // with 32 bits of generation: exact as a double
  static constexpr uint64_t kIndexMask = (uint64_t{1} << kIndexBits) - 1;

  HandleId id_of(uint64_t index) const { return uint64_t{handles_[index].generation} << kIndexBits | index; }

  std::vector<Handle> handles_;
  std::vector<uint32_t> free_;
};

}  // namespace conveyor_node

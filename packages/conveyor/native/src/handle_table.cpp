#include "handle_table.hpp"

#include "javascript_backend.hpp"

namespace conveyor_node {

HandleTable::HandleTable() = default;
HandleTable::~HandleTable() = default;

HandleId HandleTable::add(conveyor_t* engine, std::unique_ptr<JavaScriptBackend> backend) {
  uint32_t index;
  if (free_.empty()) {
    if (handles_.size() > kIndexMask) return 0;
    index = static_cast<uint32_t>(handles_.size());
    handles_.emplace_back();
  } else {
    index = free_.back();
    free_.pop_back();
  }
  Handle& handle = handles_[index];
  handle.engine = engine;
  handle.generation++;
  handle.closing = false;
  handle.synchronous = backend == nullptr;
  handle.backend = std::move(backend);
  return id_of(index);
}

void HandleTable::remove(HandleId id) {
  Handle* handle = find(id);
  if (handle == nullptr) return;
  handle->engine = nullptr;
  handle->backend.reset();
  // A place whose generations are used up is not used again, so that no number ever names a second handle.
  if (handle->generation != UINT32_MAX) free_.push_back(static_cast<uint32_t>(id & kIndexMask));
}

}  // namespace conveyor_node

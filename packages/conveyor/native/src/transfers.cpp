#include "transfers.hpp"

#include <conveyor/conveyor_async.h>

#include <cerrno>
#include <cstring>

#include "arguments.hpp"
#include "environment.hpp"

namespace conveyor_node {

namespace {

enum class Direction { kRead, kWrite };
enum class Memory { kCallers, kFacades };

template <Direction direction>
double start_transfer(Environment& environment, HandleId id, conveyor_t* engine, void* data, size_t length,
                      off_t position, Block& block) {
  return environment.start(id, block, false, [=](conveyor_done_t done, void* arg) {
    if constexpr (direction == Direction::kRead) {
      return conveyor_read_async(engine, data, length, position, done, arg);
    } else {
      return conveyor_write_async(engine, data, length, position, done, arg);
    }
  });
}

/// A transfer through memory of ours.
template <Direction direction>
double bounce_transfer(Environment& environment, HandleId id, conveyor_t* engine, std::byte* data, size_t length,
                       off_t position) {
  Block block = environment.bounce.take(length);
  if (!block) return -ENOMEM;
  std::byte* const bytes = block.data;
  if constexpr (direction == Direction::kWrite) {
    if (length > 0) std::memcpy(bytes, data, length);
  }
  const double outcome = start_transfer<direction>(environment, id, engine, bytes, length, position, block);
  if (!block) return outcome;  // pending: the operation has it
  if constexpr (direction == Direction::kRead) {
    if (outcome > 0) std::memcpy(data, bytes, static_cast<size_t>(outcome));
  }
  environment.bounce.give_back(block);
  return outcome;
}

template <Direction direction, Memory memory>
napi_value transfer(napi_env env, napi_callback_info info) {
  const Arguments<5> arguments(env, info);
  Environment& environment = arguments.environment();
  HandleId id = 0;
  View view;
  int64_t offset = 0;
  int64_t length = 0;
  int64_t position = 0;
  if (!arguments.handle(0, &id) || !arguments.view(1, &view) || !arguments.integer(2, 0, &offset) ||
      !arguments.integer(3, 0, &length) || !arguments.integer(4, CONVEYOR_AT_CURSOR, &position)) {
    return nullptr;
  }
  const Handle* handle = environment.handles.find_open(id);
  if (handle == nullptr) return make_number(env, -EBADF);
  if (static_cast<size_t>(offset) > view.size ||
      static_cast<size_t>(length) > view.size - static_cast<size_t>(offset)) {
    return make_number(env, -EINVAL);
  }

  const CallScope scope(environment);
  std::byte* const data = view.data + offset;
  double outcome;
  if constexpr (memory == Memory::kCallers) {
    outcome = bounce_transfer<direction>(environment, id, handle->engine, data, static_cast<size_t>(length), position);
  } else {
    Block none;
    outcome =
        start_transfer<direction>(environment, id, handle->engine, data, static_cast<size_t>(length), position, none);
  }
  return make_number(env, outcome);
}

}  // namespace

napi_value read(napi_env env, napi_callback_info info) {
  return transfer<Direction::kRead, Memory::kCallers>(env, info);
}

napi_value write(napi_env env, napi_callback_info info) {
  return transfer<Direction::kWrite, Memory::kCallers>(env, info);
}

napi_value read_own(napi_env env, napi_callback_info info) {
  return transfer<Direction::kRead, Memory::kFacades>(env, info);
}

napi_value write_own(napi_env env, napi_callback_info info) {
  return transfer<Direction::kWrite, Memory::kFacades>(env, info);
}

napi_value collect(napi_env env, napi_callback_info info) {
  const Arguments<3> arguments(env, info);
  int64_t slot = 0;
  int64_t offset = 0;
  View view;
  if (!arguments.integer(0, 0, &slot) || !arguments.view(1, &view) || !arguments.integer(2, 0, &offset))
    return nullptr;
  const Operation* operation = arguments.environment().operations.find(static_cast<double>(slot));
  if (operation == nullptr || !operation->block) return make_number(env, -EINVAL);
  // Acquire pairs with Operation::finish: a thread of the pool filled the block.
  if (operation->phase.load(std::memory_order_acquire) != Operation::Phase::kFinished || operation->result < 0) {
    return make_number(env, -EINVAL);
  }
  const auto size = static_cast<size_t>(operation->result);
  if (static_cast<size_t>(offset) > view.size || size > view.size - static_cast<size_t>(offset)) {
    return make_number(env, -EFAULT);
  }
  if (size > 0) std::memcpy(view.data + offset, operation->block.data, size);
  return make_number(env, static_cast<double>(size));
}

napi_value cancel(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  int64_t slot = 0;
  if (!arguments.integer(0, 0, &slot)) return nullptr;
  Environment& environment = arguments.environment();
  const CallScope scope(environment, CallScope::Kind::kSettles);
  bool cancelled = false;
  const Operation* operation = environment.operations.find(static_cast<double>(slot));
  if (operation != nullptr) {
    // Of a handle that is just closing, too: the engine answers EBADF when it is gone already.
    const Handle* handle = environment.handles.find(operation->handle);
    cancelled = handle != nullptr && conveyor_cancel(handle->engine, operation) > 0;
  }
  napi_value value = nullptr;
  napi_get_boolean(env, cancelled, &value);
  return value;
}

}  // namespace conveyor_node

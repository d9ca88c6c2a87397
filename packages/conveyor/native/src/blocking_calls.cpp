#include "blocking_calls.hpp"

#include <conveyor/conveyor.h>

#include <cerrno>

#include "arguments.hpp"

namespace conveyor_node {

namespace {

/// Runs `call(engine)`, which returns a result >= 0, or -1 with errno.
template <typename Call>
napi_value block_on(napi_env env, Environment& environment, HandleId id, Call&& call) {
  const Handle* handle = environment.handles.find_open(id);
  if (handle == nullptr) return make_number(env, -EBADF);
  if (!handle->synchronous) return make_number(env, -ENOTSUP);
  const CallScope scope(environment);
  const auto result = call(handle->engine);
  return make_number(env, result < 0 ? -errno : static_cast<double>(result));
}

/// `move(engine, data, length, position)` is called with the checked part of the view.
template <typename Move>
napi_value transfer_sync(napi_env env, napi_callback_info info, Move&& move) {
  const Arguments<5> arguments(env, info);
  HandleId id = 0;
  View view;
  int64_t offset = 0;
  int64_t length = 0;
  int64_t position = 0;
  if (!arguments.handle(0, &id) || !arguments.view(1, &view) || !arguments.integer(2, 0, &offset) ||
      !arguments.integer(3, 0, &length) || !arguments.integer(4, -1, &position)) {
    return nullptr;
  }
  const auto start = static_cast<size_t>(offset);
  const auto size = static_cast<size_t>(length);
  if (start > view.size || size > view.size - start) return make_number(env, -EINVAL);
  return block_on(env, arguments.environment(), id,
                  [&](conveyor_t* engine) { return move(engine, view.data + start, size, position); });
}

/// For calls that take nothing but the handle.
template <typename Call>
napi_value block_on_handle(napi_env env, napi_callback_info info, Call&& call) {
  const Arguments<1> arguments(env, info);
  HandleId id = 0;
  if (!arguments.handle(0, &id)) return nullptr;
  return block_on(env, arguments.environment(), id, call);
}

}  // namespace

napi_value read_sync(napi_env env, napi_callback_info info) {
  return transfer_sync(env, info, [](conveyor_t* engine, void* data, size_t size, off_t position) {
    return position < 0 ? conveyor_read(engine, data, size) : conveyor_pread(engine, data, size, position);
  });
}

napi_value write_sync(napi_env env, napi_callback_info info) {
  return transfer_sync(env, info, [](conveyor_t* engine, const void* data, size_t size, off_t position) {
    return position < 0 ? conveyor_write(engine, data, size) : conveyor_pwrite(engine, data, size, position);
  });
}

napi_value seek_sync(napi_env env, napi_callback_info info) {
  const Arguments<3> arguments(env, info);
  HandleId id = 0;
  int64_t offset = 0;
  int64_t whence = 0;
  if (!arguments.handle(0, &id) || !arguments.integer(1, kSeekMin, &offset) || !arguments.integer(2, 0, &whence)) {
    return nullptr;
  }
  return block_on(env, arguments.environment(), id,
                  [=](conveyor_t* engine) { return conveyor_lseek(engine, offset, static_cast<int>(whence)); });
}

napi_value size_sync(napi_env env, napi_callback_info info) { return block_on_handle(env, info, conveyor_size); }

napi_value truncate_sync(napi_env env, napi_callback_info info) {
  const Arguments<2> arguments(env, info);
  HandleId id = 0;
  int64_t size = 0;
  if (!arguments.handle(0, &id) || !arguments.integer(1, 0, &size)) return nullptr;
  return block_on(env, arguments.environment(), id,
                  [=](conveyor_t* engine) { return conveyor_truncate(engine, size); });
}

napi_value flush_sync(napi_env env, napi_callback_info info) { return block_on_handle(env, info, conveyor_flush); }

napi_value sync_sync(napi_env env, napi_callback_info info) {
  const Arguments<2> arguments(env, info);
  HandleId id = 0;
  bool data_only = false;
  if (!arguments.handle(0, &id) || !arguments.boolean(1, &data_only)) return nullptr;
  return block_on(env, arguments.environment(), id,
                  [=](conveyor_t* engine) { return conveyor_sync(engine, data_only ? 1 : 0); });
}

napi_value close_sync(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  HandleId id = 0;
  if (!arguments.handle(0, &id)) return nullptr;
  Environment& environment = arguments.environment();
  Handle* handle = environment.handles.find_open(id);
  if (handle == nullptr) return make_number(env, -EBADF);
  if (!handle->synchronous) return make_number(env, -ENOTSUP);
  const CallScope scope(environment);
  handle->closing = true;
  const ssize_t result = conveyor_close(handle->engine) == 0 ? 0 : -errno;
  environment.close_finished(id, result);
  return make_number(env, static_cast<double>(result));
}

}  // namespace conveyor_node

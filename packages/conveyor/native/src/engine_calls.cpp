#include "engine_calls.hpp"

#include <conveyor/conveyor_async.h>

#include <cerrno>

#include "arguments.hpp"
#include "environment.hpp"

namespace conveyor_node {

namespace {

/// Runs `call(engine, done, arg)` on an open handle.
template <typename Call>
napi_value start_on(napi_env env, Environment& environment, HandleId id, Call&& call) {
  const Handle* handle = environment.handles.find_open(id);
  if (handle == nullptr) return make_number(env, -EBADF);
  const CallScope scope(environment);
  conveyor_t* const engine = handle->engine;
  return make_number(env,
                     environment.start(id, [&](conveyor_done_t done, void* arg) { return call(engine, done, arg); }));
}

/// Runs `call(engine)`, which returns 0, or -1 with errno, and never waits.
template <typename Call>
napi_value run_on(napi_env env, Environment& environment, HandleId id, Call&& call) {
  const Handle* handle = environment.handles.find_open(id);
  if (handle == nullptr) return make_number(env, -EBADF);
  const CallScope scope(environment);
  return make_number(env, call(handle->engine) == 0 ? 0 : -errno);
}

}  // namespace

napi_value seek(napi_env env, napi_callback_info info) {
  const Arguments<3> arguments(env, info);
  HandleId id = 0;
  int64_t offset = 0;
  int64_t whence = 0;
  if (!arguments.handle(0, &id) || !arguments.integer(1, kSeekMin, &offset) || !arguments.integer(2, 0, &whence)) {
    return nullptr;
  }
  return start_on(env, arguments.environment(), id, [=](conveyor_t* engine, conveyor_done_t done, void* arg) {
    return conveyor_lseek_async(engine, offset, static_cast<int>(whence), done, arg);
  });
}

napi_value size(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  HandleId id = 0;
  if (!arguments.handle(0, &id)) return nullptr;
  return start_on(env, arguments.environment(), id, conveyor_size_async);
}

napi_value truncate(napi_env env, napi_callback_info info) {
  const Arguments<2> arguments(env, info);
  HandleId id = 0;
  int64_t end = 0;
  if (!arguments.handle(0, &id) || !arguments.integer(1, 0, &end)) return nullptr;
  return start_on(env, arguments.environment(), id, [=](conveyor_t* engine, conveyor_done_t done, void* arg) {
    return conveyor_truncate_async(engine, end, done, arg);
  });
}

napi_value flush(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  HandleId id = 0;
  if (!arguments.handle(0, &id)) return nullptr;
  return start_on(env, arguments.environment(), id, conveyor_flush_async);
}

napi_value sync(napi_env env, napi_callback_info info) {
  const Arguments<2> arguments(env, info);
  HandleId id = 0;
  bool data_only = false;
  if (!arguments.handle(0, &id) || !arguments.boolean(1, &data_only)) return nullptr;
  return start_on(env, arguments.environment(), id, [=](conveyor_t* engine, conveyor_done_t done, void* arg) {
    return conveyor_sync_async(engine, data_only ? 1 : 0, done, arg);
  });
}

napi_value close(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  HandleId id = 0;
  if (!arguments.handle(0, &id)) return nullptr;
  Environment& environment = arguments.environment();
  Handle* handle = environment.handles.find_open(id);
  if (handle == nullptr) return make_number(env, -EBADF);
  const CallScope scope(environment);
  // Set before the engine is asked: when the close is done on another thread, the engine handle is gone at once.
  handle->closing = true;
  conveyor_t* const engine = handle->engine;
  Block none;
  const double outcome = environment.start(
      id, none, true, [=](conveyor_done_t done, void* arg) { return conveyor_close_async(engine, done, arg); });
  if (outcome > kPendingBase) environment.close_finished(id, static_cast<ssize_t>(outcome));
  return make_number(env, outcome);
}

napi_value prefetch(napi_env env, napi_callback_info info) {
  const Arguments<3> arguments(env, info);
  HandleId id = 0;
  int64_t offset = 0;
  int64_t count = 0;
  if (!arguments.handle(0, &id) || !arguments.integer(1, 0, &offset) || !arguments.integer(2, 0, &count))
    return nullptr;
  return run_on(env, arguments.environment(), id,
                [=](conveyor_t* engine) { return conveyor_prefetch(engine, offset, static_cast<size_t>(count)); });
}

napi_value invalidate(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  HandleId id = 0;
  if (!arguments.handle(0, &id)) return nullptr;
  return run_on(env, arguments.environment(), id, conveyor_invalidate);
}

napi_value clear_error(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  HandleId id = 0;
  if (!arguments.handle(0, &id)) return nullptr;
  return run_on(env, arguments.environment(), id, conveyor_clear_error);
}

}  // namespace conveyor_node

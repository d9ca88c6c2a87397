#include "opening.hpp"

#include <conveyor/conveyor_async.h>
#include <fcntl.h>
#include <napi.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "arguments.hpp"
#include "javascript_backend.hpp"

namespace conveyor_node {

namespace {

struct CountOption {
  const char* name;
  uint32_t conveyor_options_t::*field;
};

struct SizeOption {
  const char* name;
  size_t conveyor_options_t::*field;
};

// Named as in conveyor_options_t, in JavaScript's spelling; the façade has turned words into numbers.
constexpr CountOption kCountOptions[] = {
    {"readDepth", &conveyor_options_t::read_depth},
    {"writeDepth", &conveyor_options_t::write_depth},
    {"maxDirtyMs", &conveyor_options_t::max_dirty_ms},
    {"writeTimeoutMs", &conveyor_options_t::write_timeout_ms},
    {"readTimeoutMs", &conveyor_options_t::read_timeout_ms},
    {"flushTimeoutMs", &conveyor_options_t::flush_timeout_ms},
    {"retryDeadlineMs", &conveyor_options_t::retry_deadline_ms},
    {"tickMs", &conveyor_options_t::tick_ms},
    {"depthMax", &conveyor_options_t::depth_max},
    {"adaptive", &conveyor_options_t::adaptive},
    {"largeWrite", &conveyor_options_t::large_write},
    {"nonblocking", &conveyor_options_t::nonblocking},
    {"keepUntilSync", &conveyor_options_t::keep_until_sync},
    {"durability", &conveyor_options_t::durability},
};

constexpr SizeOption kSizeOptions[] = {
    {"writeCapacityInitial", &conveyor_options_t::write_capacity_initial},
    {"writeCapacityMax", &conveyor_options_t::write_capacity_max},
    {"readCapacityInitial", &conveyor_options_t::read_capacity_initial},
    {"readCapacityMax", &conveyor_options_t::read_capacity_max},
    {"maxIo", &conveyor_options_t::max_io},
    {"flushThreshold", &conveyor_options_t::flush_threshold},
    {"readAlign", &conveyor_options_t::read_align},
};

constexpr int64_t kUnbuffered = -1;  // in JavaScript, for CONVEYOR_UNBUFFERED

/// Reads an option; one that is not there stays the default. False, with an exception pending, for what is no
/// integer.
bool read_option(Napi::Object options, const char* name, int64_t* out) {
  const Napi::Value value = options.Get(name);
  if (value.IsUndefined()) return true;
  return get_integer(options.Env(), value, kUnbuffered, out);
}

bool read_options(napi_env env, napi_value value, conveyor_options_t* out) {
  conveyor_options_init(out);
  if (!Napi::Value(env, value).IsObject()) return refuse_argument(env, "an object");
  const Napi::Object options(env, value);
  for (const CountOption& option : kCountOptions) {
    int64_t number = out->*option.field;
    if (!read_option(options, option.name, &number)) return false;
    if (number < 0 || number > UINT32_MAX) return refuse_argument(env, "a count of 32 bits");
    out->*option.field = static_cast<uint32_t>(number);
  }
  for (const SizeOption& option : kSizeOptions) {
    int64_t number = 0;
    if (!read_option(options, option.name, &number)) return false;
    out->*option.field = number == kUnbuffered ? CONVEYOR_UNBUFFERED : static_cast<size_t>(number);
  }
  return true;
}

/// Gives the engine handle a number. The engine is closed again when there are none left.
napi_value enter(napi_env env, Environment& environment, conveyor_t* engine,
                 std::unique_ptr<JavaScriptBackend> backend) {
  JavaScriptBackend* const bound = backend.get();
  const HandleId id = environment.handles.add(engine, std::move(backend));
  if (id == 0) {
    conveyor_destroy(engine);
    return make_number(env, -EMFILE);
  }
  if (bound != nullptr) bound->bind(id, engine);
  return make_number(env, static_cast<double>(id));
}

}  // namespace

napi_value open_descriptor(napi_env env, napi_callback_info info) {
  const Arguments<3> arguments(env, info);
  int64_t fd = 0;
  int64_t flags = 0;
  conveyor_options_t options;
  if (!arguments.integer(0, 0, &fd) || !arguments.integer(1, 0, &flags) ||
      !read_options(env, arguments[2], &options)) {
    return nullptr;
  }
  const int own = fd > INT32_MAX ? -1 : fcntl(static_cast<int>(fd), F_DUPFD_CLOEXEC, 0);
  if (own < 0) return make_number(env, fd > INT32_MAX ? -EBADF : -errno);
  options.owns_fd = 1;
  conveyor_t* engine = nullptr;
  if (conveyor_open_fd(&engine, own, static_cast<int>(flags), &options) != 0) {
    const int error = errno;
    ::close(own);
    return make_number(env, -error);
  }
  return enter(env, arguments.environment(), engine, nullptr);
}

napi_value open_javascript(napi_env env, napi_callback_info info) {
  const Arguments<3> arguments(env, info);
  Environment& environment = arguments.environment();
  int64_t flags = 0;
  int64_t capabilities = 0;
  conveyor_options_t options;
  if (!arguments.integer(0, 0, &flags) || !arguments.integer(1, 0, &capabilities) ||
      !read_options(env, arguments[2], &options)) {
    return nullptr;
  }
  auto backend = std::make_unique<JavaScriptBackend>(environment.mailbox);
  const conveyor_async_backend_t callbacks = backend->callbacks(static_cast<uint32_t>(capabilities));
  conveyor_t* engine = nullptr;
  if (conveyor_create_async(&engine, &callbacks, static_cast<int>(flags), &options) != 0) {
    return make_number(env, -errno);
  }
  return enter(env, environment, engine, std::move(backend));
}

napi_value complete(napi_env env, napi_callback_info info) {
  const Arguments<5> arguments(env, info);
  Environment& environment = arguments.environment();
  HandleId id = 0;
  int64_t io_id = 0;
  int64_t result = 0;
  bool retryable = false;
  if (!arguments.handle(0, &id) || !arguments.integer(1, 0, &io_id) || !arguments.integer(2, INT32_MIN, &result) ||
      !arguments.boolean(3, &retryable)) {
    return nullptr;
  }
  Handle* handle = environment.handles.find(id);
  const conveyor_io_t* io =
      handle != nullptr && handle->backend != nullptr ? handle->backend->find(static_cast<uint64_t>(io_id)) : nullptr;
  if (io == nullptr) return make_number(env, -EINVAL);
  if (io->kind == CONVEYOR_IO_READ && result > 0 && static_cast<size_t>(result) <= io->count) {
    View view;
    if (!arguments.view(4, &view)) return nullptr;
    if (static_cast<size_t>(result) <= view.size) {
      std::memcpy(io->buffer, view.data, static_cast<size_t>(result));
    } else {
      result = -EIO;
    }
  }
  const CallScope scope(environment, CallScope::Kind::kSettles);
  const int outcome = handle->backend->answer(static_cast<uint64_t>(io_id), result, retryable);
  if (outcome == 0) environment.request_answered();
  return make_number(env, outcome);
}

}  // namespace conveyor_node

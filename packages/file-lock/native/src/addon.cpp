// The addon's entry: the table of what JavaScript can call; src/native-binding.ts is the same table in TypeScript. All
// calls return at once: an attempt is a handful of system calls, and waiting is JavaScript's timers' business.

#include <conveyor/file_lock/file_lock.hpp>
#include <node_api.h>

#include <cerrno>
#include <optional>
#include <string>
#include <vector>

#include "environment.hpp"
#include "holder.hpp"
#include "lock_table.hpp"

namespace conveyor_node {

namespace {

using conveyor::LockHolder;
using conveyor::LockMode;
using conveyor::LockOptions;
using conveyor::LockOwner;
using conveyor::ResourceKind;
using conveyor::locking::LockTable;
using conveyor::locking::Outcome;
using conveyor::locking::Request;

/// Changes whenever a call in the table changes; `nativeAbi` of src/native-binding.ts must be the same number.
constexpr uint32_t kAbi = 1;

// `flag` of src/native-binding.ts.
constexpr uint32_t kShared = 1;
constexpr uint32_t kByteRange = 2;
constexpr uint32_t kReentrant = 4;
constexpr uint32_t kQueues = 8;
constexpr uint32_t kFile = 16;
constexpr uint32_t kDirectory = 32;

// Bits of the third word that `attempt` answers.
constexpr double kIsNext = 1;
constexpr double kIsPolite = 2;

template <size_t kCount>
struct Arguments {
  Arguments(napi_env env, napi_callback_info info) {
    size_t count = kCount;
    void* data = nullptr;
    napi_get_cb_info(env, info, &count, values, nullptr, &data);
    environment = static_cast<Environment*>(data);
  }
  napi_value values[kCount];
  Environment* environment = nullptr;
};

napi_value make_number(napi_env env, double number) {
  napi_value value = nullptr;
  if (number >= 0 && number <= UINT32_MAX) {
    napi_create_uint32(env, static_cast<uint32_t>(number), &value);  // no heap number, for the most part
  } else {
    napi_create_double(env, number, &value);
  }
  return value;
}

double read_number(napi_env env, napi_value value) {
  double number = 0;
  napi_get_value_double(env, value, &number);
  return number;
}

uint32_t read_flags(napi_env env, napi_value value) { return static_cast<uint32_t>(read_number(env, value)); }

std::string read_string(napi_env env, napi_value value) {
  char short_text[256];
  size_t length = 0;
  if (napi_get_value_string_utf8(env, value, short_text, sizeof short_text, &length) != napi_ok) return {};
  if (length < sizeof short_text - 4) return std::string(short_text, length);
  napi_get_value_string_utf8(env, value, nullptr, 0, &length);
  std::string text(length, '\0');
  napi_get_value_string_utf8(env, value, text.data(), length + 1, &length);
  return text;
}

/// The numbers of an array; none of undefined.
std::vector<LockOwner> read_owners(napi_env env, napi_value value) {
  std::vector<LockOwner> owners;
  uint32_t count = 0;
  napi_valuetype type = napi_undefined;
  if (napi_typeof(env, value, &type) != napi_ok || type == napi_undefined) return owners;
  if (napi_get_array_length(env, value, &count) != napi_ok) return owners;
  for (uint32_t index = 0; index < count; ++index) {
    napi_value element;
    if (napi_get_element(env, value, index, &element) == napi_ok) {
      owners.push_back(static_cast<LockOwner>(read_number(env, element)));
    }
  }
  return owners;
}

ResourceKind kind_of(uint32_t flags) {
  if ((flags & kFile) != 0) return ResourceKind::kFile;
  return (flags & kDirectory) != 0 ? ResourceKind::kDirectory : ResourceKind::kAny;
}

LockOptions options_of(uint32_t flags) {
  LockOptions options;
  options.resource = kind_of(flags);
  options.byte_range = (flags & kByteRange) != 0;
  return options;
}

/// attempt(path, flags, owner, ancestors, ticket)
napi_value attempt(napi_env env, napi_callback_info info) {
  const Arguments<5> arguments(env, info);
  const uint32_t flags = read_flags(env, arguments.values[1]);
  const std::vector<LockOwner> ancestors = read_owners(env, arguments.values[3]);
  Request request;
  request.path = read_string(env, arguments.values[0]);
  request.mode = (flags & kShared) != 0 ? LockMode::kShared : LockMode::kExclusive;
  request.resource = kind_of(flags);
  request.byte_range = (flags & kByteRange) != 0;
  request.reentrant = (flags & kReentrant) != 0;
  request.queues = (flags & kQueues) != 0;
  request.owner = static_cast<LockOwner>(read_number(env, arguments.values[2]));
  if (request.owner == 0) request.owner = LockTable::of_process().next_number();
  request.ancestors = ancestors;
  request.scope = arguments.environment->scope();
  const auto ticket = static_cast<uint64_t>(read_number(env, arguments.values[4]));
  const Outcome outcome = LockTable::of_process().attempt(request, ticket);
  Environment::Answer& answer = arguments.environment->answer();
  answer.ticket = static_cast<double>(outcome.ticket);
  answer.bits = (outcome.is_next ? kIsNext : 0) + (outcome.is_polite ? kIsPolite : 0);
  answer.owner = static_cast<double>(request.owner);
  return make_number(env, outcome.error != 0 ? outcome.error : static_cast<double>(outcome.lock));
}

napi_value release(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  const auto lock = static_cast<uint64_t>(read_number(env, arguments.values[0]));
  return make_number(env, LockTable::of_process().release(lock));
}

napi_value cancel(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  LockTable::of_process().cancel(static_cast<uint64_t>(read_number(env, arguments.values[0])));
  return nullptr;
}

napi_value make_string(napi_env env, const std::string& text) {
  napi_value value = nullptr;
  napi_create_string_utf8(env, text.data(), text.size(), &value);
  return value;
}

napi_value resource(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  const std::string path =
      LockTable::of_process().resource_of(static_cast<uint64_t>(read_number(env, arguments.values[0])));
  return path.empty() ? nullptr : make_string(env, path);
}

napi_value make_owner(napi_env env, napi_callback_info) {
  return make_number(env, static_cast<double>(conveyor::make_lock_owner()));
}

napi_value is_locked(napi_env env, napi_callback_info info) {
  const Arguments<2> arguments(env, info);
  const std::string path = read_string(env, arguments.values[0]);
  return make_number(env, conveyor::is_locked(path, options_of(read_flags(env, arguments.values[1]))));
}

napi_value sidecar(napi_env env, napi_callback_info info) {
  const Arguments<2> arguments(env, info);
  std::string path;
  const int error = conveyor::find_sidecar(read_string(env, arguments.values[0]),
                                           kind_of(read_flags(env, arguments.values[1])), &path);
  return error == 0 ? make_string(env, path) : make_number(env, error);
}

napi_value holder(napi_env env, napi_callback_info info) {
  const Arguments<2> arguments(env, info);
  const std::string path = read_string(env, arguments.values[0]);
  const LockOptions options = options_of(read_flags(env, arguments.values[1]));
  const std::optional<LockHolder> found = conveyor::find_lock_holder(path, options);
  if (!found) return nullptr;
  napi_value object = nullptr;
  napi_create_object(env, &object);
  napi_set_named_property(env, object, "pid", make_number(env, found->pid));
  napi_set_named_property(env, object, "host", make_string(env, found->host));
  napi_set_named_property(env, object, "startedMs", make_number(env, static_cast<double>(found->started_ms)));
  return object;
}

struct Function {
  const char* name;
  napi_callback callback;
};

constexpr Function kFunctions[] = {
    {"attempt", attempt},      {"release", release},    {"cancel", cancel},   {"resource", resource},
    {"makeOwner", make_owner}, {"isLocked", is_locked}, {"sidecar", sidecar}, {"holder", holder},
};

bool fill(napi_env env, napi_value exports, Environment* environment) {
  for (const Function& function : kFunctions) {
    napi_value value;
    if (napi_create_function(env, function.name, NAPI_AUTO_LENGTH, function.callback, environment, &value) != napi_ok ||
        napi_set_named_property(env, exports, function.name, value) != napi_ok) {
      return false;
    }
  }
  napi_value answer;
  if (!environment->make_answer(env, &answer) || napi_set_named_property(env, exports, "answer", answer) != napi_ok) {
    return false;
  }
  napi_value abi;
  return napi_create_uint32(env, kAbi, &abi) == napi_ok && napi_set_named_property(env, exports, "abi", abi) == napi_ok;
}

}  // namespace

}  // namespace conveyor_node

NAPI_MODULE_INIT() {
  conveyor_node::Environment* environment = conveyor_node::Environment::create(env);
  if (environment == nullptr || !conveyor_node::fill(env, exports, environment)) {
    napi_throw_error(env, nullptr, "conveyor: the native part of file-lock could not be set up");
    return nullptr;
  }
  return exports;
}

// The addon's entry: the table of what JavaScript can call; src/native-binding.ts is the same table in TypeScript.

#include <conveyor/conveyor.h>
#include <node_api.h>

#include "arguments.hpp"
#include "blocking_calls.hpp"
#include "engine_calls.hpp"
#include "environment.hpp"
#include "opening.hpp"
#include "process_wide.hpp"
#include "reports.hpp"
#include "transfers.hpp"

namespace conveyor_node {

namespace {

/// Changes whenever a call in the table changes; `nativeAbi` of src/native-binding.ts must be the same number.
constexpr uint32_t kAbi = 2;

struct Function {
  const char* name;
  napi_callback callback;
};

napi_value attach(napi_env env, napi_callback_info info) {
  const Arguments<3> arguments(env, info);
  if (!arguments.environment().attach(arguments[0], arguments[1], arguments[2])) {
    refuse_argument(env, "two functions and a Float64Array, once");
  }
  return nullptr;
}

constexpr Function kFunctions[] = {
    {"attach", attach},
    {"openDescriptor", open_descriptor},
    {"openJavaScript", open_javascript},
    {"complete", complete},
    {"read", read},
    {"write", write},
    {"readOwn", read_own},
    {"writeOwn", write_own},
    {"collect", collect},
    {"cancel", cancel},
    {"seek", seek},
    {"size", size},
    {"truncate", truncate},
    {"flush", flush},
    {"sync", sync},
    {"close", close},
    {"prefetch", prefetch},
    {"invalidate", invalidate},
    {"clearError", clear_error},
    {"stats", stats},
    {"observe", observe},
    {"errorInfo", error_info},
    {"readSync", read_sync},
    {"writeSync", write_sync},
    {"seekSync", seek_sync},
    {"sizeSync", size_sync},
    {"truncateSync", truncate_sync},
    {"flushSync", flush_sync},
    {"syncSync", sync_sync},
    {"closeSync", close_sync},
    {"configureRuntime", configure_runtime},
    {"drain", drain},
};

bool fill(napi_env env, napi_value exports, Environment* environment) {
  for (const Function& function : kFunctions) {
    napi_value value;
    if (napi_create_function(env, function.name, NAPI_AUTO_LENGTH, function.callback, environment, &value) !=
            napi_ok ||
        napi_set_named_property(env, exports, function.name, value) != napi_ok) {
      return false;
    }
  }
  napi_value abi;
  napi_value version;
  return napi_create_uint32(env, kAbi, &abi) == napi_ok &&
         napi_set_named_property(env, exports, "abi", abi) == napi_ok &&
         napi_create_string_latin1(env, conveyor_version(), NAPI_AUTO_LENGTH, &version) == napi_ok &&
         napi_set_named_property(env, exports, "version", version) == napi_ok;
}

}  // namespace

}  // namespace conveyor_node

NAPI_MODULE_INIT() {
  conveyor_node::Environment* environment = conveyor_node::Environment::create(env);
  if (environment == nullptr || !conveyor_node::fill(env, exports, environment)) {
    napi_throw_error(env, nullptr, "conveyor: the native part could not be set up");
    return nullptr;
  }
  return exports;
}

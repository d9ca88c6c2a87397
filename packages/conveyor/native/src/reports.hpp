// What a handle tells about itself.
#pragma once

#include <node_api.h>

namespace conveyor_node {

/// stats(handle): an object with the fields of conveyor_stats_t in JavaScript's spelling, or -errno. Starts a new
/// window.
napi_value stats(napi_env env, napi_callback_info info);

/// observe(handle, values, histograms): 0, or -errno. Fills `values`, a Float64Array, with what stats has but for the
/// window, which goes on; adds to `histograms`, a Float64Array or undefined.
napi_value observe(napi_env env, napi_callback_info info);

/// errorInfo(handle): {errno, operation, retries, offset, length} of the sticky error, errno 0 if there is none; or
/// -errno.
napi_value error_info(napi_env env, napi_callback_info info);

}  // namespace conveyor_node

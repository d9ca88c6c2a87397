// The synchronous forms. They block the JavaScript thread until the engine has finished.
#pragma once

#include <node_api.h>

namespace conveyor_node {

// Each takes the handle first and returns a result >= 0, or -errno: ENOTSUP for a storage written in JavaScript,
// which could not run while its own thread waits.
napi_value read_sync(napi_env env, napi_callback_info info);      // (handle, view, offset, length, position)
napi_value write_sync(napi_env env, napi_callback_info info);     // (handle, view, offset, length, position)
napi_value seek_sync(napi_env env, napi_callback_info info);      // (handle, offset, whence)
napi_value size_sync(napi_env env, napi_callback_info info);      // (handle)
napi_value truncate_sync(napi_env env, napi_callback_info info);  // (handle, size)
napi_value flush_sync(napi_env env, napi_callback_info info);     // (handle)
napi_value sync_sync(napi_env env, napi_callback_info info);      // (handle, dataOnly)
napi_value close_sync(napi_env env, napi_callback_info info);     // (handle)

}  // namespace conveyor_node

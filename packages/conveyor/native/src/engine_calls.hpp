// Everything else that is asked of an open handle.
#pragma once

#include <node_api.h>

namespace conveyor_node {

// Each takes the handle first and returns a result >= 0, -errno, or kPendingBase - slot.
napi_value seek(napi_env env, napi_callback_info info);      // (handle, offset, whence): the new cursor
napi_value size(napi_env env, napi_callback_info info);      // (handle): end of file
napi_value truncate(napi_env env, napi_callback_info info);  // (handle, size)
napi_value flush(napi_env env, napi_callback_info info);     // (handle)
napi_value sync(napi_env env, napi_callback_info info);      // (handle, dataOnly)
napi_value close(napi_env env, napi_callback_info info);     // (handle): then it names nothing, unless it was given up
napi_value prefetch(napi_env env, napi_callback_info info);  // (handle, offset, count)
napi_value invalidate(napi_env env, napi_callback_info info);   // (handle)
napi_value clear_error(napi_env env, napi_callback_info info);  // (handle)

}  // namespace conveyor_node

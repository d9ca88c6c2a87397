// What concerns all handles of the process, whichever environment opened them.
#pragma once

#include <node_api.h>

namespace conveyor_node {

/// configureRuntime(workerThreads, memoryBudget), 0 = default: returns 0, or -errno (EBUSY after the first handle).
napi_value configure_runtime(napi_env env, napi_callback_info info);

/// drain(timeoutMs), -1 = no limit: a promise of {errno, handles, bytes, oldestMs}. Waits on a thread of libuv's
/// pool.
napi_value drain(napi_env env, napi_callback_info info);

}  // namespace conveyor_node

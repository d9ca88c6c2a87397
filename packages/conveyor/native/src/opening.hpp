// Opening handles, and answering for storages written in JavaScript.
#pragma once

#include <node_api.h>

namespace conveyor_node {

/// openDescriptor(fd, flags, options): a handle over a duplicate of the descriptor, which closes with the handle.
/// Returns the handle's number, or -errno. A duplicate, because a Node environment that ends closes the descriptors
/// of its FileHandles before our handles have landed their bytes.
napi_value open_descriptor(napi_env env, napi_callback_info info);

/// openJavaScript(flags, capabilities, options): a handle over a storage written in JavaScript, whose requests go to
/// `dispatch`. Returns the handle's number, or -errno.
napi_value open_javascript(napi_env env, napi_callback_info info);

/// complete(handle, io, result, retryable, view): answers a request with a count >= 0 or -errno; `view` holds what
/// was read. Returns 0, or -EINVAL when that request is not in flight: answered twice, or never made.
napi_value complete(napi_env env, napi_callback_info info);

}  // namespace conveyor_node

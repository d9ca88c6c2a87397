// Reading and writing: the hot path.
#pragma once

#include <node_api.h>

namespace conveyor_node {

/// read(handle, view, offset, length, position) and write(...): `length` bytes of `view` from `offset` on, at
/// `position` of the file or, for -1, at the cursor. Return the bytes moved, -errno, or kPendingBase - slot. The
/// bytes go through memory of ours, so JavaScript may do anything with the view meanwhile; a pending read is followed
/// by `collect`.
napi_value read(napi_env env, napi_callback_info info);
napi_value write(napi_env env, napi_callback_info info);

/// The same without the copy.
/// Requires: the façade made the view's buffer and shows it to nobody before the operation has been settled.
napi_value read_own(napi_env env, napi_callback_info info);
napi_value write_own(napi_env env, napi_callback_info info);

/// collect(slot, view, offset): copies what a pending `read` has brought into the view, inside `settle` of that
/// operation. Returns the bytes, or -EFAULT when the view cannot take them any more (detached or shrunk).
napi_value collect(napi_env env, napi_callback_info info);

/// cancel(slot): true when the operation is pending and will now end with ECANCELED unless it finishes first.
napi_value cancel(napi_env env, napi_callback_info info);

}  // namespace conveyor_node

// What JavaScript says about a mount.
#pragma once

#include <node_api.h>

#include "file_system.hpp"
#include "session.hpp"

namespace conveyor::mount {

Presentation read_presentation(napi_env env, napi_value settings);
SessionSettings read_session(napi_env env, napi_value settings);

}  // namespace conveyor::mount

// The part of the addon's table that concerns storages written in JavaScript.
#pragma once

#include <span>

#include "mounts.hpp"

namespace conveyor::mount {

std::span<const Function> storage_functions();

}  // namespace conveyor::mount

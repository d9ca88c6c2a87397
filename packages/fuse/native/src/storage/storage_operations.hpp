// The table of operations that a storage in JavaScript is served with.
#pragma once

#include "../fuse_api.hpp"

namespace conveyor::mount {

/// Their user data is a StorageFileSystem, as a FileSystem.
const fuse_lowlevel_ops& storage_operations();

}  // namespace conveyor::mount

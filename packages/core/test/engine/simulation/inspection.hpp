// Looks into the engine, past its interface. Compiled with -fno-access-control, so that the engine's headers need no
// friends for the sake of tests.
#pragma once

#include <string>

#include "engine/engine.hpp"
#include "truth.hpp"

namespace conveyor::sim::inspection {

/// Nothing is in flight, neither to the backend nor past the engine.
bool is_idle(const Engine& engine);
/// What is in force now, adaptation included.
const EngineConfig& config(const Engine& engine);
/// Backend operations that the engine waits for, retries included.
size_t operations(const Engine& engine);
bool is_starving(const Engine& engine);
/// Where the cursor is; false: somebody is moving it, or (append) it is at an end that is not known yet.
bool cursor(const Engine& engine, uint64_t* at);
/// Append: the cursor is behind what the last write there appended; how much was appended since by others.
bool cursor_is_behind_append(const Engine& engine, uint64_t* appended_since);
/// Unbuffered writes that are accepted and wait for their landing, in the order accepted.
void landing_writes(Engine& engine, std::vector<Request*>* writes);

/// Append: accepted bytes that the engine keeps to be appended.
uint64_t pending_appends(const Engine& engine);

/// What the file is, by the storage and the bytes in the write ring. Not for append.
void view(Engine& engine, const Bytes& storage, Bytes* file);
/// Ruins what has landed and is kept until a sync, as a storage may whose sync failed.
void spoil_kept(Engine& engine, Bytes* storage);
/// Holds all structures of the engine against each other, against the truth and against the memory held: every
/// accepted byte is to be found, ring and ledger count what the extents say, chunks equal the backend, lists are in
/// order. Empty: all is well. `pending`: append, accepted bytes that have not landed.
std::string examine(Engine& engine, const Truth& truth, const Bytes& storage, uint64_t pending, uint64_t memory_used);

}  // namespace conveyor::sim::inspection

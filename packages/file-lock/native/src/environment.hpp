// What the addon keeps for one Node environment: the main thread's, or a worker's.
#pragma once

#include <node_api.h>

#include "lock_table.hpp"

namespace conveyor_node {

/// Its locks and its places in queues end with it (L4): a worker that is stopped, or falls, frees what it held.
class Environment {
 public:
  /// The environment is deleted when Node ends it. Null when Node refuses.
  static Environment* create(napi_env env);

  conveyor::locking::ScopeId scope() const { return scope_; }

  /// What an attempt says beside its result; JavaScript reads it as a Float64Array.
  struct Answer {
    double ticket;
    double bits;
    double owner;
  };
  Answer& answer() const { return *answer_; }
  bool make_answer(napi_env env, napi_value* array);

 private:
  Environment();
  static void end(void* self);

  const conveyor::locking::ScopeId scope_;
  /// In memory of the array that the exports hold, and with them this environment's JavaScript.
  Answer* answer_ = nullptr;
  napi_ref array_ = nullptr;
};

}  // namespace conveyor_node

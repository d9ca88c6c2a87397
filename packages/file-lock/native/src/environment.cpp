#include "environment.hpp"

namespace conveyor_node {

using conveyor::locking::LockTable;

Environment::Environment() : scope_(LockTable::of_process().next_number()) {}

Environment* Environment::create(napi_env env) {
  auto* self = new Environment;
  if (napi_add_env_cleanup_hook(env, end, self) == napi_ok) return self;
  delete self;
  return nullptr;
}

bool Environment::make_answer(napi_env env, napi_value* array) {
  napi_value buffer;
  void* memory = nullptr;
  if (napi_create_arraybuffer(env, sizeof(Answer), &memory, &buffer) != napi_ok ||
      napi_create_typedarray(env, napi_float64_array, sizeof(Answer) / sizeof(double), buffer, 0, array) != napi_ok ||
      napi_create_reference(env, *array, 1, &array_) != napi_ok) {
    return false;
  }
  answer_ = static_cast<Answer*>(memory);
  return true;
}

void Environment::end(void* self) {
  auto* environment = static_cast<Environment*>(self);
  LockTable::of_process().end_scope(environment->scope_);
  delete environment;
}

}  // namespace conveyor_node

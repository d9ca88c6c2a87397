#include "process_wide.hpp"

#include <conveyor/conveyor.h>
#include <napi.h>

#include <cerrno>

#include "arguments.hpp"

namespace conveyor_node {

namespace {

class Drain final : public Napi::AsyncWorker {
 public:
  Drain(Napi::Env env, int timeout_ms)
      : Napi::AsyncWorker(env, "conveyor.drain"),
        promise_(Napi::Promise::Deferred::New(env)),
        timeout_ms_(timeout_ms) {
    left_.struct_size = sizeof left_;
  }

  Napi::Promise promise() const { return promise_.Promise(); }

  void Execute() override { error_ = conveyor_drain(timeout_ms_, &left_) == 0 ? 0 : errno; }

  void OnOK() override {
    Napi::Object object = Napi::Object::New(Env());
    object.Set("errno", static_cast<double>(error_));
    object.Set("handles", static_cast<double>(left_.handles));
    object.Set("bytes", static_cast<double>(left_.bytes));
    object.Set("oldestMs", static_cast<double>(left_.oldest_ms));
    promise_.Resolve(object);
  }

 private:
  Napi::Promise::Deferred promise_;
  const int timeout_ms_;
  int error_ = 0;
  conveyor_drain_t left_{};
};

}  // namespace

napi_value configure_runtime(napi_env env, napi_callback_info info) {
  const Arguments<2> arguments(env, info);
  int64_t worker_threads = 0;
  int64_t memory_budget = 0;
  if (!arguments.integer(0, 0, &worker_threads) || !arguments.integer(1, 0, &memory_budget)) return nullptr;
  if (worker_threads > UINT32_MAX) return make_number(env, -EINVAL);
  conveyor_runtime_t runtime{};
  runtime.struct_size = sizeof runtime;
  runtime.worker_threads = static_cast<uint32_t>(worker_threads);
  runtime.memory_budget = static_cast<uint64_t>(memory_budget);
  return make_number(env, conveyor_runtime_configure(&runtime) == 0 ? 0 : -errno);
}

napi_value drain(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  int64_t timeout_ms = 0;
  if (!arguments.integer(0, -1, &timeout_ms)) return nullptr;
  if (timeout_ms > INT32_MAX) timeout_ms = INT32_MAX;
  auto* worker = new Drain(env, static_cast<int>(timeout_ms));  // deletes itself
  const Napi::Promise promise = worker->promise();
  worker->Queue();
  return promise;
}

}  // namespace conveyor_node

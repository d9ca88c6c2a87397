#include "environment.hpp"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <vector>

#include "javascript_backend.hpp"

namespace conveyor_node {

Environment::Environment(napi_env env) : mailbox(std::make_shared<Mailbox>()), operations(mailbox.get()), env_(env) {}
Environment::~Environment() = default;

Environment* Environment::create(napi_env env) {
  auto* self = new Environment(env);
  if (napi_set_instance_data(env, self, &Environment::on_finalize, nullptr) != napi_ok) {
    delete self;
    return nullptr;
  }
  napi_value name;
  if (napi_create_string_latin1(env, "conveyor", NAPI_AUTO_LENGTH, &name) != napi_ok) return nullptr;
  if (napi_create_threadsafe_function(env, nullptr, nullptr, name, 0, 1, nullptr, nullptr, self, &Environment::on_wake,
                                      &self->waker_) != napi_ok) {
    return nullptr;
  }
  napi_unref_threadsafe_function(env, self->waker_);
  // Hooks run last in, first out: ours comes before the waker's own, so the mailbox is shut while the waker still
  // exists.
  if (napi_add_env_cleanup_hook(env, &Environment::on_tear_down, self) != napi_ok) return nullptr;
  self->mailbox->open(self->waker_);
  return self;
}

bool Environment::attach(napi_value settle, napi_value dispatch, napi_value batch) {
  if (is_attached()) return false;
  napi_typedarray_type type;
  size_t length = 0;
  void* data = nullptr;
  if (napi_get_typedarray_info(env_, batch, &type, &length, &data, nullptr, nullptr) != napi_ok) return false;
  if (type != napi_float64_array || length < 2 * kBatchMax) return false;
  if (napi_create_reference(env_, settle, 1, &settle_) != napi_ok) return false;
  if (napi_create_reference(env_, dispatch, 1, &dispatch_) != napi_ok) return false;
  if (napi_create_reference(env_, batch, 1, &batch_ref_) != napi_ok) return false;
  batch_ = static_cast<double*>(data);
  return true;
}

void Environment::keep(Operation* operation, Block& block, bool closes) {
  operation->block = block;
  block = {};
  operation->closes = closes;
  operations.keep(operation);
  update_liveness();
}

void Environment::update_liveness() {
  const bool needed = operations.pending() > 0 || requests_in_flight_ > 0;
  if (needed == alive_ || torn_down_) return;
  alive_ = needed;
  if (needed) {
    napi_ref_threadsafe_function(env_, waker_);
  } else {
    napi_unref_threadsafe_function(env_, waker_);
  }
}

void Environment::on_wake(napi_env env, napi_value, void* self, void*) {
  if (env == nullptr) return;
  auto* environment = static_cast<Environment*>(self);
  environment->mailbox->woken();
  environment->deliver(true);
}

void Environment::deliver(bool settles) {
  if (delivering_ || !is_attached()) return;
  bool throwing = false;
  napi_is_exception_pending(env_, &throwing);
  if (throwing) return mailbox->wake();

  delivering_ = true;
  // Bounded, so that a storage that answers at once cannot keep the event loop from its other work.
  for (int round = 0; round < kRoundsMax; ++round) {
    const bool has_operations = settles && mailbox->has_operations_guess();
    if (!has_operations && !mailbox->has_requests_guess()) break;
    const Mailbox::Mail mail = settles ? mailbox->take() : Mailbox::Mail{nullptr, mailbox->take_requests()};
    settle(mail.operations);
    for (const BackendRequest& request : mail.requests) dispatch(request);
  }
  delivering_ = false;
  update_liveness();
  // Also for what came up without a wake-up while `delivering_` kept an inner call from delivering.
  if (mailbox->has_requests_guess() || mailbox->has_operations_guess()) mailbox->wake();
}

void Environment::settle(Operation* finished) {
  Operation* batch[kBatchMax];
  uint32_t count = 0;
  while (finished != nullptr) {
    batch[count++] = finished;
    finished = finished->next;
    if (count == kBatchMax || finished == nullptr) {
      settle_batch(batch, count);
      count = 0;
    }
  }
}

void Environment::settle_batch(Operation* const* batch, uint32_t count) {
  for (uint32_t i = 0; i < count; ++i) {
    batch_[2 * i] = batch[i]->slot;
    batch_[2 * i + 1] = static_cast<double>(batch[i]->result);
    if (batch[i]->closes) close_finished(batch[i]->handle, batch[i]->result);
  }
  napi_handle_scope scope;
  napi_open_handle_scope(env_, &scope);
  napi_value settle, receiver, argument;
  napi_get_reference_value(env_, settle_, &settle);
  napi_get_undefined(env_, &receiver);
  napi_create_uint32(env_, count, &argument);
  // It does not throw; it fails only when the environment is going away, and then nobody waits any more.
  napi_call_function(env_, receiver, settle, 1, &argument, nullptr);
  napi_close_handle_scope(env_, scope);
  for (uint32_t i = 0; i < count; ++i) operations.recycle(batch[i], bounce);
}

void Environment::close_finished(HandleId id, ssize_t result) {
  if (result != -ETIMEDOUT && result != -ECANCELED) return handles.remove(id);
  if (Handle* handle = handles.find(id)) handle->closing = false;
}

void Environment::dispatch(const BackendRequest& request) {
  Handle* handle = handles.find(request.handle);
  if (handle == nullptr || handle->backend == nullptr) return;
  const conveyor_io_t& io = request.io;
  handle->backend->hand_over(io);
  ++requests_in_flight_;

  napi_handle_scope scope;
  napi_open_handle_scope(env_, &scope);
  napi_value dispatch, receiver, argv[7];
  napi_get_undefined(env_, &receiver);
  argv[3] = receiver;
  napi_status status = napi_get_reference_value(env_, dispatch_, &dispatch);
  if (status == napi_ok) status = napi_create_int64(env_, static_cast<int64_t>(request.handle), &argv[0]);
  if (status == napi_ok) status = napi_create_int64(env_, static_cast<int64_t>(io.id), &argv[1]);
  if (status == napi_ok) status = napi_create_uint32(env_, io.kind, &argv[2]);
  if (status == napi_ok && (io.kind == CONVEYOR_IO_WRITE || io.kind == CONVEYOR_IO_APPEND)) {
    status = napi_create_buffer_copy(env_, io.count, io.buffer, nullptr, &argv[3]);
  }
  if (status == napi_ok) status = napi_create_int64(env_, io.offset, &argv[4]);
  if (status == napi_ok) status = napi_create_int64(env_, static_cast<int64_t>(io.count), &argv[5]);
  if (status == napi_ok) status = napi_get_boolean(env_, io.data_only != 0, &argv[6]);
  if (status == napi_ok) status = napi_call_function(env_, receiver, dispatch, 7, argv, nullptr);
  napi_close_handle_scope(env_, scope);

  // No memory for the copy, or no JavaScript any more. An answer that dispatch gave before it failed stands.
  handle = handles.find(request.handle);
  if (status != napi_ok && handle != nullptr && handle->backend->answer(io.id, -ENOMEM, false) == 0)
    request_answered();
}

void Environment::on_tear_down(void* self) { static_cast<Environment*>(self)->tear_down(); }

void Environment::tear_down() {
  torn_down_ = true;
  const Mailbox::Mail left = mailbox->close();
  size_t finished = 0;
  for (Operation* operation = left.operations; operation != nullptr; operation = operation->next) {
    if (operation->closes) close_finished(operation->handle, operation->result);
    ++finished;
  }
  const std::vector<HandleId> told = handles_with_known_errors();
  for (const BackendRequest& request : left.requests) {
    if (Handle* handle = handles.find(request.handle)) handle->backend->refuse(request.io);
  }
  handles.for_each([](HandleId, Handle& handle) {
    if (handle.backend != nullptr) handle.backend->abandon();
  });
  close_handles(told);
  const auto deadline = std::chrono::steady_clock::now() + kTearDownMax;
  leaked_ = !mailbox->await_operations(operations.pending() - finished, deadline);
  if (leaked_) return report_lost(0, -ETIMEDOUT, {});
  for (Operation* operation = mailbox->take().operations; operation != nullptr; operation = operation->next) {
    if (operation->closes) report_lost(operation->handle, operation->result, told);
  }
}

std::vector<HandleId> Environment::handles_with_known_errors() {
  std::vector<HandleId> known;
  handles.for_each([&known](HandleId id, const Handle& handle) {
    conveyor_stats_t stats{};
    stats.struct_size = sizeof stats;
    if (conveyor_peek_stats(handle.engine, &stats) != 0) return;
    if (stats.sticky_error != 0 && stats.unreported_errors == 0) known.push_back(id);
  });
  return known;
}

void Environment::close_handles(const std::vector<HandleId>& told) {
  handles.for_each([this, &told](HandleId id, Handle& handle) {
    if (handle.closing) return;
    handle.closing = true;
    conveyor_t* engine = handle.engine;
    Block none;
    const double outcome = start(
        id, none, true, [engine](conveyor_done_t done, void* arg) { return conveyor_close_async(engine, done, arg); });
    if (outcome > kPendingBase) report_lost(id, static_cast<ssize_t>(outcome), told);
  });
}

void Environment::report_lost(HandleId id, ssize_t result, const std::vector<HandleId>& told) {
  if (result >= 0 || std::find(told.begin(), told.end(), id) != told.end()) return;
  // JavaScript is gone, so this is the last chance to tell somebody.
  std::fprintf(stderr, "conveyor: a handle was left open when its thread ended, and closing it failed: %s\n",
               std::strerror(static_cast<int>(-result)));
}

void Environment::on_finalize(napi_env, void* self, void*) {
  auto* environment = static_cast<Environment*>(self);
  if (!environment->leaked_) delete environment;
}

}  // namespace conveyor_node

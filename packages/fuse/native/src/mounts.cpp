#include "mounts.hpp"

#include <thread>
#include <utility>
#include <vector>

#include "arguments.hpp"

namespace conveyor::mount {

namespace {

void call(napi_env env, napi_ref function, const std::vector<napi_value>& values) {
  napi_value target, receiver;
  if (napi_get_reference_value(env, function, &target) != napi_ok) return;
  napi_get_undefined(env, &receiver);
  napi_call_function(env, receiver, target, values.size(), values.data(), nullptr);
}

const char* name_of(Session::Event event) {
  if (event == Session::Event::kMounted) return "mounted";
  return event == Session::Event::kFailed ? "failed" : "ended";
}

}  // namespace

uint32_t Mounts::add(napi_env env, SessionSettings settings, std::unique_ptr<FileSystem> system, napi_value listener) {
  const uint32_t number = ++last_;
  Mount mount;
  napi_create_reference(env, listener, 1, &mount.listener);
  auto tell = [this, messenger = messenger_, number](Session::Event event, int error, const std::string& words) {
    messenger->post([this, number, event, error, words](napi_env here) { hear(here, number, event, error, words); });
  };
  mount.session = std::make_shared<Session>(std::move(settings), std::move(system), std::move(tell));
  const std::shared_ptr<Session> session = mount.session;
  mounts_.emplace(number, std::move(mount));
  count(env, 1);
  session->start();
  return number;
}

std::shared_ptr<Session> Mounts::find(uint32_t number) const {
  const auto found = mounts_.find(number);
  return found == mounts_.end() ? nullptr : found->second.session;
}

void Mounts::hear(napi_env env, uint32_t number, Session::Event event, int error, const std::string& words) {
  const auto found = mounts_.find(number);
  if (found == mounts_.end()) return;
  napi_ref listener = found->second.listener;
  call(env, listener, {make_string(env, name_of(event)), make_number(env, error), make_string(env, words)});
  if (event == Session::Event::kFailed) finish(env, number);
}

void Mounts::finish(napi_env env, uint32_t number) {
  const auto found = mounts_.find(number);
  if (found == mounts_.end()) return;
  const Mount mount = found->second;
  mounts_.erase(found);
  napi_delete_reference(env, mount.listener);
  if (mount.keeps_alive) count(env, -1);
}

void Mounts::let_go(napi_env env, uint32_t number) {
  const auto found = mounts_.find(number);
  if (found == mounts_.end() || !found->second.keeps_alive) return;
  found->second.keeps_alive = false;
  count(env, -1);
}

void Mounts::count(napi_env env, int change) {
  const bool was_needed = pending_ > 0;
  pending_ += change;
  if (was_needed != (pending_ > 0)) messenger_->keep_alive(env, pending_ > 0);
}

void Mounts::in_background(napi_env env, std::function<std::vector<double>()> work, napi_value done) {
  napi_ref callback = nullptr;
  napi_create_reference(env, done, 1, &callback);
  count(env, 1);
  std::thread([this, messenger = messenger_, callback, work = std::move(work)] {
    const std::vector<double> result = work();
    messenger->post([this, callback, result](napi_env here) {
      count(here, -1);
      std::vector<napi_value> values;
      for (const double number : result) values.push_back(make_number(here, number));
      call(here, callback, values);
      napi_delete_reference(here, callback);
    });
  }).detach();
}

void Mounts::abandon() {
  for (auto& [number, mount] : mounts_) {
    mount.session->unmount(true);
    // Its threads run until the last open file is closed; the object is theirs from now on.
    new std::shared_ptr<Session>(mount.session);
  }
  mounts_.clear();
}

bool add_function(napi_env env, napi_value exports, const Function& function, Mounts* mounts) {
  napi_value value;
  return napi_create_function(env, function.name, NAPI_AUTO_LENGTH, function.callback, mounts, &value) == napi_ok &&
         napi_set_named_property(env, exports, function.name, value) == napi_ok;
}

}  // namespace conveyor::mount

// The addon's entry: the table of what JavaScript can call; src/native-binding.ts is the same table in TypeScript. No
// call waits: what takes time tells its result to a callback.
#include <fcntl.h>
#include <node_api.h>
#include <sys/resource.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "arguments.hpp"
#include "local/local_file_system.hpp"
#include "mounts.hpp"
#include "settings.hpp"
#include "storage_calls.hpp"

namespace conveyor::mount {

namespace {

/// Changes whenever a call in the table changes; `nativeAbi` of src/native-binding.ts must be the same number.
constexpr uint32_t kAbi = 2;

/// Each file that the kernel knows of holds a descriptor: as many as this process may have.
void raise_descriptor_limit() {
  constexpr rlim_t kWanted = 1U << 20;
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  const rlimit generous{std::max(kWanted, limit.rlim_cur), std::max(kWanted, limit.rlim_max)};
  if (setrlimit(RLIMIT_NOFILE, &generous) == 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

/// mountLocal(settings, listener): the mount's number, or -errno of opening the directory
napi_value mount_local(napi_env env, napi_callback_info info) {
  const Arguments<2> arguments(env, info);
  const std::string root = read_string(env, property(env, arguments[0], "root"));
  raise_descriptor_limit();
  const int descriptor = ::open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return make_number(env, -errno);
  LocalSettings settings;
  settings.presentation = read_presentation(env, arguments[0]);
  settings.has_acl = read_boolean(env, property(env, arguments[0], "acl"));
  auto system = std::make_unique<LocalFileSystem>(descriptor, settings);
  Mounts& mounts = mounts_in(arguments.data);
  return make_number(env, mounts.add(env, read_session(env, arguments[0]), std::move(system), arguments[1]));
}

/// Runs `work` with the session of the mount in the first argument and tells `done`, the last; ENOENT without one.
template <typename Work>
napi_value with_session(napi_env env, void* data, napi_value number, napi_value done, Work work) {
  Mounts& mounts = mounts_in(data);
  std::shared_ptr<Session> session = mounts.find(static_cast<uint32_t>(read_number(env, number)));
  mounts.in_background(
      env,
      [session = std::move(session), work]() mutable {
        return session == nullptr ? std::vector<double>{ENOENT} : work(*session);
      },
      done);
  return nullptr;
}

/// unmount(mount, lazily, done(errno))
napi_value unmount(napi_env env, napi_callback_info info) {
  const Arguments<3> arguments(env, info);
  const bool lazily = read_boolean(env, arguments[1]);
  return with_session(env, arguments.data, arguments[0], arguments[2], [lazily](Session& session) {
    return std::vector<double>{static_cast<double>(session.unmount(lazily))};
  });
}

/// finish(mount)
napi_value finish(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  mounts_in(arguments.data).finish(env, static_cast<uint32_t>(read_number(env, arguments[0])));
  return nullptr;
}

/// letGo(mount)
napi_value let_go(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  mounts_in(arguments.data).let_go(env, static_cast<uint32_t>(read_number(env, arguments[0])));
  return nullptr;
}

/// drain(mount, timeoutMs, done(errno, files, bytes, oldestMs))
napi_value drain(napi_env env, napi_callback_info info) {
  const Arguments<3> arguments(env, info);
  const int timeout_ms = static_cast<int>(read_number(env, arguments[1]));
  return with_session(env, arguments.data, arguments[0], arguments[2], [timeout_ms](Session& session) {
    const Unlanded left = session.system().drain(timeout_ms);
    return std::vector<double>{static_cast<double>(left.error), static_cast<double>(left.files),
                               static_cast<double>(left.bytes), static_cast<double>(left.oldest_ms)};
  });
}

/// refuseChanges(mount)
napi_value refuse_changes(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  const auto session = mounts_in(arguments.data).find(static_cast<uint32_t>(read_number(env, arguments[0])));
  if (session != nullptr) session->system().refuse_changes();
  return nullptr;
}

/// report(mount): {totals, waiting}; undefined when it has ended
napi_value report(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  const auto session = mounts_in(arguments.data).find(static_cast<uint32_t>(read_number(env, arguments[0])));
  if (session == nullptr) return nullptr;
  const InFlight& in_flight = session->system().in_flight();
  napi_value object, totals, waiting;
  napi_create_object(env, &object);
  napi_create_object(env, &totals);
  napi_create_array(env, &waiting);
  for (size_t index = 0; index < kOperationCount; ++index) {
    const auto operation = static_cast<Operation>(index);
    set_number(env, totals, name_of(operation), static_cast<double>(in_flight.total(operation)));
  }
  uint32_t count = 0;
  for (const InFlight::Waiting& entry : in_flight.waiting()) {
    napi_value one;
    napi_create_object(env, &one);
    set_string(env, one, "operation", name_of(entry.operation));
    set_number(env, one, "node", static_cast<double>(entry.node));
    set_number(env, one, "process", entry.process);
    set_number(env, one, "ageMs", static_cast<double>(entry.age_ns) / 1e6);
    napi_set_element(env, waiting, count++, one);
  }
  napi_set_named_property(env, object, "totals", totals);
  napi_set_named_property(env, object, "waiting", waiting);
  return object;
}

constexpr Function kFunctions[] = {
    {"mountLocal", mount_local},
    {"unmount", unmount},
    {"letGo", let_go},
    {"finish", finish},
    {"drain", drain},
    {"report", report},
    {"refuseChanges", refuse_changes},
};

void end(void* data) {
  auto* mounts = static_cast<Mounts*>(data);
  mounts->messenger()->close();
  // Sessions and work in the background may still hold it: it stays until the process ends.
  mounts->abandon();
}

bool fill(napi_env env, napi_value exports) {
  std::shared_ptr<Messenger> messenger = Messenger::open(env);
  if (messenger == nullptr) return false;
  auto* mounts = new Mounts(std::move(messenger));
  if (napi_add_env_cleanup_hook(env, end, mounts) != napi_ok) return false;
  for (const Function& function : kFunctions) {
    if (!add_function(env, exports, function, mounts)) return false;
  }
  for (const Function& function : storage_functions()) {
    if (!add_function(env, exports, function, mounts)) return false;
  }
  set_number(env, exports, "abi", kAbi);
  return true;
}

}  // namespace

}  // namespace conveyor::mount

NAPI_MODULE_INIT() {
  if (!conveyor::mount::fill(env, exports)) {
    napi_throw_error(env, nullptr, "conveyor: the native part of fuse could not be set up");
    return nullptr;
  }
  return exports;
}

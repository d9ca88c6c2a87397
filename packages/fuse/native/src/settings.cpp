#include "settings.hpp"

#include <optional>

#include "arguments.hpp"

namespace conveyor::mount {

Presentation read_presentation(napi_env env, napi_value settings) {
  Presentation presentation;
  const auto read_id = [&](const char* name) -> std::optional<uint32_t> {
    const std::optional<double> number = read_optional(env, settings, name);
    return number ? std::optional(static_cast<uint32_t>(*number)) : std::nullopt;
  };
  presentation.uid = read_id("uid");
  presentation.gid = read_id("gid");
  presentation.umask = read_id("umask");
  presentation.entry_timeout_s = read_optional(env, settings, "entryTimeoutS").value_or(1);
  presentation.attribute_timeout_s = read_optional(env, settings, "attributeTimeoutS").value_or(1);
  return presentation;
}

SessionSettings read_session(napi_env env, napi_value settings) {
  SessionSettings session;
  session.mount_point = read_string(env, property(env, settings, "mountPoint"));
  session.options = read_strings(env, property(env, settings, "options"));
  session.threads_max = static_cast<unsigned>(read_optional(env, settings, "threads").value_or(16));
  return session;
}

}  // namespace conveyor::mount

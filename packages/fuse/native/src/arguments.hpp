// Reading what JavaScript passes, which has been checked there, and making what it gets.
#pragma once

#include <node_api.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace conveyor::mount {

template <size_t kCount>
struct Arguments {
  Arguments(napi_env env, napi_callback_info info) {
    size_t count = kCount;
    napi_get_cb_info(env, info, &count, values, nullptr, &data);
  }
  napi_value operator[](size_t index) const { return values[index]; }
  napi_value values[kCount];
  void* data = nullptr;
};

/// 0 for what is no number.
double read_number(napi_env env, napi_value value);
bool read_boolean(napi_env env, napi_value value);
std::string read_string(napi_env env, napi_value value);
std::vector<std::string> read_strings(napi_env env, napi_value value);
napi_value property(napi_env env, napi_value object, const char* name);
/// Nothing where it is undefined.
std::optional<double> read_optional(napi_env env, napi_value object, const char* name);

napi_value make_number(napi_env env, double number);
napi_value make_string(napi_env env, const std::string& text);
void set_number(napi_env env, napi_value object, const char* name, double number);
void set_string(napi_env env, napi_value object, const char* name, const std::string& text);

}  // namespace conveyor::mount

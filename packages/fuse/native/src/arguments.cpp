#include "arguments.hpp"

namespace conveyor::mount {

double read_number(napi_env env, napi_value value) {
  double number = 0;
  napi_get_value_double(env, value, &number);
  return number;
}

bool read_boolean(napi_env env, napi_value value) {
  bool truth = false;
  napi_get_value_bool(env, value, &truth);
  return truth;
}

std::string read_string(napi_env env, napi_value value) {
  size_t length = 0;
  if (napi_get_value_string_utf8(env, value, nullptr, 0, &length) != napi_ok) return {};
  std::string text(length, '\0');
  napi_get_value_string_utf8(env, value, text.data(), length + 1, &length);
  return text;
}

std::vector<std::string> read_strings(napi_env env, napi_value value) {
  std::vector<std::string> all;
  uint32_t count = 0;
  if (napi_get_array_length(env, value, &count) != napi_ok) return all;
  for (uint32_t index = 0; index < count; ++index) {
    napi_value element;
    if (napi_get_element(env, value, index, &element) == napi_ok) all.push_back(read_string(env, element));
  }
  return all;
}

napi_value property(napi_env env, napi_value object, const char* name) {
  napi_value value = nullptr;
  if (napi_get_named_property(env, object, name, &value) != napi_ok) napi_get_undefined(env, &value);
  return value;
}

std::optional<double> read_optional(napi_env env, napi_value object, const char* name) {
  double number = 0;
  if (napi_get_value_double(env, property(env, object, name), &number) != napi_ok) return std::nullopt;
  return number;
}

napi_value make_number(napi_env env, double number) {
  napi_value value = nullptr;
  napi_create_double(env, number, &value);
  return value;
}

napi_value make_string(napi_env env, const std::string& text) {
  napi_value value = nullptr;
  napi_create_string_utf8(env, text.data(), text.size(), &value);
  return value;
}

void set_number(napi_env env, napi_value object, const char* name, double number) {
  napi_set_named_property(env, object, name, make_number(env, number));
}

void set_string(napi_env env, napi_value object, const char* name, const std::string& text) {
  napi_set_named_property(env, object, name, make_string(env, text));
}

}  // namespace conveyor::mount

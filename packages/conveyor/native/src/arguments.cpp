#include "arguments.hpp"

#include <cstdio>

namespace conveyor_node {

namespace {

constexpr double kSafeIntegerEnd = 9007199254740992.0;  // 2^53

/// Bytes of one element; 0 for a type that did not exist when this was written.
size_t element_size(napi_typedarray_type type) {
  switch (type) {
    case napi_int8_array:
    case napi_uint8_array:
    case napi_uint8_clamped_array:
      return 1;
    case napi_int16_array:
    case napi_uint16_array:
    case napi_float16_array:
      return 2;
    case napi_int32_array:
    case napi_uint32_array:
    case napi_float32_array:
      return 4;
    case napi_float64_array:
    case napi_bigint64_array:
    case napi_biguint64_array:
      return 8;
  }
  return 0;
}

}  // namespace

bool refuse_argument(napi_env env, const char* expected) {
  char message[128];
  std::snprintf(message, sizeof message, "The native part was called with an argument that is not %s", expected);
  napi_throw_type_error(env, "ERR_CONVEYOR_ARG_TYPE", message);
  return false;
}

bool get_integer(napi_env env, napi_value value, int64_t min, int64_t* out) {
  double number = 0;
  if (napi_get_value_double(env, value, &number) != napi_ok) return refuse_argument(env, "a number");
  // The range first: a conversion from outside of it is undefined.
  const bool is_in_range = number >= static_cast<double>(min) && number < kSafeIntegerEnd;
  const int64_t integer = is_in_range ? static_cast<int64_t>(number) : 0;
  if (!is_in_range || static_cast<double>(integer) != number) return refuse_argument(env, "an integer in its range");
  *out = integer;
  return true;
}

bool get_view(napi_env env, napi_value value, View* out) {
  napi_typedarray_type type;
  size_t length = 0;
  void* data = nullptr;
  if (napi_get_typedarray_info(env, value, &type, &length, &data, nullptr, nullptr) == napi_ok) {
    const size_t size = element_size(type);
    if (size == 0) return refuse_argument(env, "a typed array of a known element type");
    *out = {static_cast<std::byte*>(data), length * size};
    return true;
  }
  if (napi_get_dataview_info(env, value, &length, &data, nullptr, nullptr) == napi_ok) {
    *out = {static_cast<std::byte*>(data), length};
    return true;
  }
  return refuse_argument(env, "a typed array or DataView");
}

}  // namespace conveyor_node

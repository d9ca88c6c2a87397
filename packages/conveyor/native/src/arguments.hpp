// Reading what JavaScript passes. The façade has validated it; these refuse what would be memory-unsafe or nonsense.
#pragma once

#include <node_api.h>

#include <cstddef>
#include <cstdint>

#include "environment.hpp"
#include "handle_table.hpp"

namespace conveyor_node {

/// The farthest that a seek goes back, for Arguments::integer.
inline constexpr int64_t kSeekMin = -((int64_t{1} << 53) - 1);

/// The bytes of a typed array or DataView. They are valid until JavaScript runs again.
struct View {
  std::byte* data = nullptr;
  size_t size = 0;
};

/// The arguments of one call. A reading function that fails has thrown a TypeError into JavaScript (code
/// ERR_CONVEYOR_ARG_TYPE); the call then returns nullptr at once.
template <size_t kCount>
class Arguments {
 public:
  Arguments(napi_env env, napi_callback_info info) : env_(env) {
    size_t count = kCount;
    void* data = nullptr;
    napi_get_cb_info(env, info, &count, values_, nullptr, &data);
    environment_ = static_cast<Environment*>(data);
  }

  Environment& environment() const { return *environment_; }
  napi_env env() const { return env_; }
  napi_value operator[](size_t index) const { return values_[index]; }

  bool handle(size_t index, HandleId* out) const {
    int64_t number = 0;
    if (!integer(index, 0, &number)) return false;
    *out = static_cast<HandleId>(number);
    return true;
  }
  /// An integer from `min` to 2^53.
  bool integer(size_t index, int64_t min, int64_t* out) const;
  bool boolean(size_t index, bool* out) const;
  bool view(size_t index, View* out) const;

 private:
  napi_env env_;
  Environment* environment_;
  napi_value values_[kCount];
};

/// Throws a TypeError with code ERR_CONVEYOR_ARG_TYPE. Returns false, for the caller to return.
bool refuse_argument(napi_env env, const char* expected);
bool get_integer(napi_env env, napi_value value, int64_t min, int64_t* out);
bool get_view(napi_env env, napi_value value, View* out);

template <size_t kCount>
bool Arguments<kCount>::integer(size_t index, int64_t min, int64_t* out) const {
  return get_integer(env_, values_[index], min, out);
}

template <size_t kCount>
bool Arguments<kCount>::boolean(size_t index, bool* out) const {
  return napi_get_value_bool(env_, values_[index], out) == napi_ok || refuse_argument(env_, "a boolean");
}

template <size_t kCount>
bool Arguments<kCount>::view(size_t index, View* out) const {
  return get_view(env_, values_[index], out);
}

/// A number as a JavaScript value; small integers, nearly all of them, without a heap number.
inline napi_value make_number(napi_env env, double number) {
  napi_value value = nullptr;
  const auto small = static_cast<int32_t>(number);
  if (number >= -2147483648.0 && number <= 2147483647.0 && small == number) {
    napi_create_int32(env, small, &value);
  } else {
    napi_create_double(env, number, &value);
  }
  return value;
}

}  // namespace conveyor_node

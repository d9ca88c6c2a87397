#include "reports.hpp"

#include <conveyor/conveyor_observe.h>
#include <napi.h>

#include <algorithm>
#include <cerrno>
#include <iterator>

#include "arguments.hpp"

namespace conveyor_node {

namespace {

struct Counter {
  const char* name;
  uint64_t conveyor_stats_t::*field;
};

struct Latency {
  const char* name;
  conveyor_latency_t conveyor_stats_t::*field;
};

constexpr Counter kCounters[] = {
    {"windowBytesRead", &conveyor_stats_t::window_bytes_read},
    {"windowBytesWritten", &conveyor_stats_t::window_bytes_written},
    {"windowBackendReadNsAvg", &conveyor_stats_t::window_backend_read_ns_avg},
    {"windowBackendWriteNsAvg", &conveyor_stats_t::window_backend_write_ns_avg},
    {"windowCongestions", &conveyor_stats_t::window_congestions},
    {"reads", &conveyor_stats_t::reads},
    {"writes", &conveyor_stats_t::writes},
    {"bytesRead", &conveyor_stats_t::bytes_read},
    {"bytesWritten", &conveyor_stats_t::bytes_written},
    {"readHits", &conveyor_stats_t::read_hits},
    {"readMisses", &conveyor_stats_t::read_misses},
    {"backendReads", &conveyor_stats_t::backend_reads},
    {"backendWrites", &conveyor_stats_t::backend_writes},
    {"backendOthers", &conveyor_stats_t::backend_others},
    {"backendBytesRead", &conveyor_stats_t::backend_bytes_read},
    {"backendBytesWritten", &conveyor_stats_t::backend_bytes_written},
    {"retries", &conveyor_stats_t::retries},
    {"rewritesInPlace", &conveyor_stats_t::rewrites_in_place},
    {"stalls", &conveyor_stats_t::stalls},
    {"stallNs", &conveyor_stats_t::stall_ns},
    {"unreportedErrors", &conveyor_stats_t::unreported_errors},
    {"dirtyBytes", &conveyor_stats_t::dirty_bytes},
    {"dirtyAgeNs", &conveyor_stats_t::dirty_age_ns},
    {"writeCapacity", &conveyor_stats_t::write_capacity},
    {"windowBytes", &conveyor_stats_t::window_bytes},
    {"maxIo", &conveyor_stats_t::max_io},
    {"flushThreshold", &conveyor_stats_t::flush_threshold},
    {"windowLimit", &conveyor_stats_t::window_limit},
    {"writeDepth", &conveyor_stats_t::write_depth},
    {"readDepth", &conveyor_stats_t::read_depth},
    {"adaptations", &conveyor_stats_t::adaptations},
};

constexpr Latency kLatencies[] = {
    {"appRead", &conveyor_stats_t::app_read},           {"appWrite", &conveyor_stats_t::app_write},
    {"appOther", &conveyor_stats_t::app_other},         {"backendRead", &conveyor_stats_t::backend_read},
    {"backendWrite", &conveyor_stats_t::backend_write}, {"backendOther", &conveyor_stats_t::backend_other},
};

Napi::Object make_latency(Napi::Env env, const conveyor_latency_t& latency) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("count", static_cast<double>(latency.count));
  object.Set("meanNs", static_cast<double>(latency.mean_ns));
  object.Set("p50Ns", static_cast<double>(latency.p50_ns));
  object.Set("p90Ns", static_cast<double>(latency.p90_ns));
  object.Set("p99Ns", static_cast<double>(latency.p99_ns));
  object.Set("p999Ns", static_cast<double>(latency.p999_ns));
  object.Set("maxNs", static_cast<double>(latency.max_ns));
  return object;
}

/// The elements of a Float64Array of at least `count`; null for undefined. False, with an exception, for anything else.
bool doubles_of(napi_env env, napi_value value, size_t count, double** out) {
  napi_valuetype kind = napi_undefined;
  if (napi_typeof(env, value, &kind) == napi_ok && kind == napi_undefined) return true;
  bool is_array = false;
  napi_typedarray_type type = napi_uint8_array;
  size_t length = 0;
  void* data = nullptr;
  if (napi_is_typedarray(env, value, &is_array) == napi_ok && is_array &&
      napi_get_typedarray_info(env, value, &type, &length, &data, nullptr, nullptr) == napi_ok &&
      type == napi_float64_array && length >= count) {
    *out = static_cast<double*>(data);
    return true;
  }
  return refuse_argument(env, "a Float64Array that is large enough");
}

void add_histogram(conveyor_t* engine, int which, double* out) {
  conveyor_histogram_t found{};
  found.struct_size = sizeof found;
  if (conveyor_get_histogram(engine, which, &found) != 0) return;
  out[0] += static_cast<double>(found.count);
  out[1] += static_cast<double>(found.sum_ns);
  out[2] = std::max(out[2], static_cast<double>(found.max_ns));
  for (size_t i = 0; i < CONVEYOR_HISTOGRAM_BUCKETS; ++i) out[3 + i] += found.buckets[i];
}

}  // namespace

napi_value stats(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  HandleId id = 0;
  if (!arguments.handle(0, &id)) return nullptr;
  const Handle* handle = arguments.environment().handles.find_open(id);
  if (handle == nullptr) return make_number(env, -EBADF);
  conveyor_stats_t found{};
  found.struct_size = sizeof found;
  if (conveyor_get_stats(handle->engine, &found) != 0) return make_number(env, -errno);

  Napi::Object object = Napi::Object::New(env);
  object.Set("stickyError", static_cast<double>(found.sticky_error));
  for (const Counter& counter : kCounters) object.Set(counter.name, static_cast<double>(found.*counter.field));
  object.Set("coalescingRatio", found.coalescing_ratio);
  for (const Latency& latency : kLatencies) object.Set(latency.name, make_latency(env, found.*latency.field));
  return object;
}

/// `observe` fills in the sticky error and the counters behind those of the window, in this order; `readingFields` of
/// packages/observability/src/reading.ts has the same names.
constexpr size_t kWindowCounters = 5;
constexpr size_t kObservedFields = 1 + std::size(kCounters) - kWindowCounters;

/// For each kind of latency: count, sum, maximum, buckets.
constexpr size_t kHistogramFields = 3 + CONVEYOR_HISTOGRAM_BUCKETS;

/// observe(handle, values, histograms | undefined): 0, or -errno. Fills `values`, and adds to `histograms`.
napi_value observe(napi_env env, napi_callback_info info) {
  const Arguments<3> arguments(env, info);
  HandleId id = 0;
  double* values = nullptr;
  double* histograms = nullptr;
  if (!arguments.handle(0, &id) || !doubles_of(env, arguments[1], kObservedFields, &values) ||
      !doubles_of(env, arguments[2], std::size(kLatencies) * kHistogramFields, &histograms)) {
    return nullptr;
  }
  const Handle* handle = arguments.environment().handles.find_open(id);
  if (handle == nullptr || values == nullptr) return make_number(env, -EBADF);
  conveyor_stats_t found{};
  found.struct_size = sizeof found;
  if (conveyor_peek_stats(handle->engine, &found) != 0) return make_number(env, -errno);
  *values++ = static_cast<double>(found.sticky_error);
  for (size_t i = kWindowCounters; i < std::size(kCounters); ++i) {
    *values++ = static_cast<double>(found.*kCounters[i].field);
  }
  if (histograms == nullptr) return make_number(env, 0);
  for (size_t i = 0; i < std::size(kLatencies); ++i) {
    // Their enum has the order of kLatencies.
    if ((found.*kLatencies[i].field).count > 0) add_histogram(handle->engine, static_cast<int>(i), histograms);
    histograms += kHistogramFields;
  }
  return make_number(env, 0);
}

napi_value error_info(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  HandleId id = 0;
  if (!arguments.handle(0, &id)) return nullptr;
  const Handle* handle = arguments.environment().handles.find_open(id);
  if (handle == nullptr) return make_number(env, -EBADF);
  conveyor_error_t found{};
  found.struct_size = sizeof found;
  if (conveyor_error_info(handle->engine, &found) < 0) return make_number(env, -errno);

  Napi::Object object = Napi::Object::New(env);
  object.Set("errno", static_cast<double>(found.error));
  object.Set("operation", static_cast<double>(found.operation));
  object.Set("retries", static_cast<double>(found.retries));
  object.Set("offset", static_cast<double>(found.offset));
  object.Set("length", static_cast<double>(found.length));
  return object;
}

}  // namespace conveyor_node

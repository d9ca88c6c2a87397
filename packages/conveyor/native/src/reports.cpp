#include "reports.hpp"

#include <conveyor/conveyor.h>
#include <napi.h>

#include <cerrno>

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
    {"appRead", &conveyor_stats_t::app_read},
    {"appWrite", &conveyor_stats_t::app_write},
    {"appOther", &conveyor_stats_t::app_other},
    {"backendRead", &conveyor_stats_t::backend_read},
    {"backendWrite", &conveyor_stats_t::backend_write},
    {"backendOther", &conveyor_stats_t::backend_other},
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

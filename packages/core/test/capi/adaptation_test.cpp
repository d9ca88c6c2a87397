// A1 through the C API: what is in force is told, what is chosen stays, nonsense is refused.
#include "fixture.hpp"

namespace conveyor::test {
namespace {

int create_error(const conveyor_options_t &options) {
  ScriptedBackend backend;
  const conveyor_backend_t table = backend.table();
  conveyor_t *handle = nullptr;
  const int error = ERRNO_OF(conveyor_create(&handle, &table, O_RDWR, &options));
  conveyor_destroy(handle);
  return error;
}

conveyor_options_t defaults() {
  conveyor_options_t options;
  conveyor_options_init(&options);
  return options;
}

TEST(a1, the_settings_in_force_are_in_the_stats) {
  ScriptedBackend backend;
  Handle handle(backend);
  const conveyor_stats_t stats = stats_of(handle);
  CHECK_EQ(stats.max_io, 1U << 20);
  CHECK_EQ(stats.flush_threshold, 1U << 20);
  CHECK_EQ(stats.window_limit, 6U << 20);
  CHECK_EQ(stats.write_depth, 4U);
  CHECK_EQ(stats.read_depth, 4U);
  CHECK_EQ(stats.adaptations, 0U);
}

TEST(a1, chosen_settings_are_in_force) {
  ScriptedBackend backend;
  conveyor_options_t options = defaults();
  options.max_io = 256 << 10;
  options.flush_threshold = 64 << 10;
  options.write_depth = 2;
  options.read_depth = 9;
  options.read_capacity_max = 4 << 20;
  Handle handle(backend, O_RDWR, options);
  const conveyor_stats_t stats = stats_of(handle);
  CHECK_EQ(stats.max_io, 256U << 10);
  CHECK_EQ(stats.flush_threshold, 64U << 10);
  CHECK_EQ(stats.window_limit, 3U << 20);
  CHECK_EQ(stats.write_depth, 2U);
  CHECK_EQ(stats.read_depth, 9U);
}

TEST(a1, depths_start_inside_of_their_bound) {
  ScriptedBackend backend;
  conveyor_options_t options = defaults();
  options.depth_max = 2;
  Handle handle(backend, O_RDWR, options);
  CHECK_EQ(stats_of(handle).write_depth, 2U);
  CHECK_EQ(stats_of(handle).read_depth, 2U);
}

TEST(w5, landing_begins_with_the_write_that_reaches_the_threshold) {
  ScriptedBackend backend;
  conveyor_options_t options = defaults();
  options.flush_threshold = 8 << 10;
  options.max_dirty_ms = 1 << 30;
  Handle handle(backend, O_RDWR, options);
  const std::string block = pattern(4 << 10, 1);
  CHECK(write_at(handle, block, 0));
  CHECK_EQ(backend.entered(Kind::kWrite), 0U);
  CHECK(write_at(handle, block, 4 << 10));
  CHECK(backend.wait_finished(Kind::kWrite, 1));
  CHECK_EQ(backend.bytes_asked(Kind::kWrite), 8U << 10);
}

TEST(a1, adaptation_can_be_chosen_and_nonsense_cannot) {
  conveyor_options_t options = defaults();
  for (uint32_t choice : {CONVEYOR_ADAPTIVE_DEFAULT, CONVEYOR_ADAPTIVE_ON, CONVEYOR_ADAPTIVE_OFF}) {
    options.adaptive = choice;
    CHECK_EQ(create_error(options), 0);
  }
  options.adaptive = 3;
  CHECK_EQ(create_error(options), EINVAL);
  options = defaults();
  options.depth_max = 65;
  CHECK_EQ(create_error(options), EINVAL);
  options = defaults();
  options.flush_threshold = (1 << 20) + 1;  // more than max_io
  CHECK_EQ(create_error(options), EINVAL);
}

TEST(o1, other_operations_have_latencies_of_their_own) {
  ScriptedBackend backend;
  Handle handle(backend);
  CHECK(write_at(handle, "abc", 0));
  REQUIRE_EQ(ERRNO_OF(conveyor_sync(handle, 0)), 0);
  CHECK_EQ(stats_of(handle).backend_other.count, 1U);
  CHECK_EQ(stats_of(handle).backend_others, 1U);
}

}  // namespace
}  // namespace conveyor::test

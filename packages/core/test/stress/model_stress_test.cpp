// The engine against a byte array, and against a plain file: seeded random operations, compared after every step.
// `--seed N --filter NAME` replays a run, or CONVEYOR_TEST_SEED; CONVEYOR_TEST_ITERATIONS multiplies the rounds.

#include <functional>

#include "../capi/releaser.hpp"
#include "../capi/temporary_file.hpp"
#include "differential.hpp"
#include "environment.hpp"

namespace conveyor::test {
namespace {

constexpr std::size_t kKiB = 1024;

std::uint64_t rounds() { return 2 * stress_iterations(); }

constexpr int kSteps = testkit::kSanitized ? 100 : 250;

struct Setup {
  std::function<void(conveyor_options_t &)> options = [](conveyor_options_t &) {};
  int flags = O_RDWR;
  unsigned lacks = kLacksNothing;
  Rules rules = {};
};

/// Changes how the backend behaves now and then. Everything it does is transient.
void disturb(ScriptedBackend &backend, testkit::Prng &prng, const Rules &rules) {
  const Kind writing = rules.append ? Kind::kAppend : Kind::kWrite;
  const Kind kind = prng.chance(1, 2) ? writing : Kind::kRead;
  switch (prng.below(6)) {
    case 0: return backend.hold(kind, prng.chance(1, 2) ? Side::kBefore : Side::kAfter);
    case 1: return backend.open(kind, prng.chance(1, 2) ? Side::kBefore : Side::kAfter);
    case 2: {
      const std::size_t most = 1 + prng.below(5000);
      return backend.limit(kind, [most](std::size_t) { return most; });
    }
    case 3: return backend.limit(kind, nullptr);
    case 4:
      if (prng.chance(1, 4)) backend.fail(kind, prng.chance(1, 2) ? EINTR : EAGAIN, 1 + prng.below(2));
      return;
    default:
      if (rules.failing) backend.fail(prng.chance(1, 4) ? Kind::kSync : kind, EIO, 1);
  }
}

void make_easy(ScriptedBackend &backend) {
  backend.open_gates();
  for (const Kind kind : {Kind::kWrite, Kind::kRead}) backend.limit(kind, nullptr);
}

void run_on_backend(const Setup &setup) {
  configure_workers();
  testkit::Prng seeds(stress_seed());
  for (std::uint64_t round = 0; round < rounds(); ++round) {
    testkit::Prng prng = seeds.fork();
    const std::string start = pattern(prng.below(50'000), round);
    ScriptedBackend backend(start);
    ModelReference reference(start);
    conveyor_options_t options = default_options();
    options.max_dirty_ms = 1 + static_cast<std::uint32_t>(prng.below(20));
    setup.options(options);
    Handle handle(backend, setup.flags, options, setup.lacks);
    Releaser releaser(backend, prng.next_u64());
    Rules rules = setup.rules;
    rules.relief = [&] { make_easy(backend); };
    Differential<ModelReference> differential(handle, reference, rules, prng.next_u64());
    for (int step = 0; step < kSteps; ++step) {
      if (prng.chance(1, 8)) disturb(backend, prng, setup.rules);
      if (!CHECK_MSG(differential.step(), "round " + std::to_string(round))) return;
    }
    backend.clear_faults();
    conveyor_clear_error(handle);
    REQUIRE(differential.compare());
    make_easy(backend);
    REQUIRE(eventually([&] { return ERRNO_OF(conveyor_flush(handle)) != ETIMEDOUT; }));
    REQUIRE_EQ(ERRNO_OF(conveyor_flush(handle)), 0);
    REQUIRE(differential.compare());
    REQUIRE(backend.bytes() == reference.read(static_cast<std::size_t>(reference.size()), 0));
    CHECK_EQ(backend.overlaps_in_flight(), 0U);
    CHECK_EQ(stats_of(handle).dirty_bytes, 0U);
  }
}

void set_rings(conveyor_options_t &options, std::size_t write, std::size_t read) {
  options.write_capacity_initial = std::min<std::size_t>(write, 4 * kKiB);
  options.write_capacity_max = write;
  options.read_capacity_initial = std::min<std::size_t>(read, 4 * kKiB);
  options.read_capacity_max = read;
}

TEST(c2, model_with_default_options) { run_on_backend({}); }

TEST(c2, model_with_tiny_rings) {
  run_on_backend({.options = [](conveyor_options_t &options) { set_rings(options, 4 * kKiB, 4 * kKiB); },
                  .rules = {.write_max = 4 * kKiB}});
}

TEST(c2, model_with_rings_of_64_bytes) {
  run_on_backend({.options = [](conveyor_options_t &options) { set_rings(options, 64, 64); },
                  .rules = {.write_max = 64, .piece_max = 80}});
}

TEST(c2, model_with_big_rings_and_no_age) {
  run_on_backend({.options = [](conveyor_options_t &options) {
    set_rings(options, 1024 * kKiB, 1024 * kKiB);
    options.max_dirty_ms = kNeverMs;
    options.max_io = 4 * kKiB;
    options.write_depth = 16;
    options.read_depth = 8;
  }});
}

TEST(c2, model_unbuffered) {
  run_on_backend({.options = [](conveyor_options_t &options) {
    options.write_capacity_max = CONVEYOR_UNBUFFERED;
    options.read_capacity_max = CONVEYOR_UNBUFFERED;
  }});
}

TEST(c2, model_with_unbuffered_writes_and_windows) {
  run_on_backend({.options = [](conveyor_options_t &options) { options.write_capacity_max = CONVEYOR_UNBUFFERED; }});
}

TEST(c2, model_with_a_write_ring_and_no_windows) {
  run_on_backend({.options = [](conveyor_options_t &options) { options.read_capacity_max = CONVEYOR_UNBUFFERED; }});
}

TEST(c2, model_keep_until_sync) {
  run_on_backend({.options = [](conveyor_options_t &options) {
    set_rings(options, 32 * kKiB, 64 * kKiB);
    options.keep_until_sync = 1;
  }});
}

TEST(c2, model_append) { run_on_backend({.flags = O_RDWR | O_APPEND, .rules = {.append = true}}); }

TEST(c2, model_append_without_backend_append) {
  run_on_backend({.options = [](conveyor_options_t &options) { set_rings(options, 8 * kKiB, 16 * kKiB); },
                  .flags = O_RDWR | O_APPEND,
                  .lacks = kLacksAppend,
                  .rules = {.append = true}});
}

TEST(c2, model_append_unbuffered) {
  run_on_backend({.options = [](conveyor_options_t &options) { options.write_capacity_max = CONVEYOR_UNBUFFERED; },
                  .flags = O_RDWR | O_APPEND,
                  .rules = {.append = true}});
}

TEST(f4, model_append_with_errors_that_are_cleared) {
  run_on_backend({.options = [](conveyor_options_t &options) { set_rings(options, 16 * kKiB, 64 * kKiB); },
                  .flags = O_RDWR | O_APPEND,
                  .rules = {.append = true, .failing = true}});
}

TEST(f4, model_unbuffered_with_errors_that_are_cleared) {
  run_on_backend({.options =
                      [](conveyor_options_t &options) {
                        options.write_capacity_max = CONVEYOR_UNBUFFERED;
                        options.read_capacity_max = CONVEYOR_UNBUFFERED;
                      },
                  .rules = {.failing = true}});
}

TEST(c2, model_split) {
  run_on_backend({.options =
                      [](conveyor_options_t &options) {
                        set_rings(options, 2 * kKiB, 8 * kKiB);
                        options.large_write = CONVEYOR_LARGE_WRITE_SPLIT;
                      },
                  .rules = {.piece_max = 20'000}});
}

TEST(c2, model_nonblocking) {
  run_on_backend({.options =
                      [](conveyor_options_t &options) {
                        set_rings(options, 8 * kKiB, 8 * kKiB);
                        options.nonblocking = 1;
                      },
                  .rules = {.nonblocking = true}});
}

TEST(c2, model_aligned_reads) {
  for (const std::size_t align : {64, 512, 4096}) {
    run_on_backend({.options = [align](conveyor_options_t &options) {
      set_rings(options, 16 * kKiB, 64 * kKiB);
      options.read_align = align;
    }});
  }
}

TEST(f9, model_aligned_reads_with_deadlines_that_pass) {
  run_on_backend({.options =
                      [](conveyor_options_t &options) {
                        set_rings(options, 32 * kKiB, 64 * kKiB);
                        options.read_align = 4096;
                        options.read_timeout_ms = 2;
                        options.flush_timeout_ms = 2;
                      },
                  .rules = {.hasty = true}});
}

TEST(f9, model_with_deadlines_that_pass) {
  run_on_backend({.options =
                      [](conveyor_options_t &options) {
                        set_rings(options, 16 * kKiB, 32 * kKiB);
                        options.read_timeout_ms = 2;
                        options.write_timeout_ms = 1;
                        options.flush_timeout_ms = 1;
                      },
                  .rules = {.hasty = true}});
}

TEST(f9, model_unbuffered_with_deadlines_that_pass) {
  run_on_backend({.options =
                      [](conveyor_options_t &options) {
                        options.write_capacity_max = CONVEYOR_UNBUFFERED;
                        options.read_capacity_max = CONVEYOR_UNBUFFERED;
                        options.read_timeout_ms = 2;
                      },
                  .rules = {.hasty = true}});
}

TEST(f4, model_with_errors_that_are_cleared) {
  run_on_backend({.options = [](conveyor_options_t &options) { set_rings(options, 16 * kKiB, 64 * kKiB); },
                  .rules = {.failing = true}});
}

TEST(f4, model_with_errors_keep_until_sync) {
  run_on_backend({.options =
                      [](conveyor_options_t &options) {
                        set_rings(options, 64 * kKiB, 64 * kKiB);
                        options.keep_until_sync = 1;
                      },
                  .rules = {.failing = true}});
}

void run_on_files(const Setup &setup) {
  configure_workers();
  testkit::Prng seeds(stress_seed());
  for (std::uint64_t round = 0; round < rounds(); ++round) {
    testkit::Prng prng = seeds.fork();
    const std::string start = pattern(prng.below(50'000), round);
    TemporaryFile file(start);
    TemporaryFile plain(start);
    PlainFileReference reference(plain.fd());
    conveyor_options_t options = default_options();
    options.max_dirty_ms = 1 + static_cast<std::uint32_t>(prng.below(5));
    setup.options(options);
    const int fd = open(file.path().c_str(), setup.flags | O_CLOEXEC);
    conveyor_t *handle = nullptr;
    REQUIRE_EQ(ERRNO_OF(conveyor_open_fd(&handle, fd, setup.flags, &options)), 0);
    Differential<PlainFileReference> differential(handle, reference, setup.rules, prng.next_u64());
    bool same = true;
    for (int step = 0; step < 2 * kSteps && same; ++step) same = differential.step();
    CHECK_MSG(same, "round " + std::to_string(round));
    CHECK_EQ(ERRNO_OF(conveyor_close(handle)), 0);
    close(fd);
    CHECK(file.bytes() == plain.bytes());
    if (!same) return;
  }
}

TEST(c2, file_with_default_options) { run_on_files({}); }

TEST(c2, file_with_tiny_rings) {
  run_on_files({.options = [](conveyor_options_t &options) { set_rings(options, 4 * kKiB, 4 * kKiB); },
                .rules = {.write_max = 4 * kKiB}});
}

TEST(c2, file_unbuffered) {
  run_on_files({.options = [](conveyor_options_t &options) {
    options.write_capacity_max = CONVEYOR_UNBUFFERED;
    options.read_capacity_max = CONVEYOR_UNBUFFERED;
  }});
}

TEST(c2, file_append) { run_on_files({.flags = O_RDWR | O_APPEND, .rules = {.append = true}}); }

TEST(c2, file_split) {
  run_on_files({.options =
                    [](conveyor_options_t &options) {
                      set_rings(options, 2 * kKiB, 8 * kKiB);
                      options.large_write = CONVEYOR_LARGE_WRITE_SPLIT;
                    },
                .rules = {.piece_max = 20'000}});
}

}  // namespace
}  // namespace conveyor::test

CONVEYOR_TEST_MAIN()

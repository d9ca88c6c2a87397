// Nonsense: every public function refuses it with the documented errno and changes nothing. Clauses W8, P1, F9, C1.

#include <climits>
#include <vector>

#include "scripted_async_backend.hpp"

namespace conveyor::test {
namespace {

/// What conveyor_create says; checks that a refusal leaves nothing behind.
int create_error(const conveyor_backend_t *table, int flags, const conveyor_options_t *options) {
  conveyor_t *handle = reinterpret_cast<conveyor_t *>(&errno);
  const int error = ERRNO_OF(conveyor_create(&handle, table, flags, options));
  if (error != 0) CHECK(handle == nullptr);
  else CHECK_EQ(ERRNO_OF(conveyor_close(handle)), 0);
  return error;
}

template <typename Change>
int create_error_with(Change change, int flags = O_RDWR) {
  ScriptedBackend backend;
  const conveyor_backend_t table = backend.table();
  conveyor_options_t options = default_options();
  change(options);
  const int error = create_error(&table, flags, &options);
  if (error != 0) CHECK(backend.calls().empty());
  return error;
}

TEST(p1, create_refuses_missing_and_broken_backends) {
  ScriptedBackend backend;
  const conveyor_backend_t good = backend.table();
  const conveyor_options_t options = default_options();
  CHECK_EQ(create_error(&good, O_RDWR, nullptr), 0);  // no options: the defaults
  CHECK_EQ(create_error(nullptr, O_RDWR, &options), EINVAL);
  CHECK_EQ(ERRNO_OF(conveyor_create(nullptr, &good, O_RDWR, &options)), EINVAL);
  conveyor_backend_t table = good;
  table.struct_size = 0;
  CHECK_EQ(create_error(&table, O_RDWR, &options), EINVAL);
  table.struct_size = 3;
  CHECK_EQ(create_error(&table, O_RDWR, &options), EINVAL);
  for (const int flags : {O_ACCMODE, O_ACCMODE | O_APPEND}) CHECK_EQ(create_error(&good, flags, &options), EINVAL);
}

TEST(p1, missing_callbacks_are_refused_or_enotsup) {
  ScriptedBackend backend("abc");
  conveyor_backend_t table = backend.table();
  table.pread = nullptr;
  const conveyor_options_t options = default_options();
  conveyor_t *handle = nullptr;
  if (ERRNO_OF(conveyor_create(&handle, &table, O_RDWR, &options)) == 0) {
    char buffer[3];
    CHECK_EQ(ERRNO_OF(conveyor_pread(handle, buffer, 3, 0)), ENOTSUP);
    conveyor_destroy(handle);
  } else {
    CHECK_EQ(errno, ENOTSUP);
  }
  table = backend.table();
  table.pwrite = nullptr;
  handle = nullptr;
  if (ERRNO_OF(conveyor_create(&handle, &table, O_WRONLY, &options)) == 0) {
    CHECK(ERRNO_OF(conveyor_pwrite(handle, "x", 1, 0)) == ENOTSUP || ERRNO_OF(conveyor_flush(handle)) == ENOTSUP);
    conveyor_destroy(handle);
  } else {
    CHECK_EQ(errno, ENOTSUP);
  }
  CHECK_EQ(backend.bytes(), "abc");
}

TEST(w6, nonsense_options_are_refused) {
  using Options = conveyor_options_t;
  CHECK_EQ(create_error_with([](Options &) {}), 0);
  CHECK_EQ(create_error_with([](Options &o) { o.struct_size = 0; }), EINVAL);
  CHECK_EQ(create_error_with([](Options &o) { o.struct_size = 2; }), EINVAL);
  CHECK_EQ(create_error_with([](Options &o) { o.read_depth = 65; }), EINVAL);
  CHECK_EQ(create_error_with([](Options &o) { o.read_depth = 64; }), 0);
  CHECK_EQ(create_error_with([](Options &o) { o.write_depth = 65; }), EINVAL);
  CHECK_EQ(create_error_with([](Options &o) { o.write_depth = UINT32_MAX; }), EINVAL);
  CHECK_EQ(create_error_with([](Options &o) { o.large_write = 2; }), EINVAL);
  CHECK_EQ(create_error_with([](Options &o) { o.nonblocking = 2; }), EINVAL);
  CHECK_EQ(create_error_with([](Options &o) { o.keep_until_sync = 7; }), EINVAL);
  CHECK_EQ(create_error_with([](Options &o) { o.durability = 99; }), EINVAL);
  CHECK_EQ(create_error_with([](Options &o) { o.owns_fd = 2; }), EINVAL);
  CHECK_EQ(create_error_with([](Options &o) { o.write_capacity_max = (SIZE_MAX >> 1) + 1; }), EINVAL);
  CHECK_EQ(create_error_with([](Options &o) {
             o.write_capacity_initial = 8192;
             o.write_capacity_max = 4096;
           }),
           EINVAL);
  CHECK_EQ(create_error_with([](Options &o) {
             o.read_capacity_initial = 8192;
             o.read_capacity_max = 4096;
           }),
           EINVAL);
  CHECK_EQ(create_error_with([](Options &o) { o.max_io = 4095; }), EINVAL);
  CHECK_EQ(create_error_with([](Options &o) { o.max_io = (std::size_t{1} << 30) + 1; }), EINVAL);
  CHECK_EQ(create_error_with([](Options &o) { o.max_io = 4096; }), 0);
}

TEST(w6, small_bounds_need_no_initial_sizes) {
  using Options = conveyor_options_t;
  CHECK_EQ(create_error_with([](Options &o) { o.write_capacity_max = 4096; }), 0);
  CHECK_EQ(create_error_with([](Options &o) { o.write_capacity_max = 5 << 20; }), 0);
  CHECK_EQ(create_error_with([](Options &o) { o.write_capacity_initial = 5000; }), 0);
  CHECK_EQ(create_error_with([](Options &o) { o.read_capacity_max = 4096; }), 0);
  CHECK_EQ(create_error_with([](Options &o) { o.write_capacity_max = CONVEYOR_UNBUFFERED; }), 0);
  CHECK_EQ(create_error_with([](Options &o) { o.read_capacity_max = CONVEYOR_UNBUFFERED; }), 0);
}

TEST(f10, what_this_version_lacks_is_said) {
  using Options = conveyor_options_t;
  const auto refused = [](int error) { return error == EINVAL || error == ENOTSUP; };
  CHECK_EQ(create_error_with([](Options &o) { o.journal_path = "journal"; }), ENOTSUP);
  CHECK_EQ(create_error_with([](Options &o) { o.spill_dir = "spill"; }), ENOTSUP);
  CHECK_EQ(create_error_with([](Options &o) { o.durability = CONVEYOR_STAGED; }), ENOTSUP);
  CHECK(refused(create_error_with([](Options &o) { o.journal_sync = 1; })));
}

TEST(p1, options_of_an_older_caller_are_taken_as_far_as_they_go) {
  ScriptedBackend backend;
  const conveyor_backend_t table = backend.table();
  conveyor_options_t options;
  std::memset(&options, 0xFF, sizeof options);  // past struct_size there is rubbish
  options.struct_size = offsetof(conveyor_options_t, max_dirty_ms);
  options.read_depth = 2;
  options.write_depth = 2;
  CHECK_EQ(create_error(&table, O_RDWR, &options), 0);
  conveyor_backend_t old = table;
  old.retryable = reinterpret_cast<int (*)(void *, int)>(1);  // past struct_size: must never be called
  old.struct_size = offsetof(conveyor_backend_t, retryable);
  conveyor_t *handle = nullptr;
  REQUIRE_EQ(ERRNO_OF(conveyor_create(&handle, &old, O_RDWR, nullptr)), 0);
  backend.fail(Kind::kWrite, ECONNRESET, 1);
  CHECK(write_at(handle, "abc", 0));
  CHECK_EQ(ERRNO_OF(conveyor_flush(handle)), ECONNRESET);
  conveyor_destroy(handle);
}

TEST(p1, a_newer_caller_may_ask_for_nothing_unknown) {
  ScriptedBackend backend;
  const conveyor_backend_t table = backend.table();
  struct Newer {
    conveyor_options_t known;
    std::uint64_t unknown;
  } newer{};
  newer.known.struct_size = sizeof newer;
  CHECK_EQ(create_error(&table, O_RDWR, &newer.known), 0);
  newer.unknown = 1;
  const int error = create_error(&table, O_RDWR, &newer.known);
  CHECK(error == EINVAL || error == ENOTSUP);  // asked for something that this build does not know
}

TEST(p1, options_init_gives_zeros) {
  conveyor_options_t options;
  std::memset(&options, 0xFF, sizeof options);
  conveyor_options_init(&options);
  CHECK_EQ(options.struct_size, sizeof options);
  conveyor_options_t zeros;
  std::memset(&zeros, 0, sizeof zeros);
  zeros.struct_size = sizeof zeros;
  CHECK_EQ(options.read_depth + options.write_depth + options.max_dirty_ms + options.adaptive, 0U);
  CHECK_EQ(options.write_capacity_max + options.read_capacity_max + options.max_io + options.read_align, 0U);
  CHECK(options.journal_path == nullptr && options.spill_dir == nullptr);
  conveyor_options_init(nullptr);
  CHECK_EQ(std::string(conveyor_version()), CONVEYOR_VERSION);
}

TEST(w8, null_buffers_are_efault) {
  ScriptedBackend backend("0123456789");
  Completion done;
  Handle handle(backend);
  const iovec hole[2] = {{nullptr, 0}, {nullptr, 4}};
  CHECK_EQ(ERRNO_OF(conveyor_read(handle, nullptr, 4)), EFAULT);
  CHECK_EQ(ERRNO_OF(conveyor_write(handle, nullptr, 4)), EFAULT);
  CHECK_EQ(ERRNO_OF(conveyor_pread(handle, nullptr, 4, 0)), EFAULT);
  CHECK_EQ(ERRNO_OF(conveyor_pwrite(handle, nullptr, 4, 0)), EFAULT);
  CHECK_EQ(ERRNO_OF(conveyor_readv(handle, hole, 2)), EFAULT);
  CHECK_EQ(ERRNO_OF(conveyor_writev(handle, hole, 2)), EFAULT);
  CHECK_EQ(ERRNO_OF(conveyor_preadv(handle, hole, 2, 0)), EFAULT);
  CHECK_EQ(ERRNO_OF(conveyor_pwritev(handle, hole, 2, 0)), EFAULT);
  CHECK_EQ(ERRNO_OF(conveyor_readv(handle, nullptr, 1)), EFAULT);
  CHECK_EQ(ERRNO_OF(conveyor_writev(handle, nullptr, 1)), EFAULT);
  CHECK_EQ(ERRNO_OF(conveyor_read_async(handle, nullptr, 4, 0, Completion::done, &done)), EFAULT);
  CHECK_EQ(ERRNO_OF(conveyor_write_async(handle, nullptr, 4, 0, Completion::done, &done)), EFAULT);
  CHECK_EQ(ERRNO_OF(conveyor_readv_async(handle, hole, 2, 0, Completion::done, &done)), EFAULT);
  CHECK_EQ(ERRNO_OF(conveyor_writev_async(handle, hole, 2, 0, Completion::done, &done)), EFAULT);
  const int stats = ERRNO_OF(conveyor_get_stats(handle, nullptr));
  CHECK(stats == EFAULT || stats == EINVAL);
  const int info = ERRNO_OF(conveyor_error_info(handle, nullptr));
  CHECK(info == EFAULT || info == EINVAL);
  CHECK_EQ(conveyor_lseek(handle, 0, SEEK_CUR), 0);
  CHECK_EQ(stats_of(handle).writes + stats_of(handle).reads, 0U);
  CHECK_EQ(done.times(), 0);
  REQUIRE_EQ(ERRNO_OF(conveyor_flush(handle)), 0);
  CHECK_EQ(backend.bytes(), "0123456789");
}

TEST(w8, negative_offsets_are_einval) {
  ScriptedBackend backend("0123456789");
  Completion done;
  Handle handle(backend);
  char buffer[4] = {'a', 'b', 'c', 'd'};
  const iovec part = {buffer, 4};
  for (const off_t offset : {off_t{-1}, std::numeric_limits<off_t>::min()}) {
    CHECK_EQ(ERRNO_OF(conveyor_pread(handle, buffer, 4, offset)), EINVAL);
    CHECK_EQ(ERRNO_OF(conveyor_pwrite(handle, buffer, 4, offset)), EINVAL);
    CHECK_EQ(ERRNO_OF(conveyor_preadv(handle, &part, 1, offset)), EINVAL);
    CHECK_EQ(ERRNO_OF(conveyor_pwritev(handle, &part, 1, offset)), EINVAL);
    CHECK_EQ(ERRNO_OF(conveyor_truncate(handle, offset)), EINVAL);
    CHECK_EQ(ERRNO_OF(conveyor_prefetch(handle, offset, 4)), EINVAL);
    CHECK_EQ(ERRNO_OF(conveyor_truncate_async(handle, offset, Completion::done, &done)), EINVAL);
  }
  // -1 means the cursor in the asynchronous calls; below it there is nothing.
  CHECK_EQ(ERRNO_OF(conveyor_read_async(handle, buffer, 4, -2, Completion::done, &done)), EINVAL);
  CHECK_EQ(ERRNO_OF(conveyor_write_async(handle, buffer, 4, -2, Completion::done, &done)), EINVAL);
  CHECK_EQ(ERRNO_OF(conveyor_readv_async(handle, &part, 1, -2, Completion::done, &done)), EINVAL);
  CHECK_EQ(ERRNO_OF(conveyor_writev_async(handle, &part, 1, -2, Completion::done, &done)), EINVAL);
  CHECK_EQ(done.times(), 0);
  CHECK_EQ(conveyor_lseek(handle, 0, SEEK_CUR), 0);
  REQUIRE_EQ(ERRNO_OF(conveyor_flush(handle)), 0);
  CHECK_EQ(backend.bytes(), "0123456789");
}

TEST(w8, sizes_past_the_limits_are_refused) {
  ScriptedBackend backend("0123456789");
  Handle handle(backend);
  constexpr off_t kLast = std::numeric_limits<off_t>::max();
  char buffer[4] = {};
  for (const std::size_t count : {SIZE_MAX, SIZE_MAX / 2 + 1, SIZE_MAX / 2}) {
    const int error = ERRNO_OF(conveyor_pwrite(handle, buffer, count, 100));
    CHECK(error == EFBIG || error == EMSGSIZE || error == EINVAL);
  }
  std::vector<iovec> halves(2, iovec{buffer, static_cast<std::size_t>(SSIZE_MAX)});
  CHECK_EQ(ERRNO_OF(conveyor_writev(handle, halves.data(), 2)), EINVAL);  // the sum overflows ssize_t: writev(2)
  CHECK_EQ(ERRNO_OF(conveyor_readv(handle, halves.data(), 2)), EINVAL);
  CHECK_EQ(ERRNO_OF(conveyor_readv(handle, halves.data(), -1)), EINVAL);
  CHECK_EQ(ERRNO_OF(conveyor_writev(handle, halves.data(), -1)), EINVAL);
  std::vector<iovec> many(IOV_MAX + 1, iovec{buffer, 1});
  CHECK_EQ(ERRNO_OF(conveyor_readv(handle, many.data(), IOV_MAX + 1)), EINVAL);
  CHECK_EQ(ERRNO_OF(conveyor_pwritev(handle, many.data(), IOV_MAX + 1, 0)), EINVAL);
  CHECK_EQ(conveyor_preadv(handle, many.data(), IOV_MAX, 0), 10);
  CHECK_EQ(conveyor_pread(handle, buffer, 4, kLast), 0);
  CHECK_EQ(conveyor_pread(handle, buffer, 4, kLast - 2), 0);
  REQUIRE_EQ(ERRNO_OF(conveyor_flush(handle)), 0);
  CHECK_EQ(backend.bytes(), "0123456789");
  CHECK_EQ(conveyor_lseek(handle, 0, SEEK_CUR), 0);
}

TEST(r1, a_read_longer_than_the_file_needs_no_such_buffer) {
  ScriptedBackend backend("0123456789");
  Handle handle(backend, O_RDONLY);
  std::vector<char> buffer(64 << 20);
  CHECK_EQ(conveyor_pread(handle, buffer.data(), buffer.size(), 0), 10);
  CHECK_LE(stats_of(handle).window_bytes, 8U << 20);
}

TEST(p2, nonsense_whence_is_einval) {
  ScriptedBackend backend("0123456789");
  Completion done;
  Handle handle(backend);
  for (const int whence : {-1, 3, 4, 5, 1000}) {
    CHECK_EQ(ERRNO_OF(conveyor_lseek(handle, 0, whence)), EINVAL);
    CHECK_EQ(ERRNO_OF(conveyor_lseek_async(handle, 0, whence, Completion::done, &done)), EINVAL);
  }
  CHECK_EQ(conveyor_lseek(handle, 0, SEEK_CUR), 0);
  CHECK(backend.calls().empty());
}

TEST(o1, structs_without_a_size_are_einval) {
  ScriptedBackend backend;
  Handle handle(backend);
  conveyor_stats_t stats{};
  CHECK_EQ(ERRNO_OF(conveyor_get_stats(handle, &stats)), EINVAL);
  stats.struct_size = 3;
  CHECK_EQ(ERRNO_OF(conveyor_get_stats(handle, &stats)), EINVAL);
  conveyor_error_t error{};
  CHECK_EQ(ERRNO_OF(conveyor_error_info(handle, &error)), EINVAL);
  conveyor_drain_t left{};
  CHECK_EQ(ERRNO_OF(conveyor_drain(0, &left)), EINVAL);
}

TEST(f9, nonsense_for_drain_is_einval) { CHECK_EQ(ERRNO_OF(conveyor_drain(-2, nullptr)), EINVAL); }

TEST(p1, open_fd_refuses_null_and_nonsense) {
  const conveyor_options_t options = default_options();
  conveyor_t *handle = nullptr;
  CHECK_EQ(ERRNO_OF(conveyor_open_fd(nullptr, 0, O_RDONLY, &options)), EINVAL);
  CHECK_EQ(ERRNO_OF(conveyor_open_fd(&handle, -1, O_RDONLY, nullptr)), EBADF);
  CHECK_EQ(ERRNO_OF(conveyor_open_fd(&handle, -7, O_RDONLY, &options)), EBADF);
  CHECK(handle == nullptr);
}

TEST(c1, an_asynchronous_call_without_done_is_refused) {
  ScriptedBackend backend("0123456789");
  Handle handle(backend);
  char buffer[4];
  CHECK_EQ(ERRNO_OF(conveyor_read_async(handle, buffer, 4, 0, nullptr, nullptr)), EINVAL);
  CHECK_EQ(ERRNO_OF(conveyor_write_async(handle, buffer, 4, 0, nullptr, nullptr)), EINVAL);
  CHECK_EQ(ERRNO_OF(conveyor_size_async(handle, nullptr, nullptr)), EINVAL);
  CHECK_EQ(ERRNO_OF(conveyor_flush_async(handle, nullptr, nullptr)), EINVAL);
  CHECK_EQ(ERRNO_OF(conveyor_sync_async(handle, 0, nullptr, nullptr)), EINVAL);
  CHECK_EQ(ERRNO_OF(conveyor_truncate_async(handle, 1, nullptr, nullptr)), EINVAL);
  CHECK_EQ(ERRNO_OF(conveyor_lseek_async(handle, 0, SEEK_END, nullptr, nullptr)), EINVAL);
  CHECK_EQ(ERRNO_OF(conveyor_close_async(handle, nullptr, nullptr)), EINVAL);
  CHECK_EQ(read_at(handle, 10, 0), "0123456789");
}

TEST(c1, asynchronous_backends_are_checked) {
  ScriptedAsyncBackend backend;
  const conveyor_async_backend_t good = backend.table();
  conveyor_t *handle = nullptr;
  CHECK_EQ(ERRNO_OF(conveyor_create_async(nullptr, &good, O_RDWR, nullptr)), EINVAL);
  CHECK_EQ(ERRNO_OF(conveyor_create_async(&handle, nullptr, O_RDWR, nullptr)), EINVAL);
  conveyor_async_backend_t table = good;
  table.submit = nullptr;
  CHECK_EQ(ERRNO_OF(conveyor_create_async(&handle, &table, O_RDWR, nullptr)), EINVAL);
  table = good;
  table.struct_size = 1;
  CHECK_EQ(ERRNO_OF(conveyor_create_async(&handle, &table, O_RDWR, nullptr)), EINVAL);
  table = good;
  table.capabilities = 1U << 20;
  const int unknown = ERRNO_OF(conveyor_create_async(&handle, &table, O_RDWR, nullptr));
  CHECK(unknown == EINVAL || unknown == ENOTSUP);
  CHECK_EQ(ERRNO_OF(conveyor_create_async(&handle, &good, O_ACCMODE, nullptr)), EINVAL);
  CHECK(handle == nullptr);
  CHECK(backend.submitted(CONVEYOR_IO_CLOSE).empty());
}

TEST(f9, runtime_limits_come_before_the_first_handle) {
  ScriptedBackend backend;
  Handle handle(backend);
  conveyor_runtime_t runtime{};
  runtime.struct_size = sizeof runtime;
  runtime.worker_threads = 3;
  CHECK_EQ(ERRNO_OF(conveyor_runtime_configure(&runtime)), EBUSY);
  CHECK_EQ(ERRNO_OF(conveyor_runtime_configure(nullptr)), EINVAL);
}

}  // namespace
}  // namespace conveyor::test

// The asynchronous API and asynchronous backends: conveyor_async.h. Clauses W6, R1, F5, F6, C1 from that side.

#include <memory>
#include <thread>
#include <vector>

#include <conveyor/testkit/prng.hpp>

#include "scripted_async_backend.hpp"

namespace conveyor::test {
namespace {

TEST(r1, an_asynchronous_read_completes_when_its_backend_does) {
  ScriptedAsyncBackend backend(pattern(10'000, 1));
  Completion read;
  std::string buffer(4096, '\xEE');
  AsyncHandle handle(backend);
  REQUIRE_EQ(conveyor_read_async(handle, buffer.data(), 4096, 100, Completion::done, &read), CONVEYOR_PENDING);
  REQUIRE(backend.wait_pending(CONVEYOR_IO_READ));
  CHECK(!read.is_done());
  CHECK_EQ(buffer, std::string(4096, '\xEE'));
  backend.complete_all();
  CHECK_EQ(read.result(), 4096);
  CHECK_EQ(buffer, pattern(10'000, 1).substr(100, 4096));
  REQUIRE(write_at(handle, "0123456789", 200));
  CHECK_EQ(conveyor_read_async(handle, buffer.data(), 10, 200, Completion::done, &read), 10);  // from memory: at once
  CHECK_EQ(buffer.substr(0, 10), "0123456789");
  CHECK_EQ(read.times(), 1);
}

TEST(r1, completion_inside_submit_works) {
  ScriptedAsyncBackend backend(pattern(10'000, 1));
  Completion done;
  std::string buffer(4096, '\xEE');
  AsyncHandle handle(backend);
  backend.complete_inside_submit(true);
  const ssize_t got = conveyor_read_async(handle, buffer.data(), 4096, CONVEYOR_AT_CURSOR, Completion::done, &done);
  CHECK(got == 4096 || (got == CONVEYOR_PENDING && done.result() == 4096));
  CHECK_EQ(buffer, pattern(4096, 1));
  CHECK_EQ(read_next(handle, 10'000), pattern(10'000, 1).substr(4096));
  REQUIRE(write_at(handle, "abc", 0));
  CHECK_EQ(ERRNO_OF(conveyor_sync(handle, 0)), 0);
  CHECK_EQ(backend.bytes().substr(0, 3), "abc");
  CHECK_EQ(ERRNO_OF(conveyor_truncate(handle, 2)), 0);
  CHECK_EQ(conveyor_lseek(handle, 0, SEEK_END), 2);
}

TEST(w4, asynchronous_completions_may_come_in_any_order) {
  testkit::Prng prng(testkit::seed());
  ScriptedAsyncBackend backend;
  Completion flush;
  conveyor_options_t options = patient_options();
  options.write_depth = 4;
  AsyncHandle handle(backend, O_RDWR, options);
  for (off_t i = 0; i < 12; ++i) {
    REQUIRE(write_at(handle, pattern(100, 1, static_cast<std::uint64_t>(i) * 500), i * 500));
  }
  REQUIRE_EQ(conveyor_flush_async(handle, Completion::done, &flush), CONVEYOR_PENDING);
  for (int landed = 0; landed < 12; ++landed) {
    REQUIRE(backend.wait_pending(CONVEYOR_IO_WRITE));
    CHECK_LE(backend.pending(CONVEYOR_IO_WRITE), 4U);
    CHECK(!flush.is_done());
    REQUIRE(backend.complete(CONVEYOR_IO_WRITE, prng.below(backend.pending(CONVEYOR_IO_WRITE))));
  }
  CHECK_EQ(flush.result(), 0);
  for (std::size_t i = 0; i < 12; ++i) CHECK_EQ(backend.bytes().substr(i * 500, 100), pattern(100, 1, i * 500));
}

TEST(w3, a_short_asynchronous_write_is_continued) {
  ScriptedAsyncBackend backend;
  Completion flush;
  AsyncHandle handle(backend);
  REQUIRE(write_at(handle, pattern(100, 1), 7));
  REQUIRE_EQ(conveyor_flush_async(handle, Completion::done, &flush), CONVEYOR_PENDING);
  REQUIRE(backend.wait_pending(CONVEYOR_IO_WRITE));
  REQUIRE(backend.complete_with(CONVEYOR_IO_WRITE, 40));
  REQUIRE(backend.wait_pending(CONVEYOR_IO_WRITE));
  const conveyor_io_t rest = backend.submitted(CONVEYOR_IO_WRITE).back();
  CHECK_EQ(rest.offset, 47);
  CHECK_EQ(rest.count, 60U);
  CHECK(!flush.is_done());
  backend.complete_all();
  CHECK_EQ(flush.result(), 0);
  CHECK_EQ(backend.bytes().substr(47), pattern(100, 1).substr(40));
}

TEST(c1, completing_twice_or_something_unknown_is_refused) {
  ScriptedAsyncBackend backend(pattern(1000, 1));
  Completion read;
  std::string buffer(100, '\0');
  AsyncHandle handle(backend, O_RDONLY);
  CHECK_EQ(ERRNO_OF(conveyor_complete(handle, 0, 0)), EINVAL);
  CHECK_EQ(ERRNO_OF(conveyor_complete(handle, 123'456'789, 0)), EINVAL);
  REQUIRE_EQ(conveyor_read_async(handle, buffer.data(), 100, 0, Completion::done, &read), CONVEYOR_PENDING);
  REQUIRE(backend.wait_pending(CONVEYOR_IO_READ));
  const std::uint64_t id = backend.submitted(CONVEYOR_IO_READ).at(0).id;
  CHECK_EQ(ERRNO_OF(conveyor_complete(handle, id + 1'000'000, 100)), EINVAL);
  CHECK(!read.is_done());
  backend.complete_all();
  CHECK_EQ(read.result(), 100);
  CHECK_EQ(backend.last_complete_error(), 0);
  CHECK_EQ(ERRNO_OF(conveyor_complete(handle, id, 100)), EINVAL);
  CHECK_EQ(ERRNO_OF(conveyor_complete(handle, id, -EIO)), EINVAL);
  CHECK_EQ(read.times(), 1);
  CHECK_EQ(buffer, pattern(100, 1));
  CHECK_EQ(conveyor_last_error(handle), 0);
}

TEST(c1, two_threads_that_complete_the_same_operation) {
  for (int round = 0; round < 50; ++round) {
    ScriptedAsyncBackend backend;
    Completion flush;
    AsyncHandle handle(backend);
    REQUIRE(write_at(handle, "abc", 0));
    REQUIRE_EQ(conveyor_flush_async(handle, Completion::done, &flush), CONVEYOR_PENDING);
    REQUIRE(backend.wait_pending(CONVEYOR_IO_WRITE));
    const std::uint64_t id = backend.submitted(CONVEYOR_IO_WRITE).at(0).id;
    Background first([&] { return conveyor_complete(handle, id, 3); });
    Background second([&] { return conveyor_complete(handle, id, 3); });
    CHECK_EQ((first.result() == 0) + (second.result() == 0), 1);
    CHECK(first.error() == EINVAL || second.error() == EINVAL);
    CHECK_EQ(flush.result(), 0);
    CHECK_EQ(flush.times(), 1);
  }
}

TEST(c1, submit_is_called_without_a_lock) {
  ScriptedAsyncBackend backend(pattern(1000, 1));
  Completion done;
  std::string buffer(100, '\0');
  AsyncHandle handle(backend);
  conveyor_t *raw = handle;
  std::atomic<int> calls{0};
  backend.on_submit([&, raw](const conveyor_io_t &) {
    Background other([&] {  // from another thread, so that not even a recursive lock would do
      if (conveyor_lseek(raw, 0, SEEK_CUR) < 0) return -1;
      return conveyor_last_error(raw);
    });
    CHECK_EQ(other.result(), 0);
    ++calls;
  });
  REQUIRE_EQ(conveyor_read_async(handle, buffer.data(), 100, 0, Completion::done, &done), CONVEYOR_PENDING);
  REQUIRE(eventually([&] { return calls > 0; }));
  backend.on_submit(nullptr);
  backend.complete_all();
  CHECK_EQ(done.result(), 100);
}

TEST(w3, a_backend_that_claims_more_than_asked_is_eio) {
  ScriptedAsyncBackend backend(pattern(1000, 1));
  Completion read;
  Completion flush;
  std::string buffer(100, '\xEE');
  AsyncHandle handle(backend);
  REQUIRE_EQ(conveyor_read_async(handle, buffer.data(), 100, 0, Completion::done, &read), CONVEYOR_PENDING);
  REQUIRE(eventually([&] {  // also when it asks for less after a failure
    if (backend.pending(CONVEYOR_IO_READ) > 0) {
      const auto asked = static_cast<ssize_t>(backend.submitted(CONVEYOR_IO_READ).back().count);
      backend.complete_with(CONVEYOR_IO_READ, asked + 1);
    }
    return read.is_done();
  }));
  CHECK_EQ(read.result(), -EIO);
  CHECK_LE(backend.submitted(CONVEYOR_IO_READ).size(), 8U);
  REQUIRE(write_at(handle, "abc", 0));
  REQUIRE_EQ(conveyor_flush_async(handle, Completion::done, &flush), CONVEYOR_PENDING);
  REQUIRE(backend.wait_pending(CONVEYOR_IO_WRITE));
  REQUIRE(backend.complete_with(CONVEYOR_IO_WRITE, 4));
  CHECK_EQ(flush.result(), -EIO);
  CHECK_EQ(conveyor_last_error(handle), EIO);
  CHECK_EQ(read_at(handle, 3, 0), "abc");
}

TEST(w6, an_asynchronous_write_at_once_or_later) {
  ScriptedAsyncBackend backend;
  Completion first;
  Completion second;
  AsyncHandle handle(backend, O_RDWR, ring_options(4096));
  const std::string one = pattern(4096, 1);
  const std::string two = pattern(4096, 2);
  CHECK_EQ(conveyor_write_async(handle, one.data(), 4096, CONVEYOR_AT_CURSOR, Completion::done, &first), 4096);
  REQUIRE_EQ(conveyor_write_async(handle, two.data(), 4096, CONVEYOR_AT_CURSOR, Completion::done, &second),
             CONVEYOR_PENDING);
  REQUIRE(backend.wait_pending(CONVEYOR_IO_WRITE));
  CHECK(!second.is_done());
  backend.complete(CONVEYOR_IO_WRITE);
  CHECK_EQ(second.result(), 4096);
  CHECK_EQ(first.times(), 0);
  backend.complete_inside_submit(true);
  backend.complete_all();
  CHECK_EQ(ERRNO_OF(conveyor_flush(handle)), 0);
  CHECK_EQ(backend.bytes(), one + two);
  CHECK_EQ(conveyor_lseek(handle, 0, SEEK_CUR), 8192);
}

TEST(w6, pending_writes_are_accepted_in_their_order) {
  ScriptedAsyncBackend backend;
  AsyncHandle handle(backend, O_RDWR, ring_options(4096));
  std::vector<std::unique_ptr<Completion>> writes;
  std::string expected;
  std::vector<std::string> pieces;
  for (std::size_t i = 0; i < 20; ++i) pieces.push_back(pattern(1000 + i * 100, i));
  for (const std::string &piece : pieces) {
    writes.push_back(std::make_unique<Completion>());
    const ssize_t got = conveyor_write_async(handle, piece.data(), piece.size(), CONVEYOR_AT_CURSOR, Completion::done,
                                             writes.back().get());
    CHECK(got == CONVEYOR_PENDING || got == static_cast<ssize_t>(piece.size()));
    if (got != CONVEYOR_PENDING) writes.pop_back();
    expected += piece;
  }
  while (backend.wait_pending(CONVEYOR_IO_WRITE) && backend.complete(CONVEYOR_IO_WRITE)) {
    if (writes.back()->is_done()) break;
  }
  backend.complete_inside_submit(true);
  backend.complete_all();
  for (const auto &write : writes) CHECK_GT(write->result(), 0);
  CHECK_EQ(ERRNO_OF(conveyor_flush(handle)), 0);
  CHECK_EQ(backend.bytes(), expected);
}

TEST(p2, asynchronous_seeks_answer_at_once_unless_the_end_is_asked) {
  ScriptedAsyncBackend backend("0123456789");
  Completion end;
  Completion size;
  AsyncHandle handle(backend);
  CHECK_EQ(conveyor_lseek_async(handle, 4, SEEK_SET, Completion::done, &end), 4);
  CHECK_EQ(conveyor_lseek_async(handle, 2, SEEK_CUR, Completion::done, &end), 6);
  CHECK_EQ(ERRNO_OF(conveyor_lseek_async(handle, -9, SEEK_CUR, Completion::done, &end)), EINVAL);
  REQUIRE_EQ(conveyor_lseek_async(handle, -1, SEEK_END, Completion::done, &end), CONVEYOR_PENDING);
  REQUIRE(backend.wait_pending(CONVEYOR_IO_SIZE));
  backend.complete_all();
  CHECK_EQ(end.result(), 9);
  CHECK_EQ(conveyor_lseek(handle, 0, SEEK_CUR), 9);
  REQUIRE_EQ(conveyor_size_async(handle, Completion::done, &size), CONVEYOR_PENDING);
  REQUIRE(backend.wait_pending(CONVEYOR_IO_SIZE));
  backend.complete_with(CONVEYOR_IO_SIZE, -EACCES);
  CHECK_EQ(size.result(), -EACCES);
}

TEST(p4, asynchronous_truncate_and_capabilities) {
  ScriptedAsyncBackend backend("0123456789");
  Completion truncated;
  AsyncHandle handle(backend, O_RDWR, patient_options(), CONVEYOR_CAN_TRUNCATE);
  REQUIRE_EQ(conveyor_truncate_async(handle, 4, Completion::done, &truncated), CONVEYOR_PENDING);
  REQUIRE(backend.wait_pending(CONVEYOR_IO_TRUNCATE));
  CHECK_EQ(backend.submitted(CONVEYOR_IO_TRUNCATE).at(0).offset, 4);
  backend.complete_all();
  CHECK_EQ(truncated.result(), 0);
  backend.complete_inside_submit(true);
  CHECK_EQ(ERRNO_OF(conveyor_sync(handle, 0)), 0);
  CHECK(backend.submitted(CONVEYOR_IO_SYNC).empty());  // it cannot
  CHECK_EQ(backend.bytes(), "0123");

  ScriptedAsyncBackend poor("0123456789");
  AsyncHandle limited(poor, O_RDWR, patient_options(), 0);
  CHECK_EQ(ERRNO_OF(conveyor_truncate_async(limited, 4, Completion::done, &truncated)), ENOTSUP);
  CHECK(poor.submitted(CONVEYOR_IO_TRUNCATE).empty());
}

TEST(w9, asynchronous_append_uses_the_capability) {
  ScriptedAsyncBackend able("base");
  AsyncHandle first(able, O_RDWR | O_APPEND);
  able.complete_inside_submit(true);
  REQUIRE(write_next(first, "tail"));
  CHECK_EQ(ERRNO_OF(conveyor_flush(first)), 0);
  CHECK_EQ(able.bytes(), "basetail");
  CHECK_EQ(able.submitted(CONVEYOR_IO_APPEND).size(), 1U);

  ScriptedAsyncBackend unable("base");
  AsyncHandle second(unable, O_RDWR | O_APPEND, patient_options(), 0);
  unable.complete_inside_submit(true);
  REQUIRE(write_next(second, "tail"));
  CHECK_EQ(ERRNO_OF(conveyor_flush(second)), 0);
  CHECK_EQ(unable.bytes(), "basetail");
  CHECK(unable.submitted(CONVEYOR_IO_APPEND).empty());
}

TEST(f5, an_asynchronous_close_flushes_and_ends_with_io_close) {
  ScriptedAsyncBackend backend;
  Completion closed;
  AsyncHandle handle(backend);
  REQUIRE(write_at(handle, "abc", 0));
  conveyor_t *raw = handle.release();
  REQUIRE_EQ(conveyor_close_async(raw, Completion::done, &closed), CONVEYOR_PENDING);
  REQUIRE(backend.wait_pending(CONVEYOR_IO_WRITE));
  CHECK_EQ(ERRNO_OF(conveyor_pwrite(raw, "z", 1, 0)), EBADF);
  REQUIRE(backend.complete(CONVEYOR_IO_WRITE));
  REQUIRE(backend.wait_pending(CONVEYOR_IO_CLOSE));
  CHECK(!closed.is_done());
  REQUIRE(backend.complete(CONVEYOR_IO_CLOSE));
  CHECK_EQ(closed.result(), 0);
  CHECK_EQ(closed.times(), 1);
  CHECK_EQ(backend.bytes(), "abc");
  CHECK_EQ(backend.submitted(CONVEYOR_IO_CLOSE).size(), 1U);
  CHECK_EQ(ERRNO_OF(conveyor_flush(raw)), EBADF);
}

TEST(f5, an_asynchronous_close_reports_what_did_not_land) {
  ScriptedAsyncBackend backend;
  Completion closed;
  AsyncHandle handle(backend);
  REQUIRE(write_at(handle, "abc", 0));
  conveyor_t *raw = handle.release();
  REQUIRE_EQ(conveyor_close_async(raw, Completion::done, &closed), CONVEYOR_PENDING);
  REQUIRE(backend.wait_pending(CONVEYOR_IO_WRITE));
  REQUIRE(backend.complete_with(CONVEYOR_IO_WRITE, -ENOSPC));
  backend.complete_inside_submit(true);
  backend.complete_all();
  CHECK_EQ(closed.result(), -ENOSPC);
  CHECK_EQ(backend.submitted(CONVEYOR_IO_CLOSE).size(), 1U);
}

TEST(f5, a_done_callback_may_close_its_own_handle) {
  ScriptedAsyncBackend backend(pattern(1000, 1));
  Completion read;
  Completion closed;
  std::string buffer(100, '\0');
  AsyncHandle owner(backend);
  conveyor_t *handle = owner.release();
  read.then = [&](ssize_t) {
    CHECK_EQ(conveyor_close_async(handle, Completion::done, &closed), CONVEYOR_PENDING);
    CHECK_EQ(ERRNO_OF(conveyor_lseek(handle, 0, SEEK_CUR)), EBADF);
  };
  REQUIRE_EQ(conveyor_read_async(handle, buffer.data(), 100, 0, Completion::done, &read), CONVEYOR_PENDING);
  REQUIRE(backend.wait_pending(CONVEYOR_IO_READ));
  backend.complete_inside_submit(true);
  backend.complete_all();
  CHECK_EQ(read.result(), 100);
  CHECK_EQ(closed.result(), 0);
  CHECK_EQ(backend.submitted(CONVEYOR_IO_CLOSE).size(), 1U);
}

TEST(c1, a_long_chain_of_callbacks_needs_no_long_stack) {
  constexpr int kLinks = 50'000;
  ScriptedAsyncBackend backend;
  AsyncHandle handle(backend);
  backend.complete_inside_submit(true);
  struct Chain {
    conveyor_t *handle;
    int links = 0;
    Completion finished;
    static void next(void *arg, ssize_t) {
      auto *chain = static_cast<Chain *>(arg);
      ssize_t result = 0;
      while (result != CONVEYOR_PENDING) {
        if (++chain->links >= kLinks) return Completion::done(&chain->finished, 0);
        conveyor_pwrite(chain->handle, "x", 1, chain->links % 100);
        result = conveyor_flush_async(chain->handle, next, chain);
      }
    }
  } chain{handle, 0, {}};
  Background runner([&] {
    Chain::next(&chain, 0);
    return 0;
  });
  CHECK_EQ(chain.finished.result(), 0);
  CHECK_EQ(runner.result(), 0);
  CHECK_EQ(chain.links, kLinks);
}

TEST(f6, close_rejects_pending_asynchronous_operations) {
  ScriptedAsyncBackend backend(pattern(10'000, 1));
  Completion read;
  Completion write;
  Completion closed;
  AsyncHandle handle(backend, O_RDWR, ring_options(4096));
  auto buffer = std::make_unique<char[]>(4096);
  const std::string full = pattern(4096, 2);
  REQUIRE_EQ(conveyor_read_async(handle, buffer.get(), 4096, 0, Completion::done, &read), CONVEYOR_PENDING);
  REQUIRE(write_at(handle, full, 20'000));
  REQUIRE_EQ(conveyor_write_async(handle, full.data(), 4096, 30'000, Completion::done, &write), CONVEYOR_PENDING);
  REQUIRE(backend.wait_pending(CONVEYOR_IO_READ));
  conveyor_t *raw = handle.release();
  REQUIRE_EQ(conveyor_close_async(raw, Completion::done, &closed), CONVEYOR_PENDING);
  CHECK_EQ(read.result(), -EBADF);  // the backend has not answered yet
  CHECK_EQ(write.result(), -EBADF);
  buffer.reset();
  CHECK(!closed.is_done());
  backend.complete_inside_submit(true);
  backend.complete_all();
  CHECK_EQ(closed.result(), 0);
  CHECK_EQ(backend.bytes().size(), 24'096U);
  CHECK_EQ(read.times() + write.times() + closed.times(), 3);
}

TEST(c1, blocking_calls_over_a_backend_that_completes_from_other_threads) {
  ScriptedAsyncBackend backend(pattern(50'000, 1));
  AsyncHandle handle(backend);
  std::atomic<bool> stop{false};
  Background completer([&] {
    while (!stop) {
      backend.complete_all();
      std::this_thread::yield();
    }
    return 0;
  });
  CHECK_EQ(read_next(handle, 50'000), pattern(50'000, 1));
  REQUIRE(write_at(handle, pattern(1000, 2), 500));
  CHECK_EQ(ERRNO_OF(conveyor_sync(handle, 1)), 0);
  CHECK_EQ(backend.bytes().substr(500, 1000), pattern(1000, 2));
  CHECK_EQ(backend.submitted(CONVEYOR_IO_SYNC).at(0).data_only, 1U);
  CHECK_EQ(ERRNO_OF(conveyor_close(handle.release())), 0);
  stop = true;
  CHECK_EQ(completer.result(), 0);
}

TEST(f3, transient_asynchronous_errors_are_retried) {
  ScriptedAsyncBackend backend;
  Completion flush;
  AsyncHandle handle(backend);
  REQUIRE(write_at(handle, "abc", 0));
  REQUIRE_EQ(conveyor_flush_async(handle, Completion::done, &flush), CONVEYOR_PENDING);
  for (int i = 0; i < 3; ++i) {
    REQUIRE(backend.wait_pending(CONVEYOR_IO_WRITE));
    REQUIRE(backend.complete_with(CONVEYOR_IO_WRITE, -EINTR));
  }
  REQUIRE(backend.wait_pending(CONVEYOR_IO_WRITE));
  REQUIRE(backend.complete(CONVEYOR_IO_WRITE));
  CHECK_EQ(flush.result(), 0);
  CHECK_EQ(stats_of(handle).retries, 3U);
  CHECK_EQ(backend.bytes(), "abc");
  std::vector<std::uint64_t> ids;
  for (const conveyor_io_t &io : backend.submitted(CONVEYOR_IO_WRITE)) ids.push_back(io.id);
  std::sort(ids.begin(), ids.end());
  CHECK(std::adjacent_find(ids.begin(), ids.end()) == ids.end());  // an id is never used twice
}

TEST(f9, a_deadline_over_an_asynchronous_backend) {
  ScriptedAsyncBackend backend(pattern(1000, 1));
  conveyor_options_t options = patient_options();
  options.read_timeout_ms = 20;
  AsyncHandle handle(backend, O_RDONLY, options);
  auto buffer = std::make_unique<char[]>(100);
  CHECK_EQ(ERRNO_OF(conveyor_read(handle, buffer.get(), 100)), ETIMEDOUT);
  buffer.reset();
  backend.complete_inside_submit(true);
  backend.complete_all();
  std::string again(100, '\0');
  CHECK_EQ(repeated([&] { return conveyor_read(handle, again.data(), again.size()); }), 100);
  CHECK_EQ(again, pattern(100, 1));
}

}  // namespace
}  // namespace conveyor::test

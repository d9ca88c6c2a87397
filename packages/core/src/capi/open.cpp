// Handles: made and closed.
#include <sys/stat.h>
#include <unistd.h>

#include <new>

#include "backend/async_backend.hpp"
#include "backend/callback_backend.hpp"
#include "backend/fd_backend.hpp"
#include "capi/access.hpp"
#include "shell/runtime.hpp"

namespace conveyor {
namespace {

// Opens over what make() builds. No exception leaves it.
template <class Make>
int open_over(conveyor_t** out, int flags, const conveyor_options_t* options, uint64_t cursor, Make make) {
  EngineConfig config;
  HandleTimeouts timeouts;
  uint64_t token = 0;
  try {
    if (int error = configure(&config, &timeouts, flags, options)) return fail(-error);
    config.initial_cursor = cursor;
    std::unique_ptr<Backend> backend = make();
    if (config.keep_until_sync && !backend->traits().sync) return fail(ENOTSUP);
    if (int error = Handle::open(std::move(backend), config, timeouts, &token)) return fail(-error);
  } catch (const std::bad_alloc&) {
    return fail(ENOMEM);
  }
  *out = handle_of(token);
  return 0;
}

// Can this descriptor serve these flags? 0 or an errno.
int check_descriptor(int fd, int flags, off_t* position) {
  int fd_flags = fcntl(fd, F_GETFL);
  if (fd_flags < 0) return errno;
  if (fd_flags & O_PATH) return EBADF;
  int have = fd_flags & O_ACCMODE, want = flags & O_ACCMODE;
  bool reads = want != O_WRONLY, writes = want != O_RDONLY;
  if ((reads && have == O_WRONLY) || (writes && have == O_RDONLY)) return EBADF;
  struct stat status;
  if (fstat(fd, &status) != 0) return errno;
  if (S_ISDIR(status.st_mode)) return EISDIR;
  if (!S_ISREG(status.st_mode) && !S_ISBLK(status.st_mode)) return ESPIPE;
  // Linux's pwrite appends on such a descriptor whatever the offset; and O_DIRECT needs buffers that the rings do not
  // promise.
  if (writes && (fd_flags & O_APPEND) && !(flags & O_APPEND)) return EINVAL;
  if (fd_flags & O_DIRECT) return EINVAL;
  *position = lseek(fd, 0, SEEK_CUR);
  return *position < 0 ? errno : 0;
}

bool owns_fd(const conveyor_options_t* options) {
  auto known = options ? known_part(options) : std::nullopt;
  return known && known->owns_fd;
}

Request close_request() {
  Request request;
  request.kind = RequestKind::kClose;
  return request;
}

}  // namespace
}  // namespace conveyor

using namespace conveyor;

extern "C" {

int conveyor_create(conveyor_t** out, const conveyor_backend_t* backend, int flags, const conveyor_options_t* options) {
  if (!out) return fail(EINVAL);
  *out = nullptr;
  auto known = known_part(backend);
  if (!known) return fail(EINVAL);
  int mode = flags & O_ACCMODE;
  if ((mode != O_WRONLY && !known->pread) || (mode != O_RDONLY && !known->pwrite)) return fail(ENOTSUP);
  return open_over(out, flags, options, 0, [&] { return std::make_unique<CallbackBackend>(*known); });
}

int conveyor_create_async(conveyor_t** out, const conveyor_async_backend_t* backend, int flags,
                          const conveyor_options_t* options) {
  if (!out) return fail(EINVAL);
  *out = nullptr;
  auto known = known_part(backend);
  constexpr uint32_t kAll = CONVEYOR_CAN_APPEND | CONVEYOR_CAN_TRUNCATE | CONVEYOR_CAN_SYNC;
  if (!known || !known->submit || (known->capabilities & ~kAll)) return fail(EINVAL);
  return open_over(out, flags, options, 0,
                   [&] { return std::make_unique<AsyncBackend>(*known, Runtime::get().memory()); });
}

int conveyor_open_fd(conveyor_t** out, int fd, int flags, const conveyor_options_t* options) {
  if (!out) return fail(EINVAL);
  *out = nullptr;
  off_t position = 0;
  if (int error = check_descriptor(fd, flags, &position)) return fail(error);
  return open_over(out, flags, options, static_cast<uint64_t>(position),
                   [&] { return std::make_unique<FdBackend>(fd, owns_fd(options)); });
}

int conveyor_close(conveyor_t* handle) {
  Handle::Access access(token_of(handle));
  if (!access) return fail(EBADF);
  Request request = close_request();
  return static_cast<int>(answer(access->run(access, request)));
}

void conveyor_destroy(conveyor_t* handle) {
  int saved = errno;
  // Its caller cannot know that time ran out, and frees what the backend's calls still use.
  while (handle && conveyor_close(handle) != 0 && errno == ETIMEDOUT) {
  }
  errno = saved;
}
}

/* conveyor, asynchronous: the same handles and the same semantics for event loops, with backends that complete later.
 *
 * Over a descriptor a read takes what the page cache holds on the calling thread, and never waits there for a device.
 *
 * Application side: a *_async function returns its result at once when it can (>= 0), -1 with errno when it refuses,
 * or CONVEYOR_PENDING: then `done(arg, result)` is called exactly once, result being >= 0 or -errno. `done` runs on
 * whatever thread finished the operation, possibly before the *_async function has returned, never under a lock; it
 * must not block, and may call any *_async function. Buffers and iovec targets stay the caller's and valid until then
 * (the iovec array itself is copied). */
#ifndef CONVEYOR_CONVEYOR_ASYNC_H
#define CONVEYOR_CONVEYOR_ASYNC_H
#include <conveyor/conveyor.h>
#ifdef __cplusplus
extern "C" {
#endif

#define CONVEYOR_PENDING ((ssize_t)-2)
#define CONVEYOR_AT_CURSOR ((off_t)-1) /* as offset: use and move the handle's cursor */

typedef void (*conveyor_done_t)(void *arg, ssize_t result);

ssize_t conveyor_read_async(conveyor_t *handle, void *buf, size_t count, off_t offset, conveyor_done_t done, void *arg);
ssize_t conveyor_write_async(conveyor_t *handle, const void *buf, size_t count, off_t offset, conveyor_done_t done,
                             void *arg);
ssize_t conveyor_readv_async(conveyor_t *handle, const struct iovec *iov, int iovcnt, off_t offset,
                             conveyor_done_t done, void *arg);
ssize_t conveyor_writev_async(conveyor_t *handle, const struct iovec *iov, int iovcnt, off_t offset,
                              conveyor_done_t done, void *arg);
ssize_t conveyor_lseek_async(conveyor_t *handle, off_t offset, int whence, conveyor_done_t done, void *arg);
ssize_t conveyor_size_async(conveyor_t *handle, conveyor_done_t done, void *arg);
ssize_t conveyor_truncate_async(conveyor_t *handle, off_t size, conveyor_done_t done, void *arg);
ssize_t conveyor_flush_async(conveyor_t *handle, conveyor_done_t done, void *arg);
ssize_t conveyor_sync_async(conveyor_t *handle, int data_only, conveyor_done_t done, void *arg);
/* As conveyor_close; the handle is gone when `done` runs, or when the call returned other than CONVEYOR_PENDING. */
ssize_t conveyor_close_async(conveyor_t *handle, conveyor_done_t done, void *arg);
/* Cancels pending operations whose done argument is `arg`: each ends with -ECANCELED unless it finished first.
 * Returns how many. */
int conveyor_cancel(conveyor_t *handle, const void *arg);

/* Backend side: `submit` starts one operation and returns without blocking; later, from any thread, maybe inside
 * `submit`, conveyor_complete reports it exactly once. `io` and its buffer are valid until then. */
enum conveyor_io_kind {
  CONVEYOR_IO_READ = 1,     /* fill buffer from offset; result: bytes, fewer than count only at end of file */
  CONVEYOR_IO_WRITE = 2,    /* write buffer at offset; result: bytes, a short count is continued */
  CONVEYOR_IO_APPEND = 3,   /* write buffer at the end of file, atomically; result: bytes */
  CONVEYOR_IO_SIZE = 4,     /* result: size of the file */
  CONVEYOR_IO_TRUNCATE = 5, /* to offset; result: 0 */
  CONVEYOR_IO_SYNC = 6,     /* result: 0 */
  CONVEYOR_IO_CLOSE = 7     /* result: 0; the last operation a backend sees */
};
typedef struct conveyor_io {
  uint64_t id;        /* never reused within a process */
  uint32_t kind;      /* enum conveyor_io_kind */
  uint32_t data_only; /* of CONVEYOR_IO_SYNC */
  void *buffer;       /* READ: to fill; WRITE and APPEND: to read only */
  size_t count;
  off_t offset;
} conveyor_io_t;

enum conveyor_capability { CONVEYOR_CAN_APPEND = 1, CONVEYOR_CAN_TRUNCATE = 2, CONVEYOR_CAN_SYNC = 4 };
typedef struct conveyor_async_backend {
  uint32_t struct_size;
  uint32_t capabilities; /* enum conveyor_capability, or-ed */
  void *ctx;
  void (*submit)(void *ctx, const conveyor_io_t *io); /* called from any thread, never under a lock */
  int (*retryable)(void *ctx, int error); /* optional: 1 = transient [F3]; may neither block nor call conveyor */
} conveyor_async_backend_t;

/* As conveyor_create, over an asynchronous backend. CONVEYOR_IO_CLOSE is submitted once, by conveyor_close. */
int conveyor_create_async(conveyor_t **out, const conveyor_async_backend_t *backend, int flags,
                          const conveyor_options_t *options);
/* Completes operation `id` of `handle`: result >= 0, or -errno. A result larger than count is taken as EIO. EINVAL
 * when no such operation is in flight (completed twice, or never submitted): nothing changes. */
int conveyor_complete(conveyor_t *handle, uint64_t id, ssize_t result);

#ifdef __cplusplus
}
#endif
#endif

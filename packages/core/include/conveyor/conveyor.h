/* conveyor: write-behind and read-ahead rings between a program and its storage. C11 and C++20.
 *
 * Conventions. Functions that return int give 0, or -1 with errno; ssize_t and off_t ones give -1 with errno. Structs
 * start with struct_size = sizeof of what the caller compiled; fields past it count as 0. Offsets and sizes are
 * bytes. Threads: every function may be called from any thread at any time; none may start after conveyor_close
 * returned (one that does is EBADF, never a crash). No lock is held while a backend runs. After fork, the child's
 * inherited handles are EBADF. Semantics: docs/SEMANTICS.md, whose clause numbers stand in brackets. */
#ifndef CONVEYOR_CONVEYOR_H
#define CONVEYOR_CONVEYOR_H
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <conveyor/stats.h>
#ifdef __cplusplus
extern "C" {
#endif

#define CONVEYOR_VERSION "0.1.0"
#define CONVEYOR_UNBUFFERED ((size_t)-1) /* as *_capacity_max: no ring on that side, operations pass through */

typedef struct conveyor_handle conveyor_t;

/* A storage file as blocking callbacks, called from pool threads; several may run at once. Each returns a count, a
 * size or 0, or -errno. pread returns 0 only at end of file; a short count is continued. A pointer left NULL is
 * ENOTSUP when asked for, except close, append (size-then-write instead) and sync (nothing to do). `close` is called
 * once, by conveyor_close. */
typedef struct conveyor_backend {
  uint32_t struct_size;
  void *ctx;
  ssize_t (*pread)(void *ctx, void *buf, size_t count, off_t offset);
  ssize_t (*pwrite)(void *ctx, const void *buf, size_t count, off_t offset);
  off_t (*size)(void *ctx);
  ssize_t (*append)(void *ctx, const void *buf, size_t count); /* optional; atomic for one call      [W9] */
  int (*truncate)(void *ctx, off_t size);                      /* optional                           [P4] */
  int (*sync)(void *ctx, int data_only);                       /* optional                           [F2] */
  int (*close)(void *ctx);                                     /* optional                                */
  int (*retryable)(void *ctx, int error); /* optional: 1 = transient; may neither block nor call conveyor  [F3] */
} conveyor_backend_t;

enum conveyor_large_write { CONVEYOR_LARGE_WRITE_REFUSE = 0, CONVEYOR_LARGE_WRITE_SPLIT = 1 }; /*  [W7] */
enum conveyor_adaptation { CONVEYOR_ADAPTIVE_DEFAULT = 0, CONVEYOR_ADAPTIVE_ON = 1, CONVEYOR_ADAPTIVE_OFF = 2 };
enum conveyor_durability { CONVEYOR_STORED = 0, CONVEYOR_STAGED = 1, CONVEYOR_MEMORY = 2 }; /*  [F10] */

/* Zero in a field is its default, given in parentheses. Nonsense is EINVAL; what this build lacks is ENOTSUP. */
typedef struct conveyor_options {
  uint32_t struct_size;
  uint32_t read_depth;           /* backend reads in flight per handle (4, adaptive), 1..64           [R3] */
  uint32_t write_depth;          /* backend writes in flight per handle (4, adaptive), 1..64          [W4] */
  uint32_t max_dirty_ms;         /* accepted bytes start to land after at most this age (100)        [W10] */
  uint32_t write_timeout_ms;     /* a writer waits this long for room, then ETIMEDOUT (for ever)      [W6] */
  uint32_t read_timeout_ms;      /* a reader waits this long for the backend (for ever)               [F9] */
  uint32_t flush_timeout_ms;     /* flush, sync, truncate, close wait this long (for ever)            [F9] */
  uint32_t retry_deadline_ms;    /* transient errors are retried this long (10000)                    [F3] */
  uint32_t tick_ms;              /* period of adaptation (1000)                                       [A1] */
  uint32_t depth_max;            /* bound on what adaptation makes of both depths (64), 1..64         [A1] */
  uint32_t large_write;          /* enum conveyor_large_write                                         [W7] */
  uint32_t nonblocking;          /* 1: EAGAIN instead of waiting for ring space                       [W6] */
  uint32_t keep_until_sync;      /* 1: landed bytes stay in the ring until a sync succeeded           [F2] */
  uint32_t durability;           /* enum conveyor_durability: what sync promises                     [F10] */
  uint32_t adaptive;             /* enum conveyor_adaptation (on); options given here stay as they are [A1] */
  uint32_t journal_sync;         /* reserved for the journal; must be 0 in this version               [F7] */
  uint32_t owns_fd;              /* conveyor_open_fd: 1 = conveyor_close closes the descriptor (0)         */
  size_t write_capacity_initial; /* first size of the write ring (64 KiB); memory comes in powers of two [W6] */
  size_t write_capacity_max;     /* its bound (8 MiB), exact, or CONVEYOR_UNBUFFERED                  [W7] */
  size_t read_capacity_initial;  /* first window of a reader (128 KiB)                                [R3] */
  size_t read_capacity_max;      /* bound on all windows of the handle (8 MiB), or CONVEYOR_UNBUFFERED     */
  size_t max_io;                 /* largest coalesced backend operation (1 MiB, adaptive), 4 KiB..1 GiB [W5] */
  size_t flush_threshold;        /* landing begins when so much is queued (max_io, adaptive), <= max_io [W5] */
  size_t read_align;             /* reads of the backend start and end on multiples of this (1)       [R3] */
  const char *journal_path;      /* reserved for the journal; must be NULL in this version            [F7] */
  const char *spill_dir;         /* reserved for the journal; must be NULL in this version            [F5] */
} conveyor_options_t;

/* What a drain left behind; struct_size first. */
typedef struct conveyor_drain_left {
  uint32_t struct_size;
  uint32_t handles;   /* handles that still have accepted bytes which have not landed */
  uint64_t bytes;     /* those bytes */
  uint64_t oldest_ms; /* how long ago the oldest of them was accepted */
} conveyor_drain_t;

/* Process-wide limits; 0 = default. */
typedef struct conveyor_runtime {
  uint32_t struct_size;
  uint32_t worker_threads; /* pool threads, started on demand (6), 1..256 */
  uint64_t memory_budget;  /* bytes of all rings of all handles (256 MiB), at least 1 MiB */
} conveyor_runtime_t;

/* Fills in struct_size and zeros, which are the defaults. */
void conveyor_options_init(conveyor_options_t *options);
/* Sets the process-wide limits before the first handle; EBUSY afterwards, EINVAL for nonsense. */
int conveyor_runtime_configure(const conveyor_runtime_t *runtime);

/* Opens a handle over a backend. flags: O_RDONLY, O_WRONLY or O_RDWR [P1], with O_APPEND [W9]; O_CREAT and O_TRUNC
 * are the opener's business and ignored [P5]. Errors: EINVAL, ENOTSUP, ENOMEM. On error *out is NULL and the backend
 * is untouched. */
int conveyor_create(conveyor_t **out, const conveyor_backend_t *backend, int flags, const conveyor_options_t *options);
/* Opens a handle over a descriptor of a regular file or block device; starts at the descriptor's position. The
 * descriptor stays the caller's (close it after conveyor_close) unless owns_fd. Errors: EBADF (also when its mode
 * does not allow flags), ESPIPE for pipes and sockets, EISDIR, EINVAL (O_APPEND on the descriptor but not in flags). */
int conveyor_open_fd(conveyor_t **out, int fd, int flags, const conveyor_options_t *options);

/* As read(2), write(2) and family. Writes return when the bytes are accepted [W1]; a sticky error of an earlier write
 * is returned by the next write, flush, sync, close [F4]. Errors: EBADF, EFAULT (NULL buffer), EINVAL, EFBIG,
 * EMSGSIZE [W7], EAGAIN, ETIMEDOUT [W6], and the backend's. */
ssize_t conveyor_read(conveyor_t *handle, void *buf, size_t count);
ssize_t conveyor_write(conveyor_t *handle, const void *buf, size_t count);
ssize_t conveyor_pread(conveyor_t *handle, void *buf, size_t count, off_t offset);
ssize_t conveyor_pwrite(conveyor_t *handle, const void *buf, size_t count, off_t offset);
ssize_t conveyor_readv(conveyor_t *handle, const struct iovec *iov, int iovcnt);
ssize_t conveyor_writev(conveyor_t *handle, const struct iovec *iov, int iovcnt);
ssize_t conveyor_preadv(conveyor_t *handle, const struct iovec *iov, int iovcnt, off_t offset);
ssize_t conveyor_pwritev(conveyor_t *handle, const struct iovec *iov, int iovcnt, off_t offset);
/* Moves the cursor: SEEK_SET, SEEK_CUR, SEEK_END; a negative result is EINVAL and moves nothing [P2]. */
off_t conveyor_lseek(conveyor_t *handle, off_t offset, int whence);
/* End of file: max(backend size, end of the last accepted byte), asked anew [R1]. */
off_t conveyor_size(conveyor_t *handle);
int conveyor_truncate(conveyor_t *handle, off_t size); /*  [P4] */

int conveyor_flush(conveyor_t *handle); /* waits until all accepted bytes have landed [F1] */
int conveyor_sync(conveyor_t *handle, int data_only); /* flush, then the backend's sync [F2] */
/* Flushes all handles of the process; at most timeout_ms (-1: no limit). Fills *left (may be NULL) with what is left;
 * ETIMEDOUT, or EIO when a handle's error keeps bytes from landing. [F9] */
int conveyor_drain(int timeout_ms, conveyor_drain_t *left);
int conveyor_prefetch(conveyor_t *handle, off_t offset, size_t count); /* starts reading ahead; returns at once [R3] */
int conveyor_invalidate(conveyor_t *handle); /* forgets what was read ahead: the file changed elsewhere [R6] */

/* Window since the last call (reset by it) and totals (never reset). [O1] */
int conveyor_get_stats(conveyor_t *handle, conveyor_stats_t *stats);
int conveyor_last_error(conveyor_t *handle); /* errno of the sticky error, 0 if none; -1 and errno EBADF [F4] */
int conveyor_error_info(conveyor_t *handle, conveyor_error_t *error); /* the same with its byte range [F8] */
int conveyor_clear_error(conveyor_t *handle); /* re-arms the handle and tries the kept bytes again [F4] */

/* Refuses new operations, wakes waiting ones with EBADF, flushes, frees. If bytes cannot land it returns the error
 * and they are lost with the handle: conveyor_last_error and conveyor_clear_error come before. ETIMEDOUT
 * (flush_timeout_ms) leaves it open. [F5] */
int conveyor_close(conveyor_t *handle);
void conveyor_destroy(conveyor_t *handle); /* conveyor_close without a result or a deadline; NULL is allowed */
const char *conveyor_version(void);

#ifdef __cplusplus
}
#endif
#endif

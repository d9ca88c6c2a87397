/* conveyor: what a handle counts. Window fields restart at each conveyor_get_stats, totals never [O1]. Times are
 * nanoseconds, sizes bytes. Struct sizes may grow in later versions: struct_size says what the caller knows. */
#ifndef CONVEYOR_STATS_H
#define CONVEYOR_STATS_H
#include <stdint.h>
#ifdef __cplusplus
extern "C" {
#endif

/* Percentiles of one kind of operation, upper bounds within 1/16 of the value; zero when count is zero. */
typedef struct conveyor_latency {
  uint64_t count, mean_ns, p50_ns, p90_ns, p99_ns, p999_ns, max_ns;
} conveyor_latency_t;

typedef struct conveyor_stats {
  uint32_t struct_size;
  int32_t sticky_error;                /* errno of the sticky error, 0 if none [F4] */
  /* window */
  uint64_t window_bytes_read;          /* by the application */
  uint64_t window_bytes_written;
  uint64_t window_backend_read_ns_avg; /* average latency of a backend read, 0 if there was none */
  uint64_t window_backend_write_ns_avg;
  uint64_t window_congestions;         /* operations that had to wait for ring space */
  /* totals */
  uint64_t reads, writes;              /* application operations that succeeded */
  uint64_t bytes_read, bytes_written;
  uint64_t read_hits, read_misses;     /* reads served from memory, and those that waited for the backend */
  uint64_t backend_reads, backend_writes, backend_others;
  uint64_t backend_bytes_read, backend_bytes_written;
  uint64_t retries;                    /* of transient backend errors [F3] */
  uint64_t rewrites_in_place;          /* bytes replaced while still queued [W5] */
  uint64_t stalls, stall_ns;           /* waits for ring space and their sum */
  uint64_t unreported_errors;          /* write-behind errors nobody has been told of yet [F8] */
  /* now */
  uint64_t dirty_bytes;                /* accepted, not landed */
  uint64_t write_capacity;             /* current size of the write ring */
  uint64_t window_bytes;               /* held by read-ahead */
  uint64_t max_io, flush_threshold, window_limit; /* in force, options and adaptation together [A1] */
  uint64_t write_depth, read_depth;
  uint64_t adaptations;                /* how often adaptation has changed one of these five, total */
  double coalescing_ratio;             /* application writes per backend write, totals; 0 if there was none */
  conveyor_latency_t app_read, app_write; /* operations that had to wait; those served at once are not timed [O2] */
  conveyor_latency_t app_other;           /* flush, sync, truncate, size, seek that had to wait */
  conveyor_latency_t backend_read, backend_write, backend_other;
  uint64_t dirty_age_ns; /* since the oldest byte of dirty_bytes was accepted; 0 if there is none */
} conveyor_stats_t;

/* The sticky error and the bytes it concerns [F8]. */
typedef struct conveyor_error {
  uint32_t struct_size;
  int32_t error;      /* errno, 0 if none */
  uint32_t operation; /* enum conveyor_io_kind of conveyor_async.h */
  uint32_t retries;   /* tries before it was given up */
  int64_t offset;     /* first byte of the failed range, -1 when it has none (sync, append) */
  uint64_t length;    /* its bytes */
} conveyor_error_t;

#ifdef __cplusplus
}
#endif
#endif

/* conveyor: looks at a handle that disturb nobody, for exporters and monitors beside the program's own
 * conveyor_get_stats. Threads: any. Errors: EBADF, EFAULT, EINVAL. [O3] */
#ifndef CONVEYOR_CONVEYOR_OBSERVE_H
#define CONVEYOR_CONVEYOR_OBSERVE_H
#include <conveyor/conveyor.h>
#ifdef __cplusplus
extern "C" {
#endif

/* As conveyor_get_stats, but the window goes on. */
int conveyor_peek_stats(conveyor_t *handle, conveyor_stats_t *stats);

/* The latencies that conveyor_stats_t gives percentiles of. */
enum conveyor_histogram_of {
  CONVEYOR_APP_READ = 0,
  CONVEYOR_APP_WRITE = 1,
  CONVEYOR_APP_OTHER = 2,
  CONVEYOR_BACKEND_READ = 3,
  CONVEYOR_BACKEND_WRITE = 4,
  CONVEYOR_BACKEND_OTHER = 5
};

#define CONVEYOR_HISTOGRAM_BUCKETS 592

/* Since the handle was opened, in nanoseconds. Buckets have 16 steps per power of two: bucket i < 16 holds the value i,
 * any other with s = i / 16 - 1 the values from (16 + i % 16) << s to ((17 + i % 16) << s) - 1. Histograms of several
 * handles add up, bucket by bucket. Buckets count modulo 2^32; values above 2^40 (18 minutes) count as that. */
typedef struct conveyor_histogram {
  uint32_t struct_size;
  uint32_t reserved; /* 0 */
  uint64_t count, sum_ns, max_ns;
  uint32_t buckets[CONVEYOR_HISTOGRAM_BUCKETS];
} conveyor_histogram_t;

/* which: enum conveyor_histogram_of. Without a value all is 0. */
int conveyor_get_histogram(conveyor_t *handle, int which, conveyor_histogram_t *histogram);

#ifdef __cplusplus
}
#endif
#endif

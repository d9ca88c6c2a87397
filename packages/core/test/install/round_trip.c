/* A C11 program over the installed library: a round trip through a backend of its own and through a descriptor. */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <conveyor/conveyor.h>
#include <conveyor/conveyor_async.h>
#include <conveyor/stats.h>

struct memory_file {
  char bytes[65536];
  size_t size;
};

static ssize_t memory_pread(void *ctx, void *buf, size_t count, off_t offset) {
  const struct memory_file *file = ctx;
  const size_t at = (size_t)offset;
  if (at >= file->size) return 0;
  if (count > file->size - at) count = file->size - at;
  memcpy(buf, file->bytes + at, count);
  return (ssize_t)count;
}

static ssize_t memory_pwrite(void *ctx, const void *buf, size_t count, off_t offset) {
  struct memory_file *file = ctx;
  const size_t end = (size_t)offset + count;
  if (end > sizeof file->bytes) return -ENOSPC;
  memcpy(file->bytes + offset, buf, count);
  if (end > file->size) file->size = end;
  return (ssize_t)count;
}

static off_t memory_size(void *ctx) {
  const struct memory_file *file = ctx;
  return (off_t)file->size;
}

static int fail(const char *what) {
  fprintf(stderr, "%s: errno %d\n", what, errno);
  return 1;
}

static int round_trip(conveyor_t *handle) {
  char read_back[10] = "";
  conveyor_stats_t stats;
  if (conveyor_write(handle, "0123456789", 10) != 10) return fail("write");
  if (conveyor_lseek(handle, -6, SEEK_CUR) != 4) return fail("lseek");
  if (conveyor_read(handle, read_back, sizeof read_back) != 6) return fail("read");
  if (memcmp(read_back, "456789", 6) != 0) return fail("read bytes");
  memset(&stats, 0, sizeof stats);
  stats.struct_size = sizeof stats;
  if (conveyor_get_stats(handle, &stats) != 0 || stats.bytes_written != 10) return fail("get_stats");
  if (conveyor_sync(handle, 0) != 0) return fail("sync");
  if (conveyor_close(handle) != 0) return fail("close");
  return 0;
}

int main(void) {
  static struct memory_file memory;
  conveyor_backend_t backend;
  conveyor_options_t options;
  conveyor_t *handle = NULL;
  char path[] = "/tmp/conveyor-installed-XXXXXX";
  int fd;

  memset(&backend, 0, sizeof backend);
  backend.struct_size = sizeof backend;
  backend.ctx = &memory;
  backend.pread = memory_pread;
  backend.pwrite = memory_pwrite;
  backend.size = memory_size;
  conveyor_options_init(&options);
  options.max_dirty_ms = 10;
  if (conveyor_create(&handle, &backend, O_RDWR, &options) != 0) return fail("create");
  if (round_trip(handle) != 0) return 1;
  if (memory.size != 10 || memcmp(memory.bytes, "0123456789", 10) != 0) return fail("memory");

  fd = mkstemp(path);
  if (fd < 0) return fail("mkstemp");
  unlink(path);
  if (conveyor_open_fd(&handle, fd, O_RDWR, NULL) != 0) return fail("open_fd");
  if (round_trip(handle) != 0) return 1;
  if (lseek(fd, 0, SEEK_END) != 10) return fail("file");
  close(fd);
  if (strcmp(conveyor_version(), CONVEYOR_VERSION) != 0) return fail("version");
  printf("round trip with %s\n", conveyor_version());
  return 0;
}

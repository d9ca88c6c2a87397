// Must be stopped by ThreadSanitizer: a backend callback on a pool thread and the caller touch one counter without
// any order between them.
#include <conveyor/conveyor.h>

namespace {

struct Counter {
  long calls = 0;
};

ssize_t read_nothing(void *, void *, size_t, off_t) { return 0; }
off_t size_zero(void *) { return 0; }

ssize_t count_write(void *ctx, const void *, size_t count, off_t) {
  static_cast<Counter *>(ctx)->calls += 1;
  return static_cast<ssize_t>(count);
}

}  // namespace

int main() {
  for (int round = 0; round < 1000; ++round) {
    Counter counter;
    conveyor_backend_t backend{};
    backend.struct_size = sizeof backend;
    backend.ctx = &counter;
    backend.pread = read_nothing;
    backend.pwrite = count_write;
    backend.size = size_zero;
    conveyor_options_t options;
    conveyor_options_init(&options);
    options.write_capacity_initial = 4096;
    options.write_capacity_max = 4096;
    conveyor_t *handle = nullptr;
    if (conveyor_create(&handle, &backend, O_RDWR, &options) != 0) return 0;
    char block[4096] = {};
    for (off_t at = 0; at < 8; ++at) {
      conveyor_pwrite(handle, block, sizeof block, at * 4096);
      counter.calls += 1;
    }
    conveyor_destroy(handle);
  }
  return 0;
}

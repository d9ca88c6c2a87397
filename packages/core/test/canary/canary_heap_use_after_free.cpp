// Must be stopped by AddressSanitizer: a backend, on a pool thread, reads a context that is gone.
#include <conveyor/conveyor.h>

namespace {

ssize_t read_nothing(void *, void *, size_t, off_t) { return 0; }
off_t size_zero(void *) { return 0; }

ssize_t count_write(void *ctx, const void *, size_t count, off_t) {
  volatile long *calls = static_cast<volatile long *>(ctx);
  *calls = *calls + 1;
  return static_cast<ssize_t>(count);
}

}  // namespace

int main() {
  conveyor_backend_t backend{};
  backend.struct_size = sizeof backend;
  long *calls = new long(0);
  backend.ctx = calls;
  backend.pread = read_nothing;
  backend.pwrite = count_write;
  backend.size = size_zero;
  conveyor_t *handle = nullptr;
  if (conveyor_create(&handle, &backend, O_RDWR, nullptr) != 0) return 0;
  conveyor_write(handle, "abc", 3);
  delete calls;
  conveyor_destroy(handle);
  return 0;
}

// Must be stopped by AddressSanitizer: the engine is told that a buffer is one byte longer than it is.
#include <memory>

#include <conveyor/conveyor.h>

namespace {

ssize_t read_letters(void *, void *buf, size_t count, off_t) {
  for (size_t i = 0; i < count; ++i) static_cast<char *>(buf)[i] = 'x';
  return static_cast<ssize_t>(count);
}
ssize_t swallow(void *, const void *, size_t count, off_t) { return static_cast<ssize_t>(count); }
off_t size_large(void *) { return 1 << 20; }

}  // namespace

int main() {
  conveyor_backend_t backend{};
  backend.struct_size = sizeof backend;
  backend.pread = read_letters;
  backend.pwrite = swallow;
  backend.size = size_large;
  conveyor_t *handle = nullptr;
  if (conveyor_create(&handle, &backend, O_RDWR, nullptr) != 0) return 0;
  const auto buffer = std::make_unique<char[]>(100);
  conveyor_pread(handle, buffer.get(), 101, 0);
  conveyor_destroy(handle);
  return 0;
}

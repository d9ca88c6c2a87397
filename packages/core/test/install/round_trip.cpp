// A C++20 program over the installed library: a namespace of the library's own name, and a round trip.
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include <unistd.h>

#include <conveyor/conveyor.h>
#include <conveyor/conveyor_async.h>
#include <conveyor/stats.h>

namespace conveyor {

struct Closer {
  conveyor_t *handle;
  ~Closer() { conveyor_destroy(handle); }
};

}  // namespace conveyor

int main() {
  char path[] = "/tmp/conveyor-installed-XXXXXX";
  const int fd = mkstemp(path);
  if (fd < 0) return 1;
  unlink(path);
  conveyor_options_t options;
  conveyor_options_init(&options);
  options.owns_fd = 1;
  conveyor_t *handle = nullptr;
  if (conveyor_open_fd(&handle, fd, O_RDWR, &options) != 0) return 2;
  const conveyor::Closer closer{handle};
  constexpr std::string_view kText = "conveyor";
  for (int i = 0; i < 1000; ++i) {
    if (conveyor_write(handle, kText.data(), kText.size()) != static_cast<ssize_t>(kText.size())) return 3;
  }
  std::string read_back(8000, '\0');
  if (conveyor_pread(handle, read_back.data(), read_back.size(), 0) != 8000) return 4;
  for (std::size_t at = 0; at < read_back.size(); at += kText.size()) {
    if (read_back.compare(at, kText.size(), kText) != 0) return 5;
  }
  if (conveyor_flush(handle) != 0) return 6;
  std::printf("round trip with %s\n", conveyor_version());
  return 0;
}

#include "file_system.hpp"

#include <sys/vfs.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <iterator>

namespace conveyor::locking {

namespace {

/// linux/magic.h and the file systems' own sources.
constexpr int64_t kWithoutFlock[] = {
    0x6969,      // NFS
    0x517b,      // SMB
    0xff534d42,  // CIFS
    0xfe534d42,  // SMB2
    0x5346414f,  // AFS (OpenAFS)
    0x6b414653,  // AFS (in the kernel)
    0x73757245,  // Coda
    0x564c,      // NCP
    0x01021997,  // 9P
};

std::atomic<FileSystemProbe> probe_in_use{&probe_file_system};

}  // namespace

int64_t probe_file_system(int fd) {
  struct statfs status;
  if (::fstatfs(fd, &status) != 0) return -errno;
  return static_cast<int64_t>(static_cast<uint32_t>(status.f_type));
}

FileSystemProbe replace_file_system_probe(FileSystemProbe probe) { return probe_in_use.exchange(probe); }

int check_flock_excludes(int fd) {
  const int64_t type = probe_in_use.load()(fd);
  if (type < 0) return static_cast<int>(type);
  const bool is_without =
      std::find(std::begin(kWithoutFlock), std::end(kWithoutFlock), type) != std::end(kWithoutFlock);
  return is_without ? -ENOTSUP : 0;
}

}  // namespace conveyor::locking

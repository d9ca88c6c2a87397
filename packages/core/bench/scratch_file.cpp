#include "scratch_file.hpp"

#include <algorithm>
#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace conveyor::bench {
namespace {

constexpr std::size_t kChunkBytes = 1 << 20;

int made = 0;  // by this process; all by its main thread

}  // namespace

void fail(const char* what) { throw std::system_error(errno ? errno : EIO, std::generic_category(), what); }

ScratchFile::ScratchFile(const std::string& directory)
    : path_(directory + "/core-bench-" + std::to_string(getpid()) + "-" + std::to_string(made++) + ".scratch") {
  open_new();
}

ScratchFile::~ScratchFile() {
  if (fd_ >= 0) close(fd_);
  unlink(path_.c_str());
}

void ScratchFile::open_new() {
  fd_ = open(path_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd_ < 0) fail("open a scratch file");
}

void ScratchFile::recreate() {
  close(fd_);
  fd_ = -1;
  if (unlink(path_.c_str()) != 0) fail("unlink");
  open_new();
}

void ScratchFile::rewind() const {
  if (lseek(fd_, 0, SEEK_SET) != 0) fail("lseek");
}

void ScratchFile::fill(Pattern& pattern, std::uint64_t bytes, std::size_t block) const {
  for (std::uint64_t index = 0; index < bytes / block; ++index) {
    require_whole(pwrite(fd_, pattern.block(index), block, static_cast<off_t>(index * block)), block, "pwrite");
  }
}

void ScratchFile::require_content(Pattern& pattern, std::uint64_t bytes, std::size_t block) const {
  struct stat status {};
  if (fstat(fd_, &status) != 0) fail("fstat");
  const auto size = static_cast<std::uint64_t>(status.st_size);
  if (size != bytes) throw Mismatch(std::min(size, bytes), "the file has " + std::to_string(size) + " bytes");
  std::vector<std::byte> chunk(std::max(block, kChunkBytes / block * block));
  for (std::uint64_t at = 0; at < bytes; at += chunk.size()) {
    const std::size_t count = static_cast<std::size_t>(std::min<std::uint64_t>(chunk.size(), bytes - at));
    require_whole(pread(fd_, chunk.data(), count, static_cast<off_t>(at)), count, "pread");
    pattern.require_equal({chunk.data(), count}, at / block);
  }
}

}  // namespace conveyor::bench

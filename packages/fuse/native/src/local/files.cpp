// Open files and their bytes.
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <memory>

#include "caller.hpp"
#include "local_file_system.hpp"

namespace conveyor::mount {

namespace {

constexpr size_t kRequestMax = 1U << 20;
constexpr int64_t kNsPerS = 1'000'000'000;
/// Clocks of file systems tick every 10 ms at the slowest that Linux has: what changed longer ago than a few ticks
/// would show a later change.
constexpr int64_t kSettledNs = 50'000'000;

int descriptor_in(const fuse_file_info* file) { return static_cast<int>(file->fh); }

/// O_DIRECT concerns the kernel's copy of the bytes; here their place in memory would have to fit as well.
int flags_for(int flags) { return (flags & ~(O_DIRECT | O_NOFOLLOW)) | O_CLOEXEC; }

/// Memory that the thread reads into; without it every large answer would fault in fresh pages.
char* read_buffer() {
  struct Free {
    void operator()(void* memory) const { std::free(memory); }
  };
  thread_local const std::unique_ptr<void, Free> memory(std::aligned_alloc(4096, kRequestMax));
  return static_cast<char*>(memory.get());
}

ssize_t read_all(int descriptor, char* into, size_t size, off_t offset) {
  size_t done = 0;
  while (done < size) {
    const ssize_t count = pread(descriptor, into + done, size - done, offset + static_cast<off_t>(done));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return -errno;
    if (count == 0) break;
    done += static_cast<size_t>(count);
  }
  return static_cast<ssize_t>(done);
}

/// Short only where an error came after some bytes: whoever asks for the rest meets it.
ssize_t write_all(int descriptor, const char* from, size_t size, off_t offset) {
  size_t done = 0;
  while (done < size) {
    const ssize_t count = pwrite(descriptor, from + done, size - done, offset + static_cast<off_t>(done));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return done > 0 ? static_cast<ssize_t>(done) : -errno;
    done += static_cast<size_t>(count);
  }
  return static_cast<ssize_t>(done);
}

int64_t ns_of(const timespec& time) { return time.tv_sec * kNsPerS + time.tv_nsec; }

/// Two states of a file that differ have, but for a coincidence, different versions. 0: it changed a moment ago.
uint64_t version_of(const struct stat& found) {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  const int64_t changed = std::max(ns_of(found.st_ctim), ns_of(found.st_mtim));
  if (ns_of(now) - changed < kSettledNs) return 0;
  const auto mix = static_cast<uint64_t>(ns_of(found.st_ctim)) * 0x9E3779B97F4A7C15ULL;
  return (mix ^ static_cast<uint64_t>(ns_of(found.st_mtim)) ^ static_cast<uint64_t>(found.st_size) << 20) | 1;
}

}  // namespace

/// Close to open: what the kernel has in memory of a file stays only if the file is as it was when those bytes came.
void LocalFileSystem::remember_version(Inode& inode, int descriptor, fuse_file_info& file) const {
  struct stat found {};
  const uint64_t version = fstat(descriptor, &found) == 0 ? version_of(found) : 0;
  const uint64_t before = inode.cached_version.exchange(version, std::memory_order_relaxed);
  file.keep_cache = version != 0 && version == before ? 1 : 0;
}

void LocalFileSystem::create(fuse_req_t request, fuse_ino_t parent, const char* name, mode_t mode,
                             fuse_file_info* file) {
  use_umask(umask_for(request));
  int descriptor = -1;
  int error = 0;
  {
    const AsCaller caller(request, !presentation().maps_owners());
    error = caller.error();
    if (error == 0) {
      descriptor = openat(descriptor_of(parent), name, flags_for(file->flags) | O_CREAT, mode);
      error = error_of(descriptor);
    }
  }
  fuse_entry_param entry{};
  if (error == 0) error = find_open(descriptor, entry);
  if (error != 0) {
    if (descriptor >= 0) close(descriptor);
    fuse_reply_err(request, error);
    return;
  }
  file->fh = static_cast<uint64_t>(descriptor);
  if (fuse_reply_create(request, &entry, file) != 0) {
    close(descriptor);
    inodes_.forget(entry.ino, 1);
  }
}

void LocalFileSystem::open(fuse_req_t request, fuse_ino_t node, fuse_file_info* file) {
  Inode& inode = inodes_.at(node);
  const int descriptor = ::open(ProcPath(inode.descriptor), flags_for(file->flags) & ~(O_CREAT | O_EXCL));
  if (descriptor < 0) {
    fuse_reply_err(request, errno);
    return;
  }
  remember_version(inode, descriptor, *file);
  // Whoever only reads has nothing to be told at close.
  file->noflush = (file->flags & O_ACCMODE) == O_RDONLY ? 1 : 0;
  file->fh = static_cast<uint64_t>(descriptor);
  if (fuse_reply_open(request, file) != 0) close(descriptor);
}

void LocalFileSystem::read(fuse_req_t request, fuse_ino_t, size_t size, off_t offset, fuse_file_info* file) {
  char* const buffer = read_buffer();
  if (buffer == nullptr) {
    fuse_reply_err(request, ENOMEM);
    return;
  }
  const ssize_t count = read_all(descriptor_in(file), buffer, std::min(size, kRequestMax), offset);
  if (count < 0) {
    fuse_reply_err(request, static_cast<int>(-count));
  } else {
    fuse_reply_buf(request, buffer, static_cast<size_t>(count));
  }
}

void LocalFileSystem::write(fuse_req_t request, fuse_ino_t, fuse_bufvec* bytes, off_t offset, fuse_file_info* file) {
  const size_t size = fuse_buf_size(bytes);
  const bool is_in_memory = bytes->count == 1 && (bytes->buf[0].flags & FUSE_BUF_IS_FD) == 0;
  ssize_t count = 0;
  if (is_in_memory) {
    count = write_all(descriptor_in(file), static_cast<const char*>(bytes->buf[0].mem), size, offset);
  } else {
    fuse_bufvec target = FUSE_BUFVEC_INIT(size);
    target.buf[0].flags = static_cast<fuse_buf_flags>(FUSE_BUF_IS_FD | FUSE_BUF_FD_SEEK);
    target.buf[0].fd = descriptor_in(file);
    target.buf[0].pos = offset;
    count = fuse_buf_copy(&target, bytes, static_cast<fuse_buf_copy_flags>(0));
  }
  if (count < 0) {
    fuse_reply_err(request, static_cast<int>(-count));
  } else {
    fuse_reply_write(request, static_cast<size_t>(count));
  }
}

void LocalFileSystem::flush(fuse_req_t request, fuse_ino_t, fuse_file_info* file) {
  // Some file systems keep write errors for close(2); this is one that takes nothing away.
  fuse_reply_err(request, error_of(close(dup(descriptor_in(file)))));
}

void LocalFileSystem::release(fuse_req_t request, fuse_ino_t, fuse_file_info* file) {
  close(descriptor_in(file));
  fuse_reply_err(request, 0);
}

void LocalFileSystem::fsync(fuse_req_t request, fuse_ino_t, int data_only, fuse_file_info* file) {
  const int descriptor = descriptor_in(file);
  fuse_reply_err(request, error_of(data_only != 0 ? fdatasync(descriptor) : ::fsync(descriptor)));
}

void LocalFileSystem::fallocate(fuse_req_t request, fuse_ino_t, int mode, off_t offset, off_t length,
                                fuse_file_info* file) {
  fuse_reply_err(request, error_of(::fallocate(descriptor_in(file), mode, offset, length)));
}

void LocalFileSystem::lseek(fuse_req_t request, fuse_ino_t, off_t offset, int whence, fuse_file_info* file) {
  const off_t found = ::lseek(descriptor_in(file), offset, whence);
  if (found < 0) {
    fuse_reply_err(request, errno);
  } else {
    fuse_reply_lseek(request, found);
  }
}

void LocalFileSystem::copy_file_range(fuse_req_t request, fuse_ino_t, off_t offset, fuse_file_info* file, fuse_ino_t,
                                      off_t target_offset, fuse_file_info* target_file, size_t length, int flags) {
  const ssize_t count = ::copy_file_range(descriptor_in(file), &offset, descriptor_in(target_file), &target_offset,
                                          length, static_cast<unsigned>(flags));
  if (count < 0) {
    fuse_reply_err(request, errno);
  } else {
    fuse_reply_write(request, static_cast<size_t>(count));
  }
}

}  // namespace conveyor::mount

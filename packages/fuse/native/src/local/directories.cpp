// Directories: reading them, with what their names lead to.
#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <vector>

#include "local_file_system.hpp"

namespace conveyor::mount {

namespace {

/// A directory that a process has open. The kernel reads it with one request at a time.
struct OpenDirectory {
  explicit OpenDirectory(DIR* opened) : stream(opened) {}
  OpenDirectory(const OpenDirectory&) = delete;
  OpenDirectory& operator=(const OpenDirectory&) = delete;
  ~OpenDirectory() { closedir(stream); }

  DIR* const stream;
  off_t offset = 0;              // where the stream stands
  const dirent* next = nullptr;  // read, and not delivered yet
};

OpenDirectory& directory_of(const fuse_file_info* file) { return *reinterpret_cast<OpenDirectory*>(file->fh); }

bool is_dots(const char* name) { return std::strcmp(name, ".") == 0 || std::strcmp(name, "..") == 0; }

/// The next entry from where the stream stands; nullptr at the end and, with an errno in `error`, on failure.
const dirent* peek(OpenDirectory& directory, int& error) {
  if (directory.next == nullptr) {
    errno = 0;
    directory.next = ::readdir(directory.stream);
    error = directory.next == nullptr ? errno : 0;
  }
  return directory.next;
}

}  // namespace

void LocalFileSystem::opendir(fuse_req_t request, fuse_ino_t node, fuse_file_info* file) {
  const int descriptor = openat(descriptor_of(node), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR* const stream = descriptor < 0 ? nullptr : fdopendir(descriptor);
  if (stream == nullptr) {
    const int error = errno;
    if (descriptor >= 0) close(descriptor);
    fuse_reply_err(request, error);
    return;
  }
  auto directory = std::make_unique<OpenDirectory>(stream);
  file->fh = reinterpret_cast<uint64_t>(directory.get());
  if (fuse_reply_open(request, file) == 0) static_cast<void>(directory.release());
}

void LocalFileSystem::readdir(fuse_req_t request, fuse_ino_t node, size_t size, off_t offset, fuse_file_info* file) {
  list(request, node, size, offset, file, false);
}

void LocalFileSystem::readdirplus(fuse_req_t request, fuse_ino_t node, size_t size, off_t offset,
                                  fuse_file_info* file) {
  list(request, node, size, offset, file, true);
}

void LocalFileSystem::list(fuse_req_t request, fuse_ino_t node, size_t size, off_t offset, fuse_file_info* file,
                           bool with_entries) {
  OpenDirectory& directory = directory_of(file);
  if (offset != directory.offset) {
    seekdir(directory.stream, offset);
    directory.next = nullptr;
    directory.offset = offset;
  }
  std::vector<char> answer(size);
  size_t used = 0;
  int error = 0;
  while (const dirent* found = peek(directory, error)) {
    fuse_entry_param entry{};
    entry.attr.st_ino = found->d_ino;
    entry.attr.st_mode = static_cast<mode_t>(found->d_type) << 12;
    const bool is_looked_up = with_entries && !is_dots(found->d_name);
    // A name that is gone by now is left out; one that cannot be looked up is given without what it leads to.
    if (is_looked_up && find(node, found->d_name, entry) != 0) {
      entry = {};
      entry.attr.st_ino = found->d_ino;
      entry.attr.st_mode = static_cast<mode_t>(found->d_type) << 12;
    }
    char* const place = answer.data() + used;
    const size_t left = size - used;
    const size_t needed = with_entries
                              ? fuse_add_direntry_plus(request, place, left, found->d_name, &entry, found->d_off)
                              : fuse_add_direntry(request, place, left, found->d_name, &entry.attr, found->d_off);
    if (needed > left) {
      if (entry.ino != 0) inodes_.forget(entry.ino, 1);
      break;
    }
    used += needed;
    directory.offset = found->d_off;
    directory.next = nullptr;
  }
  // Of names and an error, the names come first; the next request meets the error again.
  if (error != 0 && used == 0) {
    fuse_reply_err(request, error);
  } else {
    fuse_reply_buf(request, answer.data(), used);
  }
}

void LocalFileSystem::releasedir(fuse_req_t request, fuse_ino_t, fuse_file_info* file) {
  delete &directory_of(file);
  fuse_reply_err(request, 0);
}

void LocalFileSystem::fsyncdir(fuse_req_t request, fuse_ino_t, int data_only, fuse_file_info* file) {
  const int descriptor = dirfd(directory_of(file).stream);
  fuse_reply_err(request, error_of(data_only != 0 ? fdatasync(descriptor) : ::fsync(descriptor)));
}

}  // namespace conveyor::mount

// A folder that goes away with the test, and what tests do in it.
#pragma once

#include <conveyor/file_lock/file_lock.hpp>
#include <conveyor/testkit/check.hpp>
#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>

namespace conveyor::test {

class Scratch {
 public:
  Scratch() {
    path_ = (std::filesystem::temp_directory_path() / "conveyor-lock-XXXXXX").string();
    REQUIRE(::mkdtemp(path_.data()) != nullptr);
    path_ = std::filesystem::canonical(path_).string();
  }
  ~Scratch() { std::filesystem::remove_all(path_); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }

  std::string make_file(const std::string& name) const {
    const std::string path = *this / name;
    const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
    REQUIRE(fd >= 0);
    ::close(fd);
    return path;
  }

  std::string make_directory(const std::string& name) const {
    const std::string path = *this / name;
    std::filesystem::create_directories(path);
    return path;
  }

 private:
  std::string path_;
};

/// A lock of another owner of this process.
inline LockOptions somebody(LockMode mode = LockMode::kExclusive) {
  LockOptions options;
  options.mode = mode;
  options.owner = make_lock_owner();
  return options;
}

inline std::string sidecar_of(const std::string& path, ResourceKind kind = ResourceKind::kAny) {
  std::string sidecar;
  REQUIRE_EQ(find_sidecar(path, kind, &sidecar), 0);
  return sidecar;
}

inline int open_descriptors() {
  DIR* folder = ::opendir("/proc/self/fd");
  REQUIRE(folder != nullptr);
  int count = 0;
  while (::readdir(folder) != nullptr) ++count;
  ::closedir(folder);
  return count - 3;
}

}  // namespace conveyor::test

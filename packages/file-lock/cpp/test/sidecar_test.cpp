// The file that is locked, and what can be wrong with it.
#include <conveyor/testkit/check.hpp>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>

#include "file_system.hpp"
#include "holder.hpp"
#include "scratch.hpp"
#include "sidecar.hpp"

namespace conveyor::test {

namespace {

/// What `body` returns, in a process of its own.
int in_child(const std::function<int()>& body) {
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) std::_Exit(body());
  int status = 0;
  REQUIRE_EQ(::waitpid(child, &status, 0), child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int open_and_lock(const std::string& sidecar) {
  const int fd = ::open(sidecar.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  REQUIRE(fd >= 0);
  REQUIRE_EQ(::flock(fd, LOCK_EX | LOCK_NB), 0);
  return fd;
}

int64_t nfs(int) { return 0x6969; }
int64_t failing(int) { return -EIO; }

}  // namespace

TEST(l3, aliases_meet) {
  const Scratch scratch;
  scratch.make_directory("real");
  scratch.make_file("real/file");
  std::filesystem::create_directory_symlink("real", scratch / "linked");
  std::filesystem::create_symlink("real/file", scratch / "alias");
  FileLock lock;
  FileLock other;
  REQUIRE_EQ(FileLock::acquire(scratch / "linked/../real/file", somebody(), &lock), 0);
  CHECK_EQ(lock.locked_resource_path(), scratch / "real/file");
  for (const char* name : {"real/file", "linked/file", "alias", "real/../alias", "linked//file"}) {
    CHECK_EQ(FileLock::try_acquire(scratch / name, somebody(), &other), -EAGAIN);
  }
  lock.release();
  REQUIRE_EQ(FileLock::acquire(scratch / "alias", somebody(), &lock), 0);
  CHECK_EQ(FileLock::try_acquire(scratch / "real/file", somebody(), &other), -EAGAIN);
}

TEST(l3, names_of_one_inode_are_different_resources) {
  const Scratch scratch;
  scratch.make_file("one");
  std::filesystem::create_hard_link(scratch / "one", scratch / "two");
  FileLock lock;
  FileLock other;
  REQUIRE_EQ(FileLock::acquire(scratch / "one", somebody(), &lock), 0);
  CHECK_EQ(FileLock::try_acquire(scratch / "two", somebody(), &other), 0);
}

TEST(l3, a_sidecar_that_is_removed_before_it_is_locked_is_noticed) {
  const Scratch scratch;
  locking::Place place;
  REQUIRE_EQ(locking::resolve(scratch / "file", ResourceKind::kAny, &place), 0);
  locking::Grip grip;
  // The probe of the file system comes between the lock and the comparison.
  static std::string sidecar;
  static int calls;
  sidecar = place.sidecar;
  calls = 0;
  const auto before = locking::replace_file_system_probe([](int) -> int64_t {
    if (++calls <= 3) std::filesystem::remove(sidecar);
    if (calls == 2) std::ofstream(sidecar) << "another";
    return 0;
  });
  CHECK_EQ(locking::try_grip(place, {}, &grip), 0);
  locking::replace_file_system_probe(before);
  CHECK_EQ(calls, 4);
  struct stat held;
  struct stat named;
  REQUIRE_EQ(::fstat(grip.fd, &held), 0);
  REQUIRE_EQ(::lstat(sidecar.c_str(), &named), 0);
  CHECK_EQ(held.st_ino, named.st_ino);
  CHECK_EQ(locking::let_go(grip), 0);
}

TEST(l3, one_that_is_replaced_for_ever_is_somebody_elses) {
  const Scratch scratch;
  static std::string sidecar;
  sidecar = scratch / "file.lock";
  const auto before = locking::replace_file_system_probe([](int) -> int64_t {
    std::filesystem::remove(sidecar);
    return 0;
  });
  const int descriptors = open_descriptors();
  FileLock lock;
  CHECK_EQ(FileLock::try_acquire(scratch / "file", {}, &lock), -EAGAIN);
  CHECK_EQ(open_descriptors(), descriptors);
  locking::replace_file_system_probe(before);
}

TEST(lesson_34, removing_the_sidecar_of_a_held_lock_is_told) {
  const Scratch scratch;
  FileLock lock;
  REQUIRE_EQ(FileLock::acquire(scratch / "file", somebody(), &lock), 0);
  std::filesystem::remove(scratch / "file.lock");
  CHECK_EQ(lock.release(), -ESTALE);
  CHECK_EQ(is_locked(scratch / "file"), 0);
  REQUIRE_EQ(FileLock::acquire(scratch / "file", somebody(), &lock), 0);
  CHECK_EQ(lock.release(), 0);
  // Releasing removes nothing: whoever has opened it meanwhile meets the others there.
  CHECK(std::filesystem::exists(scratch / "file.lock"));
}

TEST(l3, no_descriptor_stays_behind_and_none_is_inherited) {
  const Scratch scratch;
  const int before = open_descriptors();
  FileLock lock;
  FileLock other;
  for (int round = 0; round < 10'000; ++round) {
    REQUIRE_EQ(FileLock::acquire(scratch / ("file" + std::to_string(round % 300)), somebody(), &lock), 0);
    if (round % 10 == 0) REQUIRE_EQ(FileLock::try_acquire(lock.locked_resource_path(), somebody(), &other), -EAGAIN);
    REQUIRE_EQ(lock.release(), 0);
  }
  CHECK_EQ(open_descriptors(), before);
  const int foreign = open_and_lock(scratch / "foreign.lock");
  for (int round = 0; round < 100; ++round) {
    REQUIRE_EQ(FileLock::try_acquire(scratch / "foreign", somebody(), &lock), -EAGAIN);
  }
  CHECK_EQ(open_descriptors(), before + 1);
  ::close(foreign);
  REQUIRE_EQ(FileLock::acquire(scratch / "file", somebody(), &lock), 0);
  for (int fd = 3; fd < 1024; ++fd) {
    char target[4096] = {};
    const std::string link = "/proc/self/fd/" + std::to_string(fd);
    if (::readlink(link.c_str(), target, sizeof target - 1) < 0 || target != scratch / "file.lock") continue;
    CHECK_EQ(::fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
  }
}

TEST(l7, file_systems_without_flock_are_refused) {
  const Scratch scratch;
  FileLock lock;
  const int descriptors = open_descriptors();
  const auto before = locking::replace_file_system_probe(nfs);
  CHECK_EQ(FileLock::acquire(scratch / "file", {}, &lock), -ENOTSUP);
  CHECK_EQ(FileLock::try_acquire(scratch / "file", {}, &lock), -ENOTSUP);
  CHECK_EQ(is_locked(scratch / "file"), -ENOTSUP);
  LockOptions byte_range = somebody();
  byte_range.byte_range = true;
  CHECK_EQ(FileLock::acquire(scratch / "file", byte_range, &lock), 0);
  CHECK_EQ(lock.release(), 0);
  locking::replace_file_system_probe(failing);
  CHECK_EQ(FileLock::acquire(scratch / "file", {}, &lock), -EIO);
  locking::replace_file_system_probe(before);
  CHECK_EQ(open_descriptors(), descriptors);
  CHECK_EQ(FileLock::acquire(scratch / "file", {}, &lock), 0);
}

TEST(l7, byte_ranges_exclude_other_processes) {
  const Scratch scratch;
  LockOptions options = somebody();
  options.byte_range = true;
  FileLock lock;
  REQUIRE_EQ(FileLock::acquire(scratch / "file", options, &lock), 0);
  const auto attempt = [&] {
    FileLock other;
    LockOptions theirs = somebody();
    theirs.byte_range = true;
    return -FileLock::try_acquire(scratch / "file", theirs, &other);
  };
  CHECK_EQ(in_child(attempt), EAGAIN);
  CHECK_EQ(is_locked(scratch / "file", options), 1);
  lock.release();
  CHECK_EQ(in_child(attempt), 0);
  options.mode = LockMode::kShared;
  REQUIRE_EQ(FileLock::acquire(scratch / "file", options, &lock), 0);
  CHECK_EQ(in_child(attempt), EAGAIN);
}

TEST(lesson_39, other_users_can_lock) {
  const Scratch scratch;
  const mode_t before = ::umask(0);
  FileLock lock;
  REQUIRE_EQ(FileLock::acquire(scratch / "open", somebody(), &lock), 0);
  lock.release();
  ::umask(027);
  REQUIRE_EQ(FileLock::acquire(scratch / "narrow", somebody(), &lock), 0);
  lock.release();
  ::umask(before);
  struct stat status;
  REQUIRE_EQ(::stat((scratch / "open.lock").c_str(), &status), 0);
  CHECK_EQ(status.st_mode & 0777, 0666u);
  REQUIRE_EQ(::stat((scratch / "narrow.lock").c_str(), &status), 0);
  CHECK_EQ(status.st_mode & 0777, 0640u);
}

TEST(l3, permissions_decide_what_another_user_may_lock) {
  if (::geteuid() != 0) SKIP("only root can become another user");
  const Scratch scratch;
  ::chmod(scratch.path().c_str(), 0755);
  FileLock lock;
  for (const auto& [name, mode] : {std::pair{"readable", 0644}, std::pair{"hidden", 0600}}) {
    REQUIRE_EQ(FileLock::acquire(scratch / name, somebody(), &lock), 0);
    lock.release();
    ::chmod((scratch / name + ".lock").c_str(), static_cast<mode_t>(mode));
  }
  const auto as_nobody = [&](const char* name) {
    return in_child([&] {
      if (::seteuid(65534) != 0) return 99;
      FileLock theirs;
      return -FileLock::try_acquire(scratch / name, somebody(), &theirs);
    });
  };
  // An existing sidecar that can be read is enough; one that cannot, or cannot be made, is an error and no lock.
  CHECK_EQ(as_nobody("readable"), 0);
  CHECK_EQ(as_nobody("hidden"), EACCES);
  CHECK_EQ(as_nobody("absent"), EACCES);
  REQUIRE_EQ(FileLock::acquire(scratch / "readable", somebody(), &lock), 0);
  CHECK_EQ(as_nobody("readable"), EAGAIN);
}

TEST(l3, what_cannot_be_a_sidecar_is_an_error) {
  const Scratch scratch;
  FileLock lock;
  scratch.make_directory("folder.lock");
  CHECK_EQ(FileLock::acquire(scratch / "folder", {}, &lock), -EISDIR);
  REQUIRE_EQ(::mkfifo((scratch / "pipe.lock").c_str(), 0666), 0);
  CHECK_EQ(FileLock::acquire(scratch / "pipe", {}, &lock), -EINVAL);
  std::filesystem::create_symlink("elsewhere", scratch / "link.lock");
  CHECK_EQ(FileLock::acquire(scratch / "link", {}, &lock), -ELOOP);
  CHECK(!std::filesystem::exists(scratch / "elsewhere"));
  CHECK_EQ(FileLock::acquire(scratch / "missing/file", {}, &lock), -ENOENT);
  // The resource's name fits, the sidecar's does not.
  CHECK_EQ(FileLock::acquire(scratch / std::string(253, 'n'), {}, &lock), -ENAMETOOLONG);
  CHECK_EQ(FileLock::acquire(scratch / std::string(300, 'n'), {}, &lock), -ENAMETOOLONG);
}

TEST(l3, a_directory_is_locked_beside_itself) {
  const Scratch scratch;
  const std::string folder = scratch.make_directory("folder");
  FileLock lock;
  FileLock file;
  REQUIRE_EQ(FileLock::acquire(folder, somebody(), &lock), 0);
  CHECK(std::filesystem::exists(scratch / "folder.dir.lock"));
  CHECK(std::filesystem::is_empty(folder));
  scratch.make_file("folder.dir");
  CHECK_EQ(FileLock::try_acquire(scratch / "folder.dir", somebody(), &file), 0);
}

TEST(l5, the_holder_is_told_and_never_a_past_one) {
  const Scratch scratch;
  const std::string path = scratch / "file";
  CHECK(!find_lock_holder(path));
  FileLock lock;
  REQUIRE_EQ(FileLock::acquire(path, somebody(), &lock), 0);
  const auto holder = find_lock_holder(path);
  REQUIRE(holder.has_value());
  CHECK_EQ(holder->pid, ::getpid());
  CHECK_GT(holder->started_ms, 0);
  CHECK(!holder->host.empty());
  lock.release();
  // This process is alive and its record stays, but somebody else locks: the kernel knows better.
  int told = -1;
  int ends[2];
  REQUIRE_EQ(::pipe(ends), 0);
  int ready[2];
  REQUIRE_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const int fd = ::open((path + ".lock").c_str(), O_RDWR);
    char byte = ::flock(fd, LOCK_EX | LOCK_NB) == 0 ? 'y' : 'n';
    (void)!::write(ready[1], &byte, 1);
    (void)!::read(ends[0], &byte, 1);
    std::_Exit(0);
  }
  char byte = 0;
  REQUIRE_EQ(::read(ready[0], &byte, 1), 1);
  REQUIRE_EQ(byte, 'y');
  if (const auto found = find_lock_holder(path)) told = found->pid;
  (void)!::write(ends[1], "x", 1);
  ::waitpid(child, nullptr, 0);
  for (const int fd : {ends[0], ends[1], ready[0], ready[1]}) ::close(fd);
  CHECK_EQ(told, child);
}

TEST(l5, a_record_that_somebody_else_has_covered_is_written_again) {
  const Scratch scratch;
  const std::string record = locking::make_holder_record();
  locking::Place place;
  REQUIRE_EQ(locking::resolve(scratch / "file", ResourceKind::kAny, &place), 0);
  locking::SeenRecord seen;
  const auto take_and_write = [&] {
    locking::Grip grip;
    REQUIRE_EQ(locking::try_grip(place, {}, &grip), 0);
    locking::write_holder(grip, record, &seen);
    CHECK_EQ(locking::let_go(grip), 0);
  };
  const auto content = [&] {
    std::ifstream file(place.sidecar);
    return std::string(std::istreambuf_iterator<char>(file), {});
  };
  // Until its time of change is past; a file system that keeps coarse times never gets there.
  for (int turns = 0; seen.inode == 0 && turns < 1'000'000; ++turns) take_and_write();
  CHECK_EQ(content(), record);
  std::ofstream(place.sidecar) << std::string(record.size(), 'x');
  take_and_write();
  CHECK_EQ(content(), record);
}

TEST(l5, records_are_read_with_care) {
  const std::string record = locking::make_holder_record();
  const auto own = locking::parse_holder(record);
  REQUIRE(own.has_value());
  CHECK_EQ(own->pid, ::getpid());
  CHECK_EQ(record.back(), '\n');
  for (const char* text : {"", "{", "{\"pid\":", "{\"pid\":x,\"host\":\"a\",\"startedMs\":1}",
                           "{\"pid\":0,\"host\":\"a\",\"startedMs\":1}", "{\"pid\":5,\"host\":\"a\",\"startedMs\":",
                           "{\"pid\":5,\"host\":\"a\",\"startedMs\":1", "\",\"startedMs\":1,\"host\":\"{\"pid\":1"}) {
    CHECK(!locking::parse_holder(text));
  }
}

}  // namespace conveyor::test

// W9 between processes: each appends through a handle of its own to one file. Every record says who wrote it, the how
// manieth it is and what its bytes are, so that the file tells by itself what was lost, torn or mixed.
//
// The writers are this program again, told so by its environment: a process that has run handles does not fork.

#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include <spawn.h>
#include <sys/wait.h>

#include <conveyor/testkit/prng.hpp>

#include "../capi/fixture.hpp"
#include "../capi/temporary_file.hpp"
#include "../stress/environment.hpp"

extern char **environ;

namespace conveyor::test {
namespace {

constexpr std::uint32_t kMagic = 0x52454331;
constexpr std::size_t kRecordMax = 3000;
constexpr std::uint64_t kEndless = UINT64_MAX;

struct Header {
  std::uint32_t magic = kMagic;
  std::uint32_t writer = 0;
  std::uint64_t sequence = 0;
  std::uint32_t length = 0;  ///< of the whole record
  std::uint32_t checksum = 0;
};

std::uint32_t checksum(const char *bytes, std::size_t count) {
  std::uint32_t hash = 0x811c9dc5U;  // FNV-1a
  for (std::size_t i = 0; i < count; ++i) hash = (hash ^ static_cast<unsigned char>(bytes[i])) * 0x01000193U;
  return hash;
}

/// The record that this writer appends as number `sequence`.
std::string record_of(std::uint32_t writer, std::uint64_t sequence) {
  const std::uint64_t salt = std::uint64_t{writer} << 32 | sequence;
  testkit::Prng prng(salt);
  const std::size_t count = prng.below(prng.chance(1, 8) ? kRecordMax - sizeof(Header) : 100);
  const std::string payload = pattern(count, salt);
  Header header;
  header.writer = writer;
  header.sequence = sequence;
  header.length = static_cast<std::uint32_t>(sizeof header + count);
  header.checksum = checksum(payload.data(), count);
  std::string record(sizeof header, '\0');
  std::memcpy(record.data(), &header, sizeof header);
  return record + payload;
}

/// The life of a writer. Returns its exit status.
int write_records() {
  const char *path = std::getenv("CONVEYOR_APPEND_PATH");
  const auto writer = static_cast<std::uint32_t>(environment_number("CONVEYOR_APPEND_WRITER", 0));
  const std::uint64_t count = environment_number("CONVEYOR_APPEND_COUNT", 0);
  testkit::Prng prng(environment_number("CONVEYOR_APPEND_SEED", 0) + writer);
  conveyor_options_t options = default_options();
  options.max_dirty_ms = 1 + static_cast<std::uint32_t>(prng.below(3));
  options.owns_fd = 1;
  conveyor_t *handle = nullptr;
  const int fd = open(path, O_WRONLY | O_CLOEXEC | (writer % 2 == 0 ? O_APPEND : 0));  // the handle's flag is enough
  if (fd < 0 || conveyor_open_fd(&handle, fd, O_WRONLY | O_APPEND, &options) != 0) return 2;
  for (std::uint64_t sequence = 0; sequence < count; ++sequence) {
    const std::string record = record_of(writer, sequence);
    if (conveyor_write(handle, record.data(), record.size()) != static_cast<ssize_t>(record.size())) return 3;
    if (prng.chance(1, 50) && conveyor_flush(handle) != 0) return 4;
  }
  return conveyor_close(handle) == 0 ? 0 : 5;
}

pid_t start_writer(const TemporaryFile &file, std::uint32_t writer, std::uint64_t count) {
  std::vector<std::string> settings = {"CONVEYOR_APPEND_PATH=" + file.path(),
                                       "CONVEYOR_APPEND_WRITER=" + std::to_string(writer),
                                       "CONVEYOR_APPEND_COUNT=" + std::to_string(count),
                                       "CONVEYOR_APPEND_SEED=" + std::to_string(stress_seed())};
  std::vector<char *> environment;
  for (std::string &setting : settings) environment.push_back(setting.data());
  for (char **entry = environ; *entry != nullptr; ++entry) environment.push_back(*entry);
  environment.push_back(nullptr);
  std::array<char, 16> name = {"append-writer"};
  char *const arguments[] = {name.data(), nullptr};
  pid_t pid = -1;
  REQUIRE_EQ(posix_spawn(&pid, "/proc/self/exe", nullptr, nullptr, arguments, environment.data()), 0);
  return pid;
}

/// Exit status, or minus the signal.
int result_of(pid_t pid) {
  int status = 0;
  if (waitpid(pid, &status, 0) != pid) return -1000;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/// What is in a file of records.
struct Found {
  std::vector<std::uint64_t> records;  ///< whole ones of each writer, in order from 0
  std::size_t torn = 0;                ///< beginnings of records
};

/// Reads the file from end to end. Of the writer `killed` one record may be torn: it is the beginning of its next.
Found read_records(const std::string &bytes, std::size_t writers, std::size_t killed = SIZE_MAX) {
  Found found;
  found.records.resize(writers);
  for (std::size_t at = 0; at < bytes.size();) {
    Header header{.magic = 0};
    std::memcpy(&header, bytes.data() + at, std::min(sizeof header, bytes.size() - at));
    if (header.magic == kMagic && header.writer < writers) {
      const std::string wanted = record_of(header.writer, found.records[header.writer]);
      if (bytes.compare(at, wanted.size(), wanted) == 0) {
        ++found.records[header.writer];
        at += wanted.size();
        continue;
      }
    }
    if (!CHECK_MSG(killed < writers && found.torn == 0, "no record at " + std::to_string(at))) return found;
    const std::string wanted = record_of(static_cast<std::uint32_t>(killed), found.records[killed]);
    std::size_t same = 0;
    while (at + same < bytes.size() && same < wanted.size() && bytes[at + same] == wanted[same]) ++same;
    if (!CHECK_MSG(same > 0, "nobody's bytes at " + std::to_string(at))) return found;
    ++found.torn;
    at += same;
  }
  return found;
}

TEST(w9, processes_that_append_lose_tear_and_mix_no_record) {
  constexpr std::size_t kWriters = 5;
  const std::uint64_t count = testkit::kSanitized ? 400 : 1500;
  TemporaryFile file;
  std::vector<pid_t> pids;
  for (std::uint32_t writer = 0; writer < kWriters; ++writer) pids.push_back(start_writer(file, writer, count));
  for (const pid_t pid : pids) CHECK_EQ(result_of(pid), 0);
  const Found found = read_records(file.bytes(), kWriters);
  for (std::size_t writer = 0; writer < kWriters; ++writer) CHECK_EQ(found.records[writer], count);
}

TEST(w9, processes_with_short_lives_append_all_that_they_wrote) {
  constexpr std::size_t kAtOnce = 4;
  const std::size_t writers = testkit::kSanitized ? 16 : 60;
  TemporaryFile file;
  std::vector<pid_t> pids;
  for (std::size_t writer = 0; writer < writers; ++writer) {
    if (writer >= kAtOnce) CHECK_EQ(result_of(pids[writer - kAtOnce]), 0);
    pids.push_back(start_writer(file, static_cast<std::uint32_t>(writer), 1 + writer % 7 * 5));
  }
  for (std::size_t last = writers - kAtOnce; last < writers; ++last) CHECK_EQ(result_of(pids[last]), 0);
  const Found found = read_records(file.bytes(), writers);
  for (std::size_t writer = 0; writer < writers; ++writer) CHECK_EQ(found.records[writer], 1 + writer % 7 * 5);
}

TEST(w9, a_killed_process_leaves_its_records_in_order_and_those_of_others_alone) {
  constexpr std::size_t kWriters = 3;
  const std::uint64_t count = testkit::kSanitized ? 200 : 800;
  for (std::uint64_t round = 0; round < 2 * stress_iterations(); ++round) {
    TemporaryFile file;
    const pid_t endless = start_writer(file, kWriters, kEndless);
    std::vector<pid_t> pids;
    for (std::uint32_t writer = 0; writer < kWriters; ++writer) pids.push_back(start_writer(file, writer, count));
    CHECK(eventually([&] {
      struct stat status {};
      return fstat(file.fd(), &status) == 0 && status.st_size > 300'000;
    }));
    CHECK_EQ(kill(endless, SIGKILL), 0);
    CHECK_EQ(result_of(endless), -SIGKILL);
    for (const pid_t pid : pids) CHECK_EQ(result_of(pid), 0);
    const Found found = read_records(file.bytes(), kWriters + 1, kWriters);
    for (std::size_t writer = 0; writer < kWriters; ++writer) CHECK_EQ(found.records[writer], count);
    if (found.torn > 0) std::printf("a kill has cut an append\n");
  }
}

}  // namespace
}  // namespace conveyor::test

int main(int argc, char **argv) {
  if (std::getenv("CONVEYOR_APPEND_WRITER") != nullptr) return conveyor::test::write_records();
  return conveyor::testkit::run_main(argc, argv);
}

// Every workload runs, proves its bytes and says so; wrong arguments are named.
#include <filesystem>
#include <sstream>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

#include <conveyor/testkit/check.hpp>

#include "slow_memory.hpp"
#include "workload.hpp"

namespace {

using namespace conveyor::bench;

/// A directory that goes away with the test.
class Directory {
 public:
  Directory() : path_(std::filesystem::temp_directory_path() / ("core-bench-test-" + std::to_string(getpid()))) {
    std::filesystem::create_directory(path_);
  }
  ~Directory() { std::filesystem::remove_all(path_); }
  Directory(const Directory&) = delete;

  std::string path() const { return path_; }
  bool is_empty() const { return std::filesystem::is_empty(path_); }

 private:
  std::filesystem::path path_;
};

std::string complaint(const std::vector<const char*>& arguments) {
  try {
    std::ostringstream out;
    Report report(out);
    run_workload(parse_arguments(arguments), report);
    return "";
  } catch (const BadArguments& error) {
    return error.what();
  }
}

/// What a workload reports, run in a process of its own as core_bench does: one configures the library, which is
/// possible once. Empty when it fails.
std::string report_of(const Settings& settings) {
  int ends[2];
  REQUIRE_EQ(pipe(ends), 0);
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    int status = 1;
    try {
      std::ostringstream out;
      Report report(out);
      run_workload(settings, report);
      const std::string text = out.str();
      status = write(ends[1], text.data(), text.size()) == static_cast<ssize_t>(text.size()) ? 0 : 1;
    } catch (const std::exception& error) {
      dprintf(STDERR_FILENO, "%s: %s\n", std::string(settings.workload).c_str(), error.what());
    }
    _exit(status);
  }
  close(ends[1]);
  std::string text(1 << 16, '\0');
  std::size_t size = 0;
  for (ssize_t got; (got = read(ends[0], text.data() + size, text.size() - size)) > 0;)
    size += static_cast<std::size_t>(got);
  close(ends[0]);
  int status = 0;
  REQUIRE_EQ(waitpid(child, &status, 0), child);
  text.resize(status == 0 ? size : 0);
  return text;
}

std::size_t count_of(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

}  // namespace

TEST(workloads, run_under_every_condition_and_leave_no_file) {
  const Directory directory;
  for (const Workload* workload : all_workloads()) {
    for (const std::string_view condition : workload->conditions) {
      Settings settings;
      settings.workload = workload->name;
      settings.condition = condition;
      settings.directory = directory.path();
      settings.bytes = 256 * 1024;
      settings.block = 64;
      settings.rounds = 2;
      settings.delay_us = 0;
      settings.handles = 50;
      settings.rest_ms = 0;
      const std::string text = report_of(settings);
      CHECK_EQ(count_of(text, "\"type\":\"begin\""), 1U);
      CHECK_MSG(count_of(text, "\"verifiedBytes\"") >= 1, text);
      CHECK(text.ends_with("{\"type\":\"end\"}\n"));
      CHECK(directory.is_empty());
    }
  }
}

TEST(workloads, refuse_nonsense_by_name) {
  CHECK_EQ(complaint({}), std::string("which workload? --list names them"));
  CHECK_EQ(complaint({"nothing"}), std::string("unknown workload nothing; --list names them"));
  CHECK_EQ(complaint({"pwrite", "--condition", "hot"}), std::string("workload pwrite has no condition hot"));
  CHECK_EQ(complaint({"pwrite", "--speed", "9"}), std::string("unknown option --speed"));
  CHECK_EQ(complaint({"pwrite", "--rounds"}), std::string("--rounds is unknown, or lacks its value"));
  CHECK_EQ(complaint({"pwrite", "--rounds", "two"}),
           std::string("--rounds two: a whole number from 1 to 10000 is needed"));
  CHECK_EQ(complaint({"pwrite", "--bytes", "1000"}), std::string("--bytes is a multiple of --block"));
  CHECK_EQ(complaint({"pwrite", "pread"}), std::string("pread: one workload at a time"));
}

TEST(slow_memory, behaves_as_a_file_and_counts) {
  SlowMemory memory(100, 0);
  const conveyor_backend_t backend = memory.backend();
  CHECK_EQ(backend.size(backend.ctx), 0);
  CHECK_EQ(backend.pwrite(backend.ctx, "abc", 3, 5), 3);
  CHECK_EQ(backend.size(backend.ctx), 8);
  char buffer[8] = {};
  CHECK_EQ(backend.pread(backend.ctx, buffer, 8, 5), 3);
  CHECK_EQ(std::string_view(buffer, 3), std::string_view("abc"));
  CHECK_EQ(backend.pread(backend.ctx, buffer, 8, 8), 0);
  CHECK_EQ(backend.pwrite(backend.ctx, "abc", 3, 98), -ENOSPC);
  CHECK_EQ(memory.operations(), 6U);
}

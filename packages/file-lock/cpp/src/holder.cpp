#include "holder.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <vector>

namespace conveyor::locking {

namespace {

/// A record has one size: a new one covers the old one whole, in one write.
constexpr size_t kRecordSize = 160;
constexpr size_t kHostMax = 64;

constexpr int64_t kTickNsMax = 10'000'000;

std::string read_file(const char* path) {
  std::string text;
  const int fd = ::open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return text;
  char piece[4096];
  for (;;) {
    const ssize_t count = ::read(fd, piece, sizeof piece);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    text.append(piece, static_cast<size_t>(count));
  }
  ::close(fd);
  return text;
}

/// The number behind `key` in a file of the kernel; -1 where there is none.
int64_t number_after(const std::string& text, const char* key) {
  const size_t at = text.find(key);
  return at == std::string::npos ? -1 : std::strtoll(text.c_str() + at + std::strlen(key), nullptr, 10);
}

/// When a process started, in milliseconds since 1970; 0 where the kernel does not tell.
int64_t started_ms(pid_t pid) {
  char path[64];
  std::snprintf(path, sizeof path, "/proc/%d/stat", static_cast<int>(pid));
  const std::string status = read_file(path);
  // The name of the program, in brackets, may hold anything; the 20th number behind it is the start in ticks.
  size_t at = status.rfind(')');
  if (at == std::string::npos) return 0;
  for (int field = 0; field < 20; ++field) {
    at = status.find(' ', at + 1);
    if (at == std::string::npos) return 0;
  }
  const int64_t ticks = std::strtoll(status.c_str() + at, nullptr, 10);
  const int64_t boot_s = number_after(read_file("/proc/stat"), "btime ");
  return boot_s < 0 ? 0 : boot_s * 1000 + ticks * 1000 / ::sysconf(_SC_CLK_TCK);
}

std::string host_name() {
  char name[kHostMax + 1] = {};
  if (::gethostname(name, kHostMax) != 0) return "?";
  // It becomes part of a line of JSON.
  for (char* at = name; *at != '\0'; ++at) {
    if (*at < ' ' || *at == '"' || *at == '\\' || *at == 0x7f) *at = '?';
  }
  return name;
}

/// The processes that /proc/locks lists as holders of a lock on an inode.
std::vector<pid_t> listed_holders(const struct stat& sidecar, bool byte_range) {
  const std::string text = read_file("/proc/locks");
  char place[64];
  std::snprintf(place, sizeof place, " %02x:%02x:%llu ", major(sidecar.st_dev), minor(sidecar.st_dev),
                static_cast<unsigned long long>(sidecar.st_ino));
  std::vector<pid_t> found;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    const std::string line = text.substr(begin, end - begin);
    begin = end + 1;
    const size_t at = line.find(place);
    if (at == std::string::npos || line.find("->") != std::string::npos) continue;  // an arrow: somebody waits
    if (line.find(byte_range ? "OFDLCK" : "FLOCK") == std::string::npos) continue;
    const size_t space = line.rfind(' ', at - 1);
    const pid_t pid = static_cast<pid_t>(std::strtol(line.c_str() + space, nullptr, 10));
    if (pid > 0) found.push_back(pid);
  }
  return found;
}

bool is_same(const timespec& one, const timespec& other) {
  return one.tv_sec == other.tv_sec && one.tv_nsec == other.tv_nsec;
}

/// Whether a change from now on gets another time than this one. The kernel's clock for files ticks every 10 ms at the
/// most; some file systems keep less of it, which shows as a round number.
bool is_settled(const timespec& changed) {
  if (changed.tv_nsec % kTickNsMax == 0) return false;
  timespec now;
  if (::clock_gettime(CLOCK_REALTIME, &now) != 0) return false;
  return (now.tv_sec - changed.tv_sec) * 1'000'000'000 + (now.tv_nsec - changed.tv_nsec) > 2 * kTickNsMax;
}

std::optional<LockHolder> read_holder(int fd) {
  char text[kRecordSize];
  const ssize_t count = ::pread(fd, text, sizeof text, 0);
  if (count <= 0) return std::nullopt;
  return parse_holder(std::string(text, static_cast<size_t>(count)));
}

}  // namespace

std::string make_holder_record() {
  char text[kRecordSize + 1];
  const int length =
      std::snprintf(text, sizeof text, "{\"pid\":%d,\"host\":\"%s\",\"startedMs\":%lld}", static_cast<int>(::getpid()),
                    host_name().c_str(), static_cast<long long>(started_ms(::getpid())));
  std::string record(text, static_cast<size_t>(length));
  record.resize(kRecordSize, ' ');
  record.back() = '\n';
  return record;
}

void write_holder(const Grip& grip, const std::string& record, SeenRecord* seen) {
  if (!grip.is_writable) return;
  if (seen->inode == grip.inode && seen->device == grip.device && is_same(seen->changed, grip.changed)) return;
  char there[kRecordSize];
  const ssize_t count = ::pread(grip.fd, there, sizeof there, 0);
  if (count == static_cast<ssize_t>(kRecordSize) && std::memcmp(there, record.data(), kRecordSize) == 0) {
    if (is_settled(grip.changed)) *seen = {grip.device, grip.inode, grip.changed};
    return;
  }
  // A full disk is no reason not to lock: then the record is missing, or an older one that nobody confirms.
  while (::pwrite(grip.fd, record.data(), record.size(), 0) < 0 && errno == EINTR) {
  }
}

std::optional<LockHolder> parse_holder(const std::string& text) {
  static constexpr char kPid[] = "{\"pid\":";
  static constexpr char kHost[] = ",\"host\":\"";
  static constexpr char kStarted[] = "\",\"startedMs\":";
  const size_t host = text.find(kHost);
  const size_t started = text.find(kStarted);
  if (text.rfind(kPid, 0) != 0 || host == std::string::npos || started == std::string::npos || started < host) {
    return std::nullopt;
  }
  LockHolder holder;
  const size_t host_begin = host + sizeof kHost - 1;
  holder.host = text.substr(host_begin, started - host_begin);
  const char* end = text.data() + text.size();
  const auto pid = std::from_chars(text.data() + sizeof kPid - 1, end, holder.pid);
  const auto time = std::from_chars(text.data() + started + sizeof kStarted - 1, end, holder.started_ms);
  if (pid.ec != std::errc() || time.ec != std::errc() || time.ptr == end || *time.ptr != '}' || holder.pid <= 0) {
    return std::nullopt;
  }
  return holder;
}

std::optional<LockHolder> find_holder(const Place& place, bool byte_range) {
  bool is_writable = false;
  const int fd = open_sidecar(place, &is_writable);
  if (fd < 0) return std::nullopt;
  struct stat status;
  const bool is_known = ::fstat(fd, &status) == 0;
  const std::optional<LockHolder> written = read_holder(fd);
  close_descriptor(fd);
  const std::vector<pid_t> listed = is_known ? listed_holders(status, byte_range) : std::vector<pid_t>();
  const bool is_here = written && written->host == host_name();
  const bool is_alive = is_here && written->started_ms == started_ms(written->pid);
  if (!listed.empty()) {
    const bool is_listed = is_alive && std::find(listed.begin(), listed.end(), written->pid) != listed.end();
    if (is_listed) return written;
    return LockHolder{listed.front(), host_name(), started_ms(listed.front())};
  }
  // The kernel lists nobody of another machine or container, and nobody at all by byte ranges.
  return is_alive || (written && !is_here) ? written : std::nullopt;
}

}  // namespace conveyor::locking

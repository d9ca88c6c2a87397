#include "caller.hpp"

#include <grp.h>
#include <sched.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <vector>

namespace conveyor::mount {

namespace {

/// The process's own groups, which no thread of it gives up for longer than a request.
const std::vector<gid_t>& own_groups() {
  // Never destroyed: a session may outlive the program's own end by a moment.
  static const auto& groups = *new const std::vector<gid_t>([] {
    std::vector<gid_t> list(static_cast<size_t>(std::max(0, getgroups(0, nullptr))));
    const int count = getgroups(static_cast<int>(list.size()), list.data());
    list.resize(static_cast<size_t>(std::max(0, count)));
    return list;
  }());
  return groups;
}

/// setgroups(2) for this thread; the C library's function would do it for all.
int set_groups(const std::vector<gid_t>& groups) {
  return static_cast<int>(syscall(SYS_setgroups, groups.size(), groups.data()));
}

std::vector<gid_t> groups_of(fuse_req_t request) {
  std::vector<gid_t> groups(64);
  int count = fuse_req_getgroups(request, static_cast<int>(groups.size()), groups.data());
  if (count > static_cast<int>(groups.size())) {
    groups.resize(static_cast<size_t>(count));
    count = fuse_req_getgroups(request, count, groups.data());
  }
  // A caller that is in another pid namespace, or gone, has none that could be known.
  groups.resize(static_cast<size_t>(std::max(0, count)));
  return groups;
}

}  // namespace

AsCaller::AsCaller(fuse_req_t request, bool wanted) {
  static const bool is_root = geteuid() == 0;
  const fuse_ctx* caller = fuse_req_ctx(request);
  if (wanted && is_root && (caller->uid != 0 || caller->gid != 0)) take(request);
}

void AsCaller::take(fuse_req_t request) {
  const fuse_ctx* caller = fuse_req_ctx(request);
  own_groups();
  if (set_groups(groups_of(request)) != 0) {
    error_ = errno;
    return;
  }
  taken_ = true;
  setfsgid(caller->gid);
  // Last, because it takes the right to do the rest away, with CAP_DAC_OVERRIDE, CAP_FSETID and their like.
  setfsuid(caller->uid);
}

AsCaller::~AsCaller() {
  if (!taken_) return;
  const int error = errno;
  setfsuid(geteuid());
  setfsgid(getegid());
  set_groups(own_groups());
  errno = error;
}

void use_umask(mode_t mask) {
  // Threads share a umask unless they ask for one of their own.
  thread_local const bool is_own = unshare(CLONE_FS) == 0;
  if (is_own) umask(mask);
}

}  // namespace conveyor::mount

// Makes files as the process that asked for them.
#pragma once

#include "../fuse_api.hpp"

namespace conveyor::mount {

/// While it lives, files that this thread makes belong to the caller of the request, and the file system underneath
/// decides about the caller's set-group-id bits and default permissions as it does for local processes. Nothing
/// happens where this process is not root, or the caller is.
///
/// Threads: credentials of the kernel belong to a thread; the other threads of the process notice nothing.
class AsCaller {
 public:
  /// @param wanted false makes it do nothing.
  AsCaller(fuse_req_t request, bool wanted);
  AsCaller(const AsCaller&) = delete;
  AsCaller& operator=(const AsCaller&) = delete;
  ~AsCaller();

  /// 0, or why the caller's identity could not be taken: nothing may be made then.
  int error() const { return error_; }

 private:
  void take(fuse_req_t request);

  bool taken_ = false;
  int error_ = 0;
};

/// Sets the umask of this thread alone for what it makes next: 0 where the kernel has applied the caller's already.
void use_umask(mode_t mask);

}  // namespace conveyor::mount

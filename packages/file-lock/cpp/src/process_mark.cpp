#include "process_mark.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>

namespace conveyor::locking {

namespace {

/// Of which one number is used; the kernel rounds it up to a page.
constexpr size_t kSize = sizeof(int);

}  // namespace

ProcessMark::ProcessMark() {
  void* memory = ::mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory != MAP_FAILED) {
    if (::madvise(memory, kSize, MADV_WIPEONFORK) == 0) {
      page_ = static_cast<int*>(memory);
    } else {
      ::munmap(memory, kSize);  // Linux before 4.14
    }
  }
  renew();
}

ProcessMark::~ProcessMark() {
  if (page_ != nullptr) ::munmap(page_, kSize);
}

bool ProcessMark::is_mine() const { return page_ != nullptr ? *page_ != 0 : ::getpid() == pid_; }

void ProcessMark::renew() {
  pid_ = ::getpid();
  if (page_ != nullptr) *page_ = pid_;
}

}  // namespace conveyor::locking

// Copies between contiguous bytes and a caller's iovec array.
#pragma once

#include <sys/uio.h>

#include <algorithm>
#include <cstddef>
#include <cstring>

namespace conveyor {

/// Calls visit(pointer, length) for each piece of [skip, skip + count) of the array.
template <class Visit>
void for_each_piece(const iovec* iov, int iov_count, size_t skip, size_t count, Visit visit) {
  for (int i = 0; i < iov_count && count > 0; ++i) {
    if (skip >= iov[i].iov_len) {
      skip -= iov[i].iov_len;
      continue;
    }
    size_t length = std::min(iov[i].iov_len - skip, count);
    visit(static_cast<std::byte*>(iov[i].iov_base) + skip, length);
    count -= length;
    skip = 0;
  }
}

inline void scatter(const iovec* iov, int iov_count, size_t skip, const std::byte* source, size_t count) {
  for_each_piece(iov, iov_count, skip, count, [&](std::byte* target, size_t length) {
    std::memcpy(target, source, length);
    source += length;
  });
}

inline void scatter_zeros(const iovec* iov, int iov_count, size_t skip, size_t count) {
  for_each_piece(iov, iov_count, skip, count, [](std::byte* target, size_t length) { std::memset(target, 0, length); });
}

inline void gather(std::byte* target, const iovec* iov, int iov_count, size_t skip, size_t count) {
  for_each_piece(iov, iov_count, skip, count, [&](const std::byte* source, size_t length) {
    std::memcpy(target, source, length);
    target += length;
  });
}

}  // namespace conveyor

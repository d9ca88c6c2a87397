#include "comparison.hpp"

#include <algorithm>
#include <cstring>
#include <vector>

namespace conveyor::test {
namespace {

bool traced() {
  static const bool on = std::getenv("CONVEYOR_FUZZ_TRACE") != nullptr;
  return on;
}

/// Bytes that tell by themselves which write they come from.
std::string salted(std::size_t count, std::uint64_t salt) {
  std::string bytes(count, '\0');
  for (std::size_t at = 0; at < count; at += 8) {
    std::uint64_t z = (salt << 32 | at) * 0x9e3779b97f4a7c15U;
    z = (z ^ (z >> 29)) * 0xbf58476d1ce4e5b9U;
    std::memcpy(bytes.data() + at, &z, std::min<std::size_t>(8, count - at));
  }
  return bytes;
}

std::vector<iovec> cut_up(std::string &bytes, unsigned how) {
  std::vector<iovec> parts;
  std::size_t at = 0;
  for (unsigned left = how % 6; left > 0; --left) {
    const std::size_t count = (bytes.size() - at) * (how % 11) / 10;
    parts.push_back({bytes.data() + at, count});
    at += count;
    how = how * 5 + 3;
  }
  parts.push_back({bytes.data() + at, bytes.size() - at});
  return parts;
}

template <typename Count>
std::string places(Count count, std::int64_t offset) {
  return "(" + std::to_string(count) + ", " + std::to_string(offset) + ")";
}

}  // namespace

Comparison::~Comparison() {
  if (faulty_) faulty_->relent();
  if (handle_ != nullptr) conveyor_destroy(handle_);
  if (subject_fd_ >= 0) ::close(subject_fd_);
  if (plain_fd_ >= 0) ::close(plain_fd_);
}

std::optional<std::string> Comparison::run() {
  const std::string start = salted(source_.word() % 40'000, ++salt_);
  if (!subject_.put(start, 0) || !plain_.put(start, 0)) return "cannot fill the files";
  touch(0, static_cast<std::int64_t>(start.size()));
  if (!open()) return failure_;
  while (!source_.ended() && step_ < kOperationsMax && moved_ < kBytesMax) {
    ++step_;
    if (!step(read_operation(source_))) return failure_;
  }
  if (compare()) close();
  return failure_;
}

bool Comparison::fails(const std::string &what) {
  if (failure_) return false;
  failure_ = "step " + std::to_string(step_) + ": " + what + " [" + setup_.describe() + "]";
  return false;
}

bool Comparison::same(std::int64_t got, std::int64_t wanted, const std::string &what) {
  if (traced()) std::fprintf(stderr, "%d %s = %lld\n", step_, what.c_str(), static_cast<long long>(got));
  return got == wanted || fails(what + " gave " + std::to_string(got) + ", not " + std::to_string(wanted));
}

bool Comparison::same_bytes(const std::string &got, const std::string &wanted, std::int64_t offset,
                            const std::string &what) {
  if (got.size() < wanted.size()) return fails(what + " ends at " + std::to_string(offset + std::ssize(got)));
  if (std::memcmp(got.data(), wanted.data(), wanted.size()) != 0) {
    const auto differs = std::ranges::mismatch(wanted, got).in1 - wanted.begin();
    return fails(what + " differs at " + std::to_string(offset + differs));
  }
  const std::string untouched(got.size() - wanted.size(), '\xEE');
  return got.compare(wanted.size(), std::string::npos, untouched) == 0 || fails(what + " stored past its answer");
}

/// Result or -errno, after what may fail for a while has been repeated.
template <typename Call>
std::int64_t Comparison::settle(Call call) {
  for (int attempt = 0; attempt < 30; ++attempt) {
    errno = 0;
    const std::int64_t result = call();
    if (result != -1) return result;
    const int error = errno;
    if (error == 0) return -1;
    if (fail_error_ == 0 || error != fail_error_) return -error;
    if (attempt > 10) faulty_->relent();
    conveyor_clear_error(handle_);
  }
  return -ELOOP;
}

bool Comparison::open() {
  setup_ = read_setup(source_);
  if (!setup_.writable()) setup_.append = false;
  fail_error_ = 0;
  const int flags = setup_.access | (setup_.append ? O_APPEND : 0);
  int error = 0;
  if (plain_fd_ >= 0) ::close(plain_fd_);
  plain_fd_ = plain_.open(O_RDWR | (flags & O_APPEND));
  const bool refused = setup_.options.keep_until_sync != 0 && (setup_.append || (setup_.callbacks && !setup_.has_sync));
  for (bool expected = refused;; expected = false) {
    if (setup_.callbacks) {
      faulty_ = std::make_unique<FaultyFile>(subject_, setup_);
      const conveyor_backend_t table = faulty_->table();
      error = conveyor_create(&handle_, &table, flags, &setup_.options) == 0 ? 0 : errno;
    } else {
      if (subject_fd_ >= 0) ::close(subject_fd_);
      subject_fd_ = subject_.open(flags);
      ::lseek(subject_fd_, setup_.start, SEEK_SET);
      ::lseek(plain_fd_, setup_.start, SEEK_SET);
      error = conveyor_open_fd(&handle_, subject_fd_, flags, &setup_.options) == 0 ? 0 : errno;
    }
    if (expected && error == 0) return fails("keep_until_sync was not refused");
    if (error != 0 && !expected) return fails("open failed with " + std::to_string(error));
    if (error == 0) break;
    setup_.options.keep_until_sync = 0;
  }
  if (traced()) std::fprintf(stderr, "%d open %s\n", step_, setup_.describe().c_str());
  return true;
}

// Everything has to be there when close has returned 0; what fails for good would be lost with the handle.
bool Comparison::close() {
  if (faulty_) faulty_->relent();
  if (!same(settle([&] { return conveyor_flush(handle_); }), 0, "flush before close")) return false;
  errno = 0;
  const int result = conveyor_close(handle_);
  if (!same(result == 0 ? 0 : -errno, 0, "close")) return false;
  if (!same(conveyor_size(handle_) == -1 ? -errno : 0, -EBADF, "size of a closed handle")) return false;
  handle_ = nullptr;
  faulty_.reset();
  return compare_stored();
}

void Comparison::touch(std::int64_t begin, std::int64_t end) {
  Touched now{std::max<std::int64_t>(0, begin - kBeside), end + kBeside};
  std::erase_if(touched_, [&](const Touched &before) {
    if (before.begin > now.end || now.begin > before.end) return false;
    now = {std::min(now.begin, before.begin), std::max(now.end, before.end)};
    return true;
  });
  touched_.push_back(now);
}

bool Comparison::compare_stored() {
  if (!same(subject_.size(), plain_.size(), "stored size")) return false;
  return std::ranges::all_of(touched_, [&](Touched region) {
    return same_bytes(subject_.bytes(region.count(), region.begin), plain_.bytes(region.count(), region.begin),
                      region.begin, "stored contents");
  });
}

bool Comparison::step(const Operation &operation) {
  switch (operation.act) {
    case Act::kRead:
    case Act::kPread:
    case Act::kReadv:
    case Act::kPreadv: return read(operation);
    case Act::kWrite:
    case Act::kPwrite:
    case Act::kWritev:
    case Act::kPwritev: return write(operation);
    case Act::kSeek: return seek(operation);
    case Act::kSize: return same(settle([&] { return conveyor_size(handle_); }), plain_.size(), "size");
    case Act::kTruncate: return truncate(operation);
    case Act::kFlush: return same(settle([&] { return conveyor_flush(handle_); }), 0, "flush");
    case Act::kSync: return same(settle([&] { return conveyor_sync(handle_, operation.cut % 2); }), 0, "sync");
    case Act::kPrefetch: return prefetch(operation);
    case Act::kInvalidate: return same(conveyor_invalidate(handle_), 0, "invalidate");
    case Act::kReopen: return compare() && close() && open();
    case Act::kCompare: return compare();
    case Act::kPoke: return poke(operation);
    case Act::kGrow: return grow(operation);
    case Act::kFail: arm(operation); return true;
    case Act::kMisuse: return misuse(operation);
  }
  return true;
}

/// Small rings and short counts make many calls of one large operation.
std::size_t Comparison::bounded(std::size_t count) const {
  const std::size_t transfer = setup_.transfer_max == 0 ? SIZE_MAX / 400 : setup_.transfer_max;
  const std::size_t ring = setup_.write_through() ? SIZE_MAX / 400 : setup_.ring();
  return std::min({count, transfer * 100, ring * 100});
}

std::int64_t Comparison::offset_of(const Operation &operation) const {
  switch (operation.base) {
    case Base::kStart:
    case Base::kExtreme: return operation.delta;
    case Base::kEnd: return std::max<std::int64_t>(0, plain_.size() + operation.delta);
    case Base::kCursor: {
      const std::int64_t cursor = plain_cursor();
      return is_extreme(cursor) ? cursor : std::max<std::int64_t>(0, cursor + operation.delta);
    }
  }
  return 0;
}

std::int64_t Comparison::plain_read(std::string &bytes, std::int64_t offset, bool at_cursor) {
  if (!setup_.readable()) return -EBADF;
  if (!at_cursor && offset < 0) return -EINVAL;
  if (bytes.empty() || is_extreme(offset)) return 0;
  const ssize_t got = at_cursor ? ::read(plain_fd_, bytes.data(), bytes.size())
                                : ::pread(plain_fd_, bytes.data(), bytes.size(), offset);
  return got < 0 ? -errno : got;
}

bool Comparison::read(const Operation &operation) {
  const bool at_cursor = operation.act == Act::kRead || operation.act == Act::kReadv;
  const std::int64_t offset = at_cursor ? plain_cursor() : offset_of(operation);
  std::string got(bounded(operation.count), '\xEE');
  std::string wanted(got.size(), '\0');
  moved_ += got.size();
  const std::vector<iovec> parts = cut_up(got, operation.cut);
  const auto count = static_cast<int>(parts.size());
  const std::int64_t result = settle([&] {
    switch (operation.act) {
      case Act::kRead: return conveyor_read(handle_, got.data(), got.size());
      case Act::kPread: return conveyor_pread(handle_, got.data(), got.size(), offset);
      case Act::kReadv: return conveyor_readv(handle_, parts.data(), count);
      default: return conveyor_preadv(handle_, parts.data(), count, offset);
    }
  });
  const std::int64_t expected = plain_read(wanted, offset, at_cursor);
  const std::string what = name_of(operation.act) + places(got.size(), offset);
  if (!same(result, expected, what)) return false;
  if (result < 0) return true;
  wanted.resize(static_cast<std::size_t>(result));
  return same_bytes(got, wanted, offset, what);
}

std::optional<std::int64_t> Comparison::refusal_of_write(std::size_t count, std::int64_t offset, bool at_cursor) const {
  if (!setup_.writable()) return -EBADF;
  if (!at_cursor && offset < 0) return -EINVAL;
  if (count == 0) return 0;
  if (count > setup_.ring() && !setup_.splits()) return -EMSGSIZE;
  if (!setup_.append && count > static_cast<std::uint64_t>(INT64_MAX - offset)) return -EFBIG;
  return std::nullopt;
}

void Comparison::plain_write(const std::string &bytes, std::size_t count, std::int64_t offset, bool at_cursor) {
  const std::int64_t begin = setup_.append ? static_cast<std::int64_t>(plain_.size()) : offset;
  // Linux looks at the position even where it does not use it.
  if (at_cursor && is_extreme(offset)) ::lseek(plain_fd_, 0, SEEK_SET);
  const ssize_t got = at_cursor ? ::write(plain_fd_, bytes.data(), count)
                                : ::pwrite(plain_fd_, bytes.data(), count, is_extreme(offset) ? 0 : offset);
  if (got != static_cast<ssize_t>(count)) fails("the plain file refused " + places(count, offset));
  touch(begin, begin + static_cast<std::int64_t>(count));
}

bool Comparison::write(const Operation &operation) {
  const bool at_cursor = operation.act == Act::kWrite || operation.act == Act::kWritev;
  const std::int64_t offset = at_cursor ? plain_cursor() : offset_of(operation);
  std::string bytes = salted(bounded(operation.count), ++salt_);
  const std::string what = name_of(operation.act) + places(bytes.size(), offset);
  const std::optional<std::int64_t> refusal = refusal_of_write(bytes.size(), offset, at_cursor);
  // Accepted it could never land: EFBIG is the backend's word then, and stays.
  if (!refusal && !setup_.append && is_extreme(offset)) return true;
  moved_ += bytes.size();
  const std::vector<iovec> parts = cut_up(bytes, operation.cut);
  const auto count = static_cast<int>(parts.size());
  const std::int64_t result = settle([&] {
    switch (operation.act) {
      case Act::kWrite: return conveyor_write(handle_, bytes.data(), bytes.size());
      case Act::kPwrite: return conveyor_pwrite(handle_, bytes.data(), bytes.size(), offset);
      case Act::kWritev: return conveyor_writev(handle_, parts.data(), count);
      default: return conveyor_pwritev(handle_, parts.data(), count, offset);
    }
  });
  if (refusal) return same(result, *refusal, what);
  if (setup_.options.nonblocking != 0 && result == -EAGAIN) return same(result, -EAGAIN, what);
  std::size_t accepted = bytes.size();
  const bool may_be_short = setup_.splits() && (setup_.options.nonblocking != 0 || fail_error_ != 0);
  if (may_be_short && result > 0 && result < static_cast<std::int64_t>(accepted))
    accepted = static_cast<std::size_t>(result);
  if (!same(result, static_cast<std::int64_t>(accepted), what)) return false;
  plain_write(bytes, accepted, offset, at_cursor);
  return !failure_;
}

bool Comparison::seek(const Operation &operation) {
  std::int64_t offset = operation.delta;
  if (operation.whence == SEEK_SET)
    offset = offset_of(operation);
  else if (operation.base == Base::kStart && offset < kFar)
    offset -= 10'000;
  const int whence = operation.whence;
  std::int64_t wanted = -EINVAL;
  if (whence >= SEEK_SET && whence <= SEEK_END) {
    const std::int64_t from = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? plain_cursor() : plain_.size();
    if (__builtin_add_overflow(from, offset, &wanted))
      wanted = -EOVERFLOW;
    else if (wanted < 0)
      wanted = -EINVAL;
    else
      wanted = ::lseek(plain_fd_, offset, whence);
  }
  const std::int64_t got = settle([&] { return conveyor_lseek(handle_, offset, whence); });
  return same(got, wanted, "lseek(" + std::to_string(offset) + ", " + std::to_string(whence) + ")");
}

bool Comparison::truncate(const Operation &operation) {
  const std::int64_t size = offset_of(operation);
  if (size >= 0 && is_extreme(size)) return true;
  const std::int64_t got = settle([&] { return conveyor_truncate(handle_, size); });
  std::int64_t wanted = 0;
  if (!setup_.writable())
    wanted = -EBADF;
  else if (size < 0)
    wanted = -EINVAL;
  else if (setup_.callbacks && !setup_.has_truncate)
    wanted = -ENOTSUP;
  else if (::ftruncate(plain_fd_, size) != 0)
    wanted = -errno;
  else
    touch(size, size);
  return same(got, wanted, "truncate(" + std::to_string(size) + ")");
}

bool Comparison::prefetch(const Operation &operation) {
  const std::int64_t offset = offset_of(operation);
  const std::int64_t wanted = !setup_.readable() ? -EBADF : offset < 0 ? -EINVAL : 0;
  const std::int64_t got = settle([&] { return conveyor_prefetch(handle_, offset, operation.count); });
  return same(got, wanted, "prefetch" + places(operation.count, offset));
}

/// Nothing of the handle's is under way afterwards.
bool Comparison::land() {
  if (!same(settle([&] { return conveyor_flush(handle_); }), 0, "flush")) return false;
  if (setup_.options.keep_until_sync == 0) return true;
  return same(settle([&] { return conveyor_sync(handle_, 0); }), 0, "sync");
}

/// The cursor of an append stays behind its own bytes, those of others push it on: it is put somewhere else.
bool Comparison::settle_cursor() {
  if (!setup_.append) return true;
  const std::int64_t to = ::lseek(plain_fd_, 10, SEEK_SET);
  return same(conveyor_lseek(handle_, to, SEEK_SET), to, "lseek");
}

bool Comparison::poke(const Operation &operation) {
  const std::int64_t offset = offset_of(operation);
  if (is_extreme(offset)) return true;
  if (!land() || !settle_cursor()) return false;
  const std::string bytes = salted(operation.count, ++salt_);
  moved_ += bytes.size();
  if (!subject_.put(bytes, offset) || !plain_.put(bytes, offset)) return fails("cannot change the files");
  if (!bytes.empty()) touch(offset, offset + static_cast<std::int64_t>(bytes.size()));
  return same(conveyor_invalidate(handle_), 0, "poke" + places(bytes.size(), offset));
}

bool Comparison::grow(const Operation &operation) {
  if (!land() || !settle_cursor()) return false;
  const std::string bytes = salted(operation.count, ++salt_);
  const off_t end = plain_.size();
  moved_ += bytes.size();
  if (!subject_.put(bytes, end) || !plain_.put(bytes, end)) return fails("cannot make the files longer");
  touch(end, end + static_cast<std::int64_t>(bytes.size()));
  return same(subject_.size(), plain_.size(), "grow" + places(bytes.size(), end));
}

void Comparison::arm(const Operation &operation) {
  if (!setup_.callbacks) return;
  // An unbuffered append that fails half way is given up, and nobody can say how much of it is there.
  if (setup_.append && setup_.write_through()) return;
  constexpr FaultyFile::Kind kKinds[] = {FaultyFile::kWrite,  FaultyFile::kRead, FaultyFile::kSize,
                                         FaultyFile::kAppend, FaultyFile::kSync, FaultyFile::kTruncate,
                                         FaultyFile::kWrite,  FaultyFile::kRead};
  fail_error_ = ENOSPC;
  faulty_->fail(kKinds[operation.cut % 8], fail_error_, 1 + operation.cut / 8 % 3);
  if (traced()) std::fprintf(stderr, "%d fail %u\n", step_, operation.cut);
}

bool Comparison::misuse(const Operation &operation) {
  char byte = 'x';
  iovec parts[2] = {{&byte, SIZE_MAX / 2}, {&byte, SIZE_MAX / 2}};
  const auto refused = [&](std::int64_t got, int error, const char *what) {
    return same(got == -1 ? -errno : got, -error, what);
  };
  switch (operation.cut % 8) {
    case 0: return refused(conveyor_read(handle_, nullptr, 1), EFAULT, "read of NULL");
    case 1: return refused(conveyor_pwrite(handle_, nullptr, 1, 0), EFAULT, "pwrite of NULL");
    case 2: return refused(conveyor_preadv(handle_, parts, -1, 0), EINVAL, "preadv of -1 parts");
    case 3: return refused(conveyor_writev(handle_, parts, 1025), EINVAL, "writev of 1025 parts");
    case 4: return refused(conveyor_writev(handle_, parts, 2), EINVAL, "writev of too much");
    case 5: return refused(conveyor_write(handle_, &byte, SIZE_MAX), EINVAL, "write of too much");
    case 6: return refused(conveyor_readv(handle_, nullptr, 1), EFAULT, "readv of NULL");
    default: parts[0] = {nullptr, 1}; return refused(conveyor_writev(handle_, parts, 1), EFAULT, "writev of NULL");
  }
}

/// Size, cursor, and every byte that there can be, through the handle where it reads.
bool Comparison::compare() {
  if (!same(settle([&] { return conveyor_size(handle_); }), plain_.size(), "size")) return false;
  if (!same(settle([&] { return conveyor_lseek(handle_, 0, SEEK_CUR); }), plain_cursor(), "cursor")) return false;
  if (!setup_.readable()) return true;
  return std::ranges::all_of(touched_, [&](Touched region) {
    std::string got(region.count(), '\xEE');
    const std::string wanted = plain_.bytes(got.size(), region.begin);
    const std::int64_t count = settle([&] { return conveyor_pread(handle_, got.data(), got.size(), region.begin); });
    return same(count, static_cast<std::int64_t>(wanted.size()), "contents" + places(got.size(), region.begin)) &&
           same_bytes(got, wanted, region.begin, "contents");
  });
}

}  // namespace conveyor::test

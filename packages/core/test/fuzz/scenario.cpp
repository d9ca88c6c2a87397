#include "scenario.hpp"

#include <algorithm>

namespace conveyor::test {
namespace {

constexpr std::size_t kKiB = 1024;

constexpr std::size_t kEdges[] = {0,    1,    2,    3,    7,    8,    15,   16,   31,   63,   64,
                                  65,   100,  127,  128,  255,  511,  512,  513,  1000, 1023, 1024,
                                  1500, 2000, 4095, 4096, 4097, 5000, 8191, 8192, 8193, 12000};

constexpr std::int64_t kExtremes[] = {-1, INT64_MIN, INT64_MAX, INT64_MAX - 1, INT64_MAX - 4096, -4096};

constexpr Act kActs[] = {
    Act::kRead,     Act::kRead,   Act::kPread,   Act::kPread,  Act::kReadv,  Act::kPreadv,   Act::kWrite,
    Act::kWrite,    Act::kWrite,  Act::kPwrite,  Act::kPwrite, Act::kPwrite, Act::kWritev,   Act::kPwritev,
    Act::kSeek,     Act::kSeek,   Act::kSize,    Act::kFlush,  Act::kSync,   Act::kTruncate, Act::kInvalidate,
    Act::kPrefetch, Act::kReopen, Act::kCompare, Act::kPoke,   Act::kGrow,   Act::kFail,     Act::kMisuse,
};

std::size_t read_count(ByteSource &source) {
  const unsigned choice = source.byte();
  if (choice < 128) return kEdges[choice % std::size(kEdges)];
  if (choice < 224) return source.word() % 6000;
  return source.word() + (choice < 250 ? 0U : 65536U);
}

void read_offset(ByteSource &source, Operation &operation) {
  const auto small = [&] { return static_cast<std::int64_t>(static_cast<std::int8_t>(source.byte())); };
  switch (source.byte() % 16) {
    case 0:
    case 1:
      operation.base = Base::kCursor;
      operation.delta = small() * 16;
      return;
    case 2:
    case 3:
      operation.base = Base::kEnd;
      operation.delta = small();
      return;
    case 4:
    case 5: operation.delta = (source.byte() % 64) * 4096 + small(); return;
    case 6: operation.delta = (source.byte() % 8) * 65536 + small(); return;
    case 7: operation.delta = kFar + source.word(); return;
    case 8:
      operation.base = Base::kExtreme;
      operation.delta = source.pick(kExtremes);
      return;
    case 9: operation.delta = source.word() * 4; return;
    default: operation.delta = source.word() % 20'000; return;
  }
}

void read_rings(ByteSource &source, conveyor_options_t &options) {
  constexpr std::size_t kWrite[] = {0, 64, 1000, 4 * kKiB, 16 * kKiB, 64 * kKiB, CONVEYOR_UNBUFFERED, 0};
  constexpr std::size_t kRead[] = {0, 64, 4 * kKiB, 16 * kKiB, 64 * kKiB, 256 * kKiB, CONVEYOR_UNBUFFERED, 0};
  options.write_capacity_max = source.pick(kWrite);
  options.read_capacity_max = source.pick(kRead);
  const unsigned initial = source.byte();
  const auto least = [](std::size_t most) { return most == 0 ? 4 * kKiB : std::min<std::size_t>(most, 4 * kKiB); };
  const bool buffered = options.write_capacity_max != CONVEYOR_UNBUFFERED;
  const bool ahead = options.read_capacity_max != CONVEYOR_UNBUFFERED;
  if (buffered && (initial & 1) != 0) options.write_capacity_initial = least(options.write_capacity_max);
  if (ahead && (initial & 2) != 0) options.read_capacity_initial = least(options.read_capacity_max);
}

void read_options(ByteSource &source, conveyor_options_t &options) {
  constexpr std::size_t kIo[] = {0, 4 * kKiB, 8 * kKiB, 64 * kKiB};
  constexpr std::size_t kAlign[] = {0, 1, 64, 512, 4096};
  constexpr std::uint32_t kDepth[] = {0, 1, 2, 16};
  constexpr std::uint32_t kAge[] = {0, 1, 5, 100'000};
  conveyor_options_init(&options);
  read_rings(source, options);
  options.max_io = source.pick(kIo);
  options.read_align = source.pick(kAlign);
  options.read_depth = source.pick(kDepth);
  options.write_depth = source.pick(kDepth);
  options.max_dirty_ms = source.pick(kAge);
  const unsigned bits = source.byte();
  options.large_write = (bits & 1) != 0 ? CONVEYOR_LARGE_WRITE_SPLIT : CONVEYOR_LARGE_WRITE_REFUSE;
  options.nonblocking = (bits & 6) == 6 ? 1 : 0;
  options.keep_until_sync = (bits & 24) == 24 ? 1 : 0;
  options.durability = (bits & 224) == 224 && options.keep_until_sync == 0 ? CONVEYOR_MEMORY : CONVEYOR_STORED;
  options.tick_ms = (bits & 32) != 0 ? 1 : 0;
}

}  // namespace

Setup read_setup(ByteSource &source) {
  constexpr int kAccess[] = {O_RDWR, O_RDWR, O_RDWR, O_RDWR, O_RDWR, O_RDWR, O_WRONLY, O_RDONLY};
  Setup setup;
  const unsigned kind = source.byte();
  setup.callbacks = (kind & 1) != 0;
  setup.append = (kind & 6) == 6;
  setup.access = kAccess[kind >> 3 & 7];
  const unsigned backend = source.byte();
  if (setup.callbacks) {
    setup.has_append = (backend & 1) == 0;
    setup.has_truncate = (backend & 14) != 14;
    setup.has_sync = (backend & 48) != 48;
    setup.transient_errors = (backend & 192) == 192;
    constexpr std::size_t kTransfer[] = {0, 0, 16, 100, 512, 1000, 4096, 5000};
    setup.transfer_max = source.pick(kTransfer);
  } else {
    setup.start = backend * 17;
  }
  read_options(source, setup.options);
  return setup;
}

Operation read_operation(ByteSource &source) {
  constexpr int kWhence[] = {SEEK_SET, SEEK_CUR, SEEK_END, SEEK_SET, SEEK_CUR, SEEK_END, 7, -1};
  Operation operation;
  operation.act = source.pick(kActs);
  switch (operation.act) {
    case Act::kRead:
    case Act::kWrite:
    case Act::kGrow: operation.count = read_count(source); break;
    case Act::kReadv:
    case Act::kWritev:
      operation.count = read_count(source);
      operation.cut = source.byte();
      break;
    case Act::kSeek:
      read_offset(source, operation);
      operation.whence = source.pick(kWhence);
      break;
    case Act::kTruncate: read_offset(source, operation); break;
    case Act::kPread:
    case Act::kPwrite:
    case Act::kPreadv:
    case Act::kPwritev:
    case Act::kPrefetch:
    case Act::kPoke:
      operation.count = read_count(source);
      read_offset(source, operation);
      operation.cut = source.byte();
      break;
    case Act::kSync:
    case Act::kFail:
    case Act::kMisuse: operation.cut = source.byte(); break;
    default: break;
  }
  return operation;
}

bool is_extreme(std::int64_t offset) { return offset < 0 || offset > INT64_MAX / 2; }

const char *name_of(Act act) {
  constexpr const char *kNames[] = {"read",       "pread",  "readv",   "preadv",   "write", "pwrite", "writev",
                                    "pwritev",    "lseek",  "size",    "truncate", "flush", "sync",   "prefetch",
                                    "invalidate", "reopen", "compare", "poke",     "grow",  "fail",   "misuse"};
  return kNames[static_cast<std::size_t>(act)];
}

std::string Setup::describe() const {
  const auto size = [](std::size_t value) {
    return value == CONVEYOR_UNBUFFERED ? std::string("off") : std::to_string(value);
  };
  std::string text = callbacks ? "callbacks" : "descriptor";
  text += access == O_RDWR ? " rdwr" : access == O_WRONLY ? " wronly" : " rdonly";
  if (append) text += " append";
  if (callbacks && !has_append) text += " no-append";
  if (callbacks && !has_truncate) text += " no-truncate";
  if (callbacks && !has_sync) text += " no-sync";
  if (transfer_max != 0) text += " transfer_max=" + size(transfer_max);
  if (transient_errors) text += " transient";
  text += " write=" + size(options.write_capacity_initial) + ".." + size(options.write_capacity_max);
  text += " read=" + size(options.read_capacity_initial) + ".." + size(options.read_capacity_max);
  text += " max_io=" + size(options.max_io) + " align=" + size(options.read_align);
  text += " depths=" + std::to_string(options.read_depth) + "," + std::to_string(options.write_depth);
  text += " age=" + std::to_string(options.max_dirty_ms) + " tick=" + std::to_string(options.tick_ms);
  if (options.large_write == CONVEYOR_LARGE_WRITE_SPLIT) text += " split";
  if (options.nonblocking != 0) text += " nonblocking";
  if (options.keep_until_sync != 0) text += " keep_until_sync";
  if (options.durability == CONVEYOR_MEMORY) text += " memory";
  return text;
}

}  // namespace conveyor::test

#include <climits>

#include "capi/access.hpp"
#include "shell/runtime.hpp"

namespace conveyor {
namespace {

constexpr size_t kMaxIoLeast = 4096;
constexpr size_t kMaxIoMost = size_t{1} << 30;
constexpr size_t kCapacityMost = size_t{1} << 40;
constexpr uint32_t kDepthMost = 64;
constexpr int kIovcntMost = 1024;

template <class T>
void set_if(T* target, T value) {
  if (value != 0) *target = value;
}

int check(const conveyor_options_t& o, uint64_t budget) {
  if (o.adaptive > CONVEYOR_ADAPTIVE_OFF || o.depth_max > kDepthMost || o.flush_threshold > kMaxIoMost) return -EINVAL;
  if (o.journal_sync || o.journal_path || o.spill_dir) return -ENOTSUP;
  if (o.durability == CONVEYOR_STAGED) return -ENOTSUP;  // needs the journal
  if (o.durability > CONVEYOR_MEMORY || o.large_write > CONVEYOR_LARGE_WRITE_SPLIT) return -EINVAL;
  if (o.nonblocking > 1 || o.keep_until_sync > 1 || o.owns_fd > 1) return -EINVAL;
  if (o.read_depth > kDepthMost || o.write_depth > kDepthMost) return -EINVAL;
  if (o.max_io != 0 && (o.max_io < kMaxIoLeast || o.max_io > kMaxIoMost || o.max_io > budget)) return -EINVAL;
  if (o.read_align > kMaxIoMost) return -EINVAL;
  for (size_t capacity : {o.write_capacity_max, o.read_capacity_max})
    if (capacity != CONVEYOR_UNBUFFERED && (capacity > kCapacityMost || capacity > budget)) return -EINVAL;
  if (o.write_capacity_initial > kCapacityMost || o.read_capacity_initial > kCapacityMost) return -EINVAL;
  bool crossed_write = o.write_capacity_max && o.write_capacity_initial > o.write_capacity_max;
  bool crossed_read = o.read_capacity_max && o.read_capacity_initial > o.read_capacity_max;
  return crossed_write || crossed_read ? -EINVAL : 0;
}

}  // namespace

int configure(EngineConfig* config, HandleTimeouts* timeouts, int flags, const conveyor_options_t* options) {
  conveyor_options_t none{};
  none.struct_size = sizeof none;
  std::optional<conveyor_options_t> known = known_part(options ? options : &none);
  if (!known) return -EINVAL;
  const conveyor_options_t& o = *known;
  const uint64_t budget = Runtime::get().memory().limit();
  if (int error = check(o, budget)) return error;

  const int mode = flags & O_ACCMODE;
  if (mode != O_RDONLY && mode != O_WRONLY && mode != O_RDWR) return -EINVAL;
  config->readable = mode != O_WRONLY;
  config->writable = mode != O_RDONLY;
  config->append = config->writable && (flags & O_APPEND) != 0;
  // What is appended cannot be written a second time without being there twice.
  if (o.keep_until_sync && config->append) return -ENOTSUP;

  // Defaults shrink with the budget; what was asked for does not.
  config->write_capacity_max = std::min<uint64_t>(config->write_capacity_max, budget / 4);
  config->read_capacity_max = std::min<uint64_t>(config->read_capacity_max, budget / 4);
  config->max_io = std::min<uint64_t>(config->max_io, budget / 8);
  set_if(&config->max_io, o.max_io);
  config->write_through = o.write_capacity_max == CONVEYOR_UNBUFFERED;
  config->read_through = o.read_capacity_max == CONVEYOR_UNBUFFERED;
  if (!config->write_through) set_if(&config->write_capacity_max, o.write_capacity_max);
  if (!config->read_through) set_if(&config->read_capacity_max, o.read_capacity_max);
  set_if(&config->write_capacity_initial, o.write_capacity_initial);
  set_if(&config->read_window_initial, o.read_capacity_initial);
  set_if(&config->flush_threshold, o.flush_threshold);
  if (o.flush_threshold > config->max_io) return -EINVAL;
  set_if(&config->depth_max, o.depth_max);
  config->read_depth = o.read_depth ? o.read_depth : std::min(config->read_depth, config->depth_max);
  config->write_depth = o.write_depth ? o.write_depth : std::min(config->write_depth, config->depth_max);
  set_if(&config->read_align, o.read_align);
  if (o.max_dirty_ms) config->max_dirty = o.max_dirty_ms * kMillisecond;
  if (o.retry_deadline_ms) config->retry_deadline = o.retry_deadline_ms * kMillisecond;
  if (o.tick_ms) config->tick = config->idle = o.tick_ms * kMillisecond;
  config->adaptive = o.adaptive != CONVEYOR_ADAPTIVE_OFF;
  config->pinned = {o.max_io != 0, o.flush_threshold != 0, o.read_capacity_max != 0, o.write_depth != 0,
                    o.read_depth != 0};
  config->split_large_writes = o.large_write == CONVEYOR_LARGE_WRITE_SPLIT;
  config->nonblocking = o.nonblocking != 0;
  config->keep_until_sync = o.keep_until_sync != 0;
  config->sync_is_noop = o.durability == CONVEYOR_MEMORY;
  *timeouts = {o.read_timeout_ms, o.write_timeout_ms, o.flush_timeout_ms};
  return 0;
}

std::optional<size_t> total_length(const iovec* iov, int iovcnt) {
  if (iovcnt < 0 || iovcnt > kIovcntMost) {
    errno = EINVAL;
    return std::nullopt;
  }
  if (iovcnt > 0 && !iov) {
    errno = EFAULT;
    return std::nullopt;
  }
  size_t total = 0;
  for (int i = 0; i < iovcnt; ++i) {
    if (iov[i].iov_len > 0 && !iov[i].iov_base) {
      errno = EFAULT;
      return std::nullopt;
    }
    if (__builtin_add_overflow(total, iov[i].iov_len, &total) || total > SSIZE_MAX) {
      errno = EINVAL;
      return std::nullopt;
    }
  }
  return total;
}

}  // namespace conveyor

extern "C" {

void conveyor_options_init(conveyor_options_t* options) {
  if (!options) return;
  *options = conveyor_options_t{};
  options->struct_size = sizeof *options;
}

int conveyor_runtime_configure(const conveyor_runtime_t* runtime) {
  auto known = conveyor::known_part(runtime);
  if (!known || known->worker_threads > 256) return conveyor::fail(EINVAL);
  if (known->memory_budget != 0 && known->memory_budget < (1 << 20)) return conveyor::fail(EINVAL);
  if (!conveyor::Runtime::configure(known->worker_threads, known->memory_budget)) return conveyor::fail(EBUSY);
  return 0;
}

const char* conveyor_version(void) { return CONVEYOR_VERSION; }
}

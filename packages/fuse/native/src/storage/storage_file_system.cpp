#include "storage_file_system.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <thread>
#include <utility>

#include "storage_operations.hpp"

namespace conveyor::mount {

namespace {

/// What libfuse's own path layer gives for a file whose number nobody has asked for; 0 would hide the name.
constexpr ino_t kUnknownNumber = 0xffffffff;

/// A directory that is open: its names as they were then.
struct Listing {
  std::vector<std::string> names;
  std::vector<double> modes;
};

Listing& listing_of(const fuse_file_info* file) { return *reinterpret_cast<Listing*>(file->fh); }

std::unique_ptr<Listing> make_listing(const Answer& answer) {
  auto listing = std::make_unique<Listing>();
  size_t begin = 0;
  for (size_t end = answer.text.find('/'); end != std::string::npos; end = answer.text.find('/', begin)) {
    listing->names.push_back(answer.text.substr(begin, end - begin));
    begin = end + 1;
  }
  listing->modes = answer.modes;
  listing->modes.resize(listing->names.size());
  return listing;
}

int64_t now_ms() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

/// 0, or an errno.
int copy_all(conveyor_t* source, int target) {
  constexpr size_t kPiece = 1U << 20;
  const auto piece = std::make_unique<char[]>(kPiece);
  off_t offset = 0;
  for (;;) {
    const ssize_t count = conveyor_pread(source, piece.get(), kPiece, offset);
    if (count <= 0) return count < 0 ? errno : 0;
    for (ssize_t done = 0; done < count;) {
      const ssize_t written = pwrite(target, piece.get() + done, static_cast<size_t>(count - done), offset + done);
      if (written < 0 && errno != EINTR) return errno;
      done += std::max<ssize_t>(0, written);
    }
    offset += count;
  }
}

}  // namespace

/// An operation of the engine on behalf of the kernel.
struct StorageFileSystem::Transfer {
  StorageFileSystem* system = nullptr;
  fuse_req_t request = nullptr;
  Operation operation{};
  std::shared_ptr<Engine> engine;
  std::unique_ptr<char[]> bytes;
  size_t size = 0;
  off_t offset = 0;
  bool data_only = false;
  InFlight::Entry entry;
};

StorageFileSystem::StorageFileSystem(const Presentation& presentation, std::shared_ptr<Messenger> messenger, Ask ask,
                                     Dispatch dispatch)
    : FileSystem(presentation),
      messenger_(std::move(messenger)),
      ask_(std::move(ask)),
      dispatch_(std::make_shared<const Dispatch>(std::move(dispatch))) {}

StorageFileSystem::~StorageFileSystem() = default;

const fuse_lowlevel_ops& StorageFileSystem::operations() const { return storage_operations(); }

void StorageFileSystem::ask(fuse_req_t request, Operation operation, fuse_ino_t node, const char* name,
                            const char* other, std::vector<double> arguments, const fuse_file_info* file) {
  auto question = std::make_unique<Question>();
  Question* const raw = question.get();
  question->request = request;
  question->operation = operation;
  question->node = node;
  question->name = name != nullptr ? name : "";
  question->other = other != nullptr ? other : "";
  question->arguments = std::move(arguments);
  if (file != nullptr) question->file = *file;
  const fuse_ctx* caller = fuse_req_ctx(request);
  in_flight().enter(question->entry, operation, node, static_cast<uint32_t>(caller->pid));
  ++unanswered_;
  {
    const std::lock_guard lock(mutex_);
    raw->number = ++last_question_;
    questions_.emplace(raw->number, std::move(question));
  }
  const uint64_t number = raw->number;
  // The question stays until it is answered, which only JavaScript does.
  if (!messenger_->post([this, raw](napi_env env) { ask_(env, *raw); })) {
    Answer refusal;
    refusal.error = EIO;
    answer(number, refusal);
  }
}

void StorageFileSystem::answer(uint64_t number, const Answer& answer) {
  std::unique_ptr<Question> question;
  {
    const std::lock_guard lock(mutex_);
    const auto found = questions_.find(number);
    if (found == questions_.end()) return;
    question = std::move(found->second);
    questions_.erase(found);
  }
  in_flight().leave(question->entry);
  reply(*question, answer);
  --unanswered_;
}

fuse_entry_param StorageFileSystem::entry_of(const Answer& answer) const {
  fuse_entry_param entry{};
  entry.ino = answer.node;
  entry.attr = answer.attributes;
  presentation().apply(entry.attr);
  entry.attr_timeout = presentation().attribute_timeout_s;
  entry.entry_timeout = presentation().entry_timeout_s;
  return entry;
}

void StorageFileSystem::reply(Question& question, const Answer& answer) {
  const fuse_req_t request = question.request;
  const fuse_entry_param entry = entry_of(answer);
  if (question.operation == Operation::kForget) return fuse_reply_none(request);
  if (answer.error != 0) {
    fuse_reply_err(request, answer.error);
    return;
  }
  switch (question.operation) {
    case Operation::kLookup:
    case Operation::kMknod:
    case Operation::kMkdir:
    case Operation::kSymlink:
      fuse_reply_entry(request, &entry);
      return;
    case Operation::kGetattr:
    case Operation::kSetattr:
      fuse_reply_attr(request, &entry.attr, entry.attr_timeout);
      return;
    case Operation::kReadlink:
      fuse_reply_readlink(request, answer.text.c_str());
      return;
    case Operation::kOpen:
      question.file.keep_cache = answer.keeps_cache ? 1 : 0;
      fuse_reply_open(request, &question.file);
      return;
    case Operation::kCreate:
      fuse_reply_create(request, &entry, &question.file);
      return;
    case Operation::kOpendir: {
      std::unique_ptr<Listing> listing = make_listing(answer);
      question.file.fh = reinterpret_cast<uint64_t>(listing.get());
      if (fuse_reply_open(request, &question.file) == 0) static_cast<void>(listing.release());
      return;
    }
    default:
      fuse_reply_err(request, 0);
  }
}

int StorageFileSystem::open_engine(fuse_ino_t node, int flags, uint32_t capabilities,
                                   const conveyor_options_t& options) {
  auto engine = std::make_shared<Engine>(++last_engine_, messenger_, dispatch_);
  const int error = engine->open(flags, capabilities, options);
  return error != 0 ? -error : enter(node, std::move(engine));
}

int StorageFileSystem::enter(fuse_ino_t node, std::shared_ptr<Engine> engine) {
  const auto number = static_cast<int>(engine->number());
  const std::lock_guard lock(mutex_);
  engines_.emplace(engine->number(), engine);
  by_node_[node] = std::move(engine);
  return number;
}

int StorageFileSystem::move_to_scratch(fuse_ino_t node, uint32_t number, const std::string& directory,
                                       const conveyor_options_t& options) {
  const std::shared_ptr<Engine> source = find_engine(number);
  if (source == nullptr) return -EBADF;
  std::string path = directory + "/conveyor-XXXXXX";
  const int descriptor = mkostemp(path.data(), O_CLOEXEC);
  if (descriptor < 0) return -errno;
  unlink(path.c_str());
  int error = copy_all(source->handle(), descriptor);
  auto engine = std::make_shared<Engine>(++last_engine_, messenger_, dispatch_);
  if (error == 0) error = engine->open_descriptor(descriptor, options);
  if (error == 0) return enter(node, std::move(engine));
  close(descriptor);
  return -error;
}

std::shared_ptr<Engine> StorageFileSystem::find_engine(uint32_t number) const {
  const std::lock_guard lock(mutex_);
  const auto found = engines_.find(number);
  return found == engines_.end() ? nullptr : found->second;
}

std::shared_ptr<Engine> StorageFileSystem::take_engine(fuse_ino_t node) {
  const std::lock_guard lock(mutex_);
  const auto found = by_node_.find(node);
  if (found == by_node_.end()) return nullptr;
  ++found->second->transfers;
  return found->second;
}

void StorageFileSystem::give_back(Engine& engine) {
  std::function<void()> idle;
  {
    const std::lock_guard lock(mutex_);
    if (--engine.transfers == 0) idle.swap(engine.when_idle);
  }
  if (idle) idle();
}

void StorageFileSystem::close_engine(uint32_t number, std::function<void(ssize_t)> done) {
  struct Closing {
    StorageFileSystem* system;
    std::shared_ptr<Engine> engine;
    std::function<void(ssize_t)> done;

    static void over(void* argument, ssize_t result) {
      const std::unique_ptr<Closing> closing(static_cast<Closing*>(argument));
      {
        const std::lock_guard lock(closing->system->mutex_);
        closing->system->engines_.erase(closing->engine->number());
      }
      closing->done(result);
    }
    void begin() {
      const ssize_t result = conveyor_close_async(engine->handle(), over, this);
      if (result != CONVEYOR_PENDING) over(this, result < 0 ? -errno : result);
    }
  };
  Closing* closing = nullptr;
  {
    const std::lock_guard lock(mutex_);
    const auto found = engines_.find(number);
    if (found != engines_.end()) {
      std::shared_ptr<Engine> engine = found->second;
      std::erase_if(by_node_, [&engine](const auto& entry) { return entry.second == engine; });
      closing = new Closing{this, engine, std::move(done)};
      // A transfer under way would end with EBADF: its file is open, only not in front of this engine any more.
      if (engine->transfers > 0) {
        engine->when_idle = [closing] { closing->begin(); };
        return;
      }
    }
  }
  if (closing == nullptr) return done(-EBADF);
  closing->begin();
}

void StorageFileSystem::read(fuse_req_t request, fuse_ino_t node, size_t size, off_t offset) {
  auto transfer = std::make_unique<Transfer>();
  transfer->request = request;
  transfer->operation = Operation::kRead;
  transfer->engine = take_engine(node);
  transfer->bytes.reset(new char[size]);
  transfer->size = size;
  transfer->offset = offset;
  in_flight().enter(transfer->entry, Operation::kRead, node, static_cast<uint32_t>(fuse_req_ctx(request)->pid));
  start(std::move(transfer));
}

void StorageFileSystem::write(fuse_req_t request, fuse_ino_t node, const char* bytes, size_t size, off_t offset) {
  auto transfer = std::make_unique<Transfer>();
  transfer->request = request;
  transfer->operation = Operation::kWrite;
  transfer->engine = take_engine(node);
  // A copy of its own: libfuse uses the memory again, and a full ring makes the write wait.
  transfer->bytes.reset(new char[size]);
  std::copy(bytes, bytes + size, transfer->bytes.get());
  transfer->size = size;
  transfer->offset = offset;
  if (transfer->engine != nullptr) transfer->engine->written_ms.store(now_ms(), std::memory_order_relaxed);
  in_flight().enter(transfer->entry, Operation::kWrite, node, static_cast<uint32_t>(fuse_req_ctx(request)->pid));
  start(std::move(transfer));
}

void StorageFileSystem::sync(fuse_req_t request, Operation operation, fuse_ino_t node, bool data_only) {
  auto transfer = std::make_unique<Transfer>();
  transfer->request = request;
  transfer->operation = operation;
  transfer->engine = take_engine(node);
  transfer->data_only = data_only;
  in_flight().enter(transfer->entry, operation, node, static_cast<uint32_t>(fuse_req_ctx(request)->pid));
  start(std::move(transfer));
}

void StorageFileSystem::start(std::unique_ptr<Transfer> transfer) {
  ++unanswered_;
  transfer->system = this;
  if (transfer->engine == nullptr) {
    transferred(transfer.release(), -EBADF);
    return;
  }
  conveyor_t* const handle = transfer->engine->handle();
  Transfer* const raw = transfer.release();
  ssize_t result = 0;
  if (raw->operation == Operation::kRead) {
    result = conveyor_read_async(handle, raw->bytes.get(), raw->size, raw->offset, transferred, raw);
  } else if (raw->operation == Operation::kWrite) {
    result = conveyor_write_async(handle, raw->bytes.get(), raw->size, raw->offset, transferred, raw);
  } else {
    result = conveyor_sync_async(handle, raw->data_only ? 1 : 0, transferred, raw);
  }
  if (result != CONVEYOR_PENDING) transferred(raw, result < 0 ? -errno : result);
}

void StorageFileSystem::transferred(void* argument, ssize_t result) {
  const std::unique_ptr<Transfer> transfer(static_cast<Transfer*>(argument));
  StorageFileSystem* const system = transfer->system;
  if (transfer->engine != nullptr) system->give_back(*transfer->engine);
  system->in_flight().leave(transfer->entry);
  if (result < 0) {
    fuse_reply_err(transfer->request, static_cast<int>(-result));
  } else if (transfer->operation == Operation::kRead) {
    fuse_reply_buf(transfer->request, transfer->bytes.get(), static_cast<size_t>(result));
  } else if (transfer->operation == Operation::kWrite) {
    fuse_reply_write(transfer->request, static_cast<size_t>(result));
  } else {
    fuse_reply_err(transfer->request, 0);
  }
  --system->unanswered_;
}

void StorageFileSystem::list(fuse_req_t request, size_t size, off_t offset, const fuse_file_info* file) {
  const Listing& listing = listing_of(file);
  std::vector<char> answer(size);
  size_t used = 0;
  for (auto index = static_cast<size_t>(offset); index < listing.names.size(); ++index) {
    struct stat attributes {};
    attributes.st_mode = static_cast<mode_t>(listing.modes[index]);
    attributes.st_ino = kUnknownNumber;
    const size_t needed = fuse_add_direntry(request, answer.data() + used, size - used, listing.names[index].c_str(),
                                            &attributes, static_cast<off_t>(index + 1));
    if (needed > size - used) break;
    used += needed;
  }
  fuse_reply_buf(request, answer.data(), used);
}

void StorageFileSystem::close_directory(fuse_req_t request, const fuse_file_info* file) {
  delete &listing_of(file);
  fuse_reply_err(request, 0);
}

Unlanded StorageFileSystem::drain(int timeout_ms) {
  conveyor_drain_t left{};
  left.struct_size = sizeof left;
  const int error = conveyor_drain(timeout_ms, &left) == 0 ? 0 : errno;
  return {left.handles, left.bytes, left.oldest_ms, error};
}

bool StorageFileSystem::await_answers(int timeout_ms) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout_ms);
  while (unanswered_.load() > 0) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

}  // namespace conveyor::mount

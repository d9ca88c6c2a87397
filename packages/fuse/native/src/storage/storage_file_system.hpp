// A storage that is written in JavaScript as a mount: names are JavaScript's, bytes are the engine's.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "../file_system.hpp"
#include "../messenger.hpp"
#include "engine.hpp"

namespace conveyor::mount {

/// A request of the kernel that JavaScript answers: names, attributes, opening.
struct Question {
  uint64_t number = 0;
  fuse_req_t request = nullptr;
  Operation operation{};
  fuse_ino_t node = 0;
  std::string name;
  std::string other;              // the second name, or what a link leads to
  std::vector<double> arguments;  // as src/storage-questions.ts reads them
  fuse_file_info file{};
  InFlight::Entry entry;
};

/// What JavaScript answers; which of it counts, the question's operation says.
struct Answer {
  int error = 0;
  fuse_ino_t node = 0;
  struct stat attributes {};
  std::string text;           // what a link leads to; names of a directory, with `/` behind each
  std::vector<double> modes;  // of those names
  bool keeps_cache = false;
};

/// Threads: the operations from the session's threads; `answer`, `open_engine` and what else concerns engines from the
/// JavaScript thread. No thread of the session ever waits for JavaScript or for the storage.
///
/// Clauses: M2, M3, M8, M9.
class StorageFileSystem final : public FileSystem {
 public:
  using Ask = std::function<void(napi_env env, const Question& question)>;

  StorageFileSystem(const Presentation& presentation, std::shared_ptr<Messenger> messenger, Ask ask, Dispatch dispatch);
  ~StorageFileSystem() override;

  const fuse_lowlevel_ops& operations() const override;
  Unlanded drain(int timeout_ms) override;
  bool await_answers(int timeout_ms) override;

  void answer(uint64_t number, const Answer& answer);

  /// Puts an engine in front of a node's file; operations use it from now on. Its number, or -errno.
  int open_engine(fuse_ino_t node, int flags, uint32_t capabilities, const conveyor_options_t& options);
  /// Takes it away; it closes when the operations under way have ended. `done` gets 0 or -errno, on any thread.
  void close_engine(uint32_t number, std::function<void(ssize_t)> done);
  std::shared_ptr<Engine> find_engine(uint32_t number) const;
  /// Copies what an engine has into a file of this machine that has no name, and puts an engine over that file in its
  /// place: for a file whose name is about to go. The new number, or -errno. Blocks; not for the JavaScript thread.
  int move_to_scratch(fuse_ino_t node, uint32_t number, const std::string& directory,
                      const conveyor_options_t& options);

  void ask(fuse_req_t request, Operation operation, fuse_ino_t node, const char* name, const char* other,
           std::vector<double> arguments, const fuse_file_info* file = nullptr);

  void read(fuse_req_t request, fuse_ino_t node, size_t size, off_t offset);
  void write(fuse_req_t request, fuse_ino_t node, const char* bytes, size_t size, off_t offset);
  /// `flush` of a file that was open for writing, and `fsync`: what was written is stored when they return.
  void sync(fuse_req_t request, Operation operation, fuse_ino_t node, bool data_only);
  void list(fuse_req_t request, size_t size, off_t offset, const fuse_file_info* file);
  void close_directory(fuse_req_t request, const fuse_file_info* file);

 private:
  struct Transfer;
  static void transferred(void* transfer, ssize_t result);
  void start(std::unique_ptr<Transfer> transfer);
  /// Counts a transfer of the engine in front of a node's file.
  std::shared_ptr<Engine> take_engine(fuse_ino_t node);
  void give_back(Engine& engine);
  int enter(fuse_ino_t node, std::shared_ptr<Engine> engine);
  void reply(Question& question, const Answer& answer);
  fuse_entry_param entry_of(const Answer& answer) const;

  const std::shared_ptr<Messenger> messenger_;
  const Ask ask_;
  const std::shared_ptr<const Dispatch> dispatch_;

  mutable std::mutex mutex_;  // guards what follows; not held while anybody is called
  std::unordered_map<uint64_t, std::unique_ptr<Question>> questions_;
  std::unordered_map<fuse_ino_t, std::shared_ptr<Engine>> by_node_;
  std::unordered_map<uint32_t, std::shared_ptr<Engine>> engines_;
  uint64_t last_question_ = 0;
  std::atomic<uint32_t> last_engine_{0};
  std::atomic<size_t> unanswered_{0};
};

}  // namespace conveyor::mount

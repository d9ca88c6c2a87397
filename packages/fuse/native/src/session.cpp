#include "session.hpp"

#include <signal.h>
#include <sys/mount.h>

#include <algorithm>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <utility>

namespace conveyor::mount {

namespace {

/// What libfuse has said on this thread since the mount began; it tells its reasons in no other way.
thread_local std::string words_of_thread;
constexpr size_t kWordsMax = 2000;

void keep_words(fuse_log_level level, const char* format, va_list arguments) {
  char line[512];
  const int length = std::vsnprintf(line, sizeof line, format, arguments);
  if (length <= 0 || level > FUSE_LOG_WARNING || words_of_thread.size() > kWordsMax) return;
  words_of_thread.append(line, std::min(static_cast<size_t>(length), sizeof line - 1));
}

void block_signals() {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
}

/// Arguments in the form that libfuse wants.
class Arguments {
 public:
  explicit Arguments(const std::vector<std::string>& options) {
    fuse_opt_add_arg(&arguments_, "conveyor");
    for (const std::string& option : options) {
      fuse_opt_add_arg(&arguments_, "-o");
      fuse_opt_add_arg(&arguments_, option.c_str());
    }
  }
  Arguments(const Arguments&) = delete;
  Arguments& operator=(const Arguments&) = delete;
  ~Arguments() { fuse_opt_free_args(&arguments_); }
  fuse_args* get() { return &arguments_; }

 private:
  fuse_args arguments_ = FUSE_ARGS_INIT(0, nullptr);
};

}  // namespace

Session::Session(SessionSettings settings, std::unique_ptr<FileSystem> system, Listener listener)
    : settings_(std::move(settings)), system_(std::move(system)), listener_(std::move(listener)) {
  fuse_set_log_func(keep_words);
}

Session::~Session() {
  if (thread_.joinable()) thread_.join();
}

void Session::start() {
  thread_ = std::thread([this] { run(); });
}

void Session::run() {
  block_signals();
  words_of_thread.clear();
  Arguments arguments(settings_.options);
  auto* const user_data = static_cast<void*>(system_.get());
  fuse_session* const session =
      fuse_session_new(arguments.get(), &system_->operations(), sizeof(fuse_lowlevel_ops), user_data);
  if (session == nullptr) return listener_(Event::kFailed, EINVAL, words_of_thread);
  errno = 0;
  if (fuse_session_mount(session, settings_.mount_point.c_str()) != 0) {
    const int error = errno != 0 ? errno : EIO;
    fuse_session_destroy(session);
    return listener_(Event::kFailed, error, words_of_thread);
  }
  listener_(Event::kMounted, 0, {});
  const int error = serve(session);
  fuse_session_unmount(session);
  // Answers that come later still find their session.
  constexpr int kLastAnswersMs = 30'000;
  if (system_->await_answers(kLastAnswersMs)) fuse_session_destroy(session);
  listener_(Event::kEnded, error, words_of_thread);
}

int Session::serve(fuse_session* session) {
  fuse_loop_config* const config = fuse_loop_cfg_create();
  fuse_loop_cfg_set_clone_fd(config, 1);
  fuse_loop_cfg_set_max_threads(config, settings_.threads_max);
  fuse_loop_cfg_set_idle_threads(config, std::max(1U, settings_.threads_max / 2));
  const int result = fuse_session_loop_mt(session, config);
  fuse_loop_cfg_destroy(config);
  return result < 0 ? -result : 0;
}

int Session::unmount(bool lazily) const {
  const int flags = UMOUNT_NOFOLLOW | (lazily ? MNT_DETACH : 0);
  return umount2(settings_.mount_point.c_str(), flags) == 0 ? 0 : errno;
}

}  // namespace conveyor::mount

#pragma once
/// The runner behind check.hpp: registry, command line, watchdog, report. Include check.hpp, not this file.

#include <atomic>
#include <charconv>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <typeinfo>
#include <vector>

#include <unistd.h>

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
#define CONVEYOR_TESTKIT_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer) || __has_feature(address_sanitizer)
#define CONVEYOR_TESTKIT_SANITIZED 1
#endif
#endif

namespace conveyor::testkit {

/// True when the program runs under TSan or ASan, where everything is several times slower.
#if defined(CONVEYOR_TESTKIT_SANITIZED)
inline constexpr bool kSanitized = true;
#else
inline constexpr bool kSanitized = false;
#endif

/// Seconds a single test may take unless `--deadline` says otherwise.
inline constexpr int kDeadlineSecondsDefault = kSanitized ? 600 : 60;

struct TestCase {
  const char* name;  ///< "suite.name"
  const char* file;
  int line;
  void (*body)();
};

/// Thrown by REQUIRE, after the failure was recorded.
struct TestLeft {};
/// Thrown by SKIP.
struct TestSkipped {};

/// Runs the registered tests one after another and reports. One per process (`instance()`).
class Runner {
 public:
  static Runner& instance() {
    static Runner runner;
    return runner;
  }

  void add(const TestCase& test) { tests_.push_back(test); }

  /// Seed for the running test: the seed of the run mixed with the test's name, so that a test sees the same numbers
  /// alone as in company. Threads: any, while it runs.
  std::uint64_t test_seed() const {
    std::uint64_t hash = 0xcbf29ce484222325U ^ seed_;  // FNV-1a
    for (const char* c = current_name(); *c != '\0'; ++c) {
      hash = (hash ^ static_cast<unsigned char>(*c)) * 0x100000001b3U;
    }
    return hash;
  }

  /// The number given by `--seed` (1 by default), plus the round of `--repeat`. Threads: any, while a test runs.
  std::uint64_t run_seed() const { return seed_; }

  /// Name of the running test, "(none)" outside of one. Threads: any, also signal handlers.
  const char* current_name() const {
    const char* name = current_.load(std::memory_order_acquire);  // pairs with the release store in run_one
    return name == nullptr ? "(none)" : name;
  }

  void count_check() { checks_.fetch_add(1, std::memory_order_relaxed); }

  /// Records a failure of the running test and prints it at once. Threads: any.
  void fail(const char* file, int line, std::string_view what) {
    const std::scoped_lock lock(output_mutex_);
    failures_.fetch_add(1, std::memory_order_relaxed);
    if (++printed_ > kPrintedFailuresMax) return;
    std::printf("%s:%d: FAILED in %s\n  %.*s\n", file, line, current_name(), static_cast<int>(what.size()),
                what.data());
    std::fflush(stdout);
  }

  void leave_failed() {
    if (std::this_thread::get_id() != test_thread_) {
      std::fprintf(stderr, "REQUIRE failed outside of the test's own thread in %s\n", current_name());
      std::abort();
    }
    throw TestLeft{};
  }

  [[noreturn]] void leave_skipped(std::string_view reason) {
    skip_reason_ = reason;
    throw TestSkipped{};
  }

  /// Runs what the command line asks for. Returns the exit code of the program.
  int main(int argc, char** argv) {
    program_ = argc > 0 ? argv[0] : "test";
    if (!parse(argc, argv)) return 2;
    if (list_) {
      for (const TestCase& test : tests_) {
        if (selected(test)) std::printf("%s\n", test.name);
      }
      return 0;
    }
    install_crash_note();
    std::thread watchdog([this] { watch(); });
    for (int round = 0; round < repeat_; ++round, ++seed_) {
      for (const TestCase& test : tests_) {
        if (selected(test)) run_one(test);
      }
    }
    {
      const std::scoped_lock lock(watch_mutex_);
      done_ = true;
    }
    watch_changed_.notify_all();
    watchdog.join();
    print_closing_line(failed_);
    return failed_ == 0 && passed_ > 0 ? 0 : 1;
  }

 private:
  static constexpr int kPrintedFailuresMax = 20;  // of one test: a broken loop must not bury the first failure
  using Clock = std::chrono::steady_clock;

  bool selected(const TestCase& test) const {
    return filter_.empty() || std::string_view(test.name).find(filter_) != std::string_view::npos;
  }

  void run_one(const TestCase& test) {
    begin(test);
    const auto started = Clock::now();
    bool skipped = false;
    try {
      test.body();
    } catch (const TestLeft &) {
      // recorded where it happened
    } catch (const TestSkipped &) {
      skipped = true;
    } catch (const std::exception& error) {
      fail(test.file, test.line, std::string("exception ") + typeid(error).name() + ": " + error.what());
    } catch (...) {
      fail(test.file, test.line, "exception of an unknown type");
    }
    if (!skipped && failures_.load() == 0 && checks_.load() == 0) {
      fail(test.file, test.line, "the test made no check: it cannot fail");
    }
    end(test, skipped, std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - started).count());
  }

  void begin(const TestCase& test) {
    test_thread_ = std::this_thread::get_id();
    checks_ = 0;
    failures_ = 0;
    printed_ = 0;
    current_.store(test.name, std::memory_order_release);  // pairs with the acquire load in current_name
    {
      const std::scoped_lock lock(watch_mutex_);
      deadline_ = Clock::now() + std::chrono::seconds(deadline_seconds_);
      armed_ = true;
    }
    watch_changed_.notify_all();
  }

  void end(const TestCase& test, bool skipped, long long elapsed_ms) {
    {
      const std::scoped_lock lock(watch_mutex_);
      armed_ = false;
    }
    const int failures = failures_.load();
    const std::scoped_lock lock(output_mutex_);
    if (failures > 0) {
      ++failed_;
      if (failures > kPrintedFailuresMax) std::printf("  ... %d failures in all\n", failures);
      std::printf("FAIL %s (%lld ms)  again: %s --filter %s --seed %llu\n", test.name, elapsed_ms, program_, test.name,
                  static_cast<unsigned long long>(seed_));
    } else if (skipped) {
      ++skipped_;
      std::printf("SKIP %s: %s\n", test.name, skip_reason_.c_str());
    } else {
      ++passed_;
      std::printf("PASS %s (%lld ms)\n", test.name, elapsed_ms);
    }
    std::fflush(stdout);
    current_.store(nullptr, std::memory_order_release);  // pairs with the acquire load in current_name
  }

  void watch() {
    std::unique_lock lock(watch_mutex_);
    while (!done_) {
      if (!armed_) {
        watch_changed_.wait(lock, [this] { return armed_ || done_; });
        continue;
      }
      const auto deadline = deadline_;
      const bool changed =
          watch_changed_.wait_until(lock, deadline, [&] { return done_ || !armed_ || deadline_ != deadline; });
      if (!changed) give_up();
    }
  }

  [[noreturn]] void give_up() {
    // The output lock is not taken: the stuck thread may hold it.
    std::printf("STUCK %s: not finished after %d s  again: %s --filter %s --seed %llu\n", current_name(),
                deadline_seconds_, program_, current_name(), static_cast<unsigned long long>(seed_));
    print_closing_line(failed_ + 1);
    std::fflush(nullptr);
    std::signal(SIGABRT, SIG_DFL);
    std::abort();
  }

  void print_closing_line(int failed) {
    std::printf("%d passed, %d failed, %d skipped\n", passed_, failed, skipped_);
    std::fflush(stdout);
  }

  static void crash_note(int signal_number) {
    const auto say = [](const char* text) {
      if (write(STDERR_FILENO, text, std::strlen(text)) < 0) return;
    };
    say("CRASHED in ");
    say(instance().current_name());
    say("\n");
    std::signal(signal_number, SIG_DFL);
    std::raise(signal_number);
  }

  static void install_crash_note() {
    std::signal(SIGABRT, crash_note);
    if (kSanitized) return;  // the sanitizer's own report says more
    for (const int signal_number : {SIGSEGV, SIGBUS, SIGFPE, SIGILL}) std::signal(signal_number, crash_note);
  }

  template <typename T>
  static bool parse_number(const char* text, T minimum, T& out) {
    T value{};
    const char* end = text + std::strlen(text);
    const auto [stopped, error] = std::from_chars(text, end, value);
    if (error != std::errc{} || stopped != end || value < minimum) return false;
    out = value;
    return true;
  }

  bool parse(int argc, char** argv) {
    for (int i = 1; i < argc; ++i) {
      const std::string_view option = argv[i];
      if (option == "--list") {
        list_ = true;
        continue;
      }
      const char* value = i + 1 < argc ? argv[++i] : nullptr;
      bool good = value != nullptr;
      if (good && option == "--filter") filter_ = value;
      else if (good && option == "--seed") good = parse_number<std::uint64_t>(value, 0, seed_);
      else if (good && option == "--deadline") good = parse_number<int>(value, 1, deadline_seconds_);
      else if (good && option == "--repeat") good = parse_number<int>(value, 1, repeat_);
      else good = false;
      if (!good) {
        std::fprintf(stderr, "%s: bad option %s\n", program_, argv[i]);
        std::fputs("usage: --list | --filter SUBSTRING --seed N --deadline SECONDS --repeat N\n", stderr);
        return false;
      }
    }
    return true;
  }

  // Set by the command line; seed_ moves on between the rounds of --repeat, the others are constant.
  const char* program_ = "test";
  std::string filter_;
  std::uint64_t seed_ = 1;
  int deadline_seconds_ = kDeadlineSecondsDefault;
  int repeat_ = 1;
  bool list_ = false;

  // Main thread only.
  std::vector<TestCase> tests_;
  std::thread::id test_thread_;
  std::string skip_reason_;
  int passed_ = 0;
  int failed_ = 0;
  int skipped_ = 0;

  // Any thread.
  std::atomic<const char*> current_{nullptr};
  std::atomic<int> checks_{0};
  std::atomic<int> failures_{0};

  // Guarded by output_mutex_.
  std::mutex output_mutex_;
  int printed_ = 0;

  // Guarded by watch_mutex_.
  std::mutex watch_mutex_;
  std::condition_variable watch_changed_;
  Clock::time_point deadline_;
  bool armed_ = false;
  bool done_ = false;
};

/// Registers a test at program start. Made by TEST.
struct Registration {
  Registration(const char* name, const char* file, int line, void (*body)()) {
    Runner::instance().add({name, file, line, body});
  }
};

/// Seed for the running test (see Runner::test_seed): `Prng prng(testkit::seed());`. Threads: any.
inline std::uint64_t seed() { return Runner::instance().test_seed(); }

/// The work of CONVEYOR_TEST_MAIN.
inline int run_main(int argc, char** argv) { return Runner::instance().main(argc, argv); }

}  // namespace conveyor::testkit

// Must be stopped by ThreadSanitizer: two threads count without a lock.
#include <thread>

int main() {
  long count = 0;
  std::thread other([&] {
    for (int i = 0; i < 10'000; ++i) count += 1;
  });
  for (int i = 0; i < 10'000; ++i) count += 1;
  other.join();
  return count == 20'000 ? 0 : 3;
}

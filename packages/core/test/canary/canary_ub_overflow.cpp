// Must be stopped by UndefinedBehaviorSanitizer: a signed sum past its limit.
#include <limits>

int main(int argc, char **) {
  volatile int limit = std::numeric_limits<int>::max();
  volatile int sum = limit + argc;
  return sum == 0 ? 3 : 0;
}

// Must be stopped by UndefinedBehaviorSanitizer: a shift by more than the width.
int main(int argc, char **) {
  volatile int bits = 31 + argc;
  volatile int shifted = 1 << bits;
  return shifted == 7 ? 3 : 0;
}

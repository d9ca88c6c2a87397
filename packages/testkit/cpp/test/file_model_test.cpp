// The model is judged by the thing it models: a real file gets the same operations.
#include <conveyor/testkit/check.hpp>
#include <conveyor/testkit/file_model.hpp>
#include <conveyor/testkit/prng.hpp>

#include <cstdlib>
#include <string>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

using conveyor::testkit::FileModel;
using conveyor::testkit::Prng;

namespace {

class RealFile {
 public:
  RealFile() {
    const char* folder = std::getenv("TMPDIR");
    std::string path = std::string(folder != nullptr ? folder : "/tmp") + "/conveyor-file-model-XXXXXX";
    fd_ = mkstemp(path.data());
    if (fd_ >= 0) unlink(path.c_str());
  }
  ~RealFile() {
    if (fd_ >= 0) close(fd_);
  }
  RealFile(const RealFile &) = delete;
  RealFile& operator=(const RealFile &) = delete;
  int fd() const { return fd_; }

 private:
  int fd_ = -1;
};

std::int64_t or_errno(std::int64_t result) { return result < 0 ? -errno : result; }

}  // namespace

TEST(file_model, behaves_as_a_real_file) {
  RealFile real;
  REQUIRE(real.fd() >= 0);
  FileModel model;
  Prng prng(conveyor::testkit::seed());
  for (int step = 0; step < 3000; ++step) {
    const std::int64_t offset = prng.chance(1, 20) ? -1 : prng.between(0, 5000);
    std::vector<std::byte> data(prng.below(700));
    prng.fill(data);
    switch (prng.below(4)) {
      case 0:
        REQUIRE_EQ(model.pwrite(data, offset), or_errno(pwrite(real.fd(), data.data(), data.size(), offset)));
        break;
      case 1: {
        std::vector<std::byte> left(data);
        std::vector<std::byte> right(data);
        REQUIRE_EQ(model.pread(left, offset), or_errno(pread(real.fd(), right.data(), right.size(), offset)));
        REQUIRE_EQ(left, right);
        break;
      }
      case 2:
        REQUIRE_EQ(model.truncate(offset), or_errno(ftruncate(real.fd(), offset)));
        break;
      default: {
        const off_t end = lseek(real.fd(), 0, SEEK_END);
        REQUIRE_EQ(model.append(data), or_errno(pwrite(real.fd(), data.data(), data.size(), end)));
      }
    }
    REQUIRE_EQ(model.size(), lseek(real.fd(), 0, SEEK_END));
  }
}

TEST(file_model, refuses_what_does_not_fit) {
  FileModel model(10);
  const std::vector<std::byte> data(8);
  CHECK_EQ(model.pwrite(data, 2), 8);
  CHECK_EQ(model.pwrite(data, 3), -EFBIG);
  CHECK_EQ(model.append(data), -EFBIG);
  CHECK_EQ(model.truncate(11), -EFBIG);
  CHECK_EQ(model.size(), 10);
  CHECK_EQ(model.bytes().size(), 10U);
}

CONVEYOR_TEST_MAIN()

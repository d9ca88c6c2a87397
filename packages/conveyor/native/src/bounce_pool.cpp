#include "bounce_pool.hpp"

#include <cstdlib>

namespace conveyor_node {

BouncePool::~BouncePool() {
  for (auto& size_class : classes_) {
    for (std::byte* data : size_class.idle) std::free(data);
  }
}

void BouncePool::give_back(Block block) {
  if (block.size_class != kUnpooled) {
    auto& idle = classes_[block.size_class].idle;
    if (idle.size() << (block.size_class + kSmallestBits) < kIdleBytesPerClass) {
      idle.push_back(block.data);
      return;
    }
  }
  std::free(block.data);
}

}  // namespace conveyor_node

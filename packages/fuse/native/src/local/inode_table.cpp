#include "inode_table.hpp"

#include <fcntl.h>
#include <unistd.h>

namespace conveyor::mount {

namespace {

FileId id_of(int descriptor) {
  struct stat found {};
  fstatat(descriptor, "", &found, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW);
  return {found.st_dev, found.st_ino};
}

}  // namespace

Inode::~Inode() { close(descriptor); }

InodeTable::InodeTable(int root_descriptor) : root_(id_of(root_descriptor), root_descriptor) {}

Inode* InodeTable::remember_known(FileId id) {
  if (id == root_.id) return &root_;
  Shard& shard = shard_of(id);
  const std::lock_guard lock(shard.mutex);
  const auto found = shard.inodes.find(id);
  if (found == shard.inodes.end()) return nullptr;
  ++found->second->lookups;
  return found->second.get();
}

Inode& InodeTable::remember(FileId id, int descriptor) {
  if (id == root_.id) {
    close(descriptor);
    return root_;
  }
  Shard& shard = shard_of(id);
  const std::lock_guard lock(shard.mutex);
  std::unique_ptr<Inode>& inode = shard.inodes[id];
  if (inode == nullptr) {
    inode = std::make_unique<Inode>(id, descriptor);
  } else {
    close(descriptor);
  }
  ++inode->lookups;
  return *inode;
}

void InodeTable::forget(uint64_t node, uint64_t lookups) {
  Inode& inode = at(node);
  if (&inode == &root_) return;
  std::unique_ptr<Inode> gone;  // closes its descriptor after the lock is released
  Shard& shard = shard_of(inode.id);
  const std::lock_guard lock(shard.mutex);
  inode.lookups -= lookups < inode.lookups ? lookups : inode.lookups;
  if (inode.lookups > 0) return;
  const auto found = shard.inodes.find(inode.id);
  gone = std::move(found->second);
  shard.inodes.erase(found);
}

size_t InodeTable::size() const {
  size_t count = 0;
  for (const Shard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    count += shard.inodes.size();
  }
  return count;
}

}  // namespace conveyor::mount

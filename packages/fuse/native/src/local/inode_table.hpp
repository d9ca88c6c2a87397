// Inodes of a local directory tree that the kernel knows of.
#pragma once

#include <sys/stat.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>

namespace conveyor::mount {

/// Which file: what two names share exactly when they lead to the same one.
struct FileId {
  dev_t device = 0;
  ino_t number = 0;
  bool operator==(const FileId&) const = default;
};

/// A file that the kernel knows of. Its O_PATH descriptor keeps it, and with it its number, from being used again, and
/// does not care about renames and removals.
struct Inode {
  Inode(FileId file, int path_descriptor) : id(file), descriptor(path_descriptor) {}
  Inode(const Inode&) = delete;
  Inode& operator=(const Inode&) = delete;
  ~Inode();

  const FileId id;
  const int descriptor;
  uint64_t lookups = 0;  // guarded by its shard
  /// What the file looked like when it was last opened; 0 when that says nothing. See `LocalFileSystem::open`.
  std::atomic<uint64_t> cached_version{0};
};

/// All inodes of a mount. The kernel names an inode by its address.
///
/// Threads: any.
class InodeTable {
 public:
  /// Takes the descriptor of the root over.
  explicit InodeTable(int root_descriptor);
  InodeTable(const InodeTable&) = delete;
  InodeTable& operator=(const InodeTable&) = delete;

  /// The inode that the kernel calls `node`.
  Inode& at(uint64_t node) { return node == kRoot ? root_ : *reinterpret_cast<Inode*>(node); }
  uint64_t node_of(const Inode& inode) const { return &inode == &root_ ? kRoot : reinterpret_cast<uint64_t>(&inode); }

  /// Counts one more lookup of a file that is known. nullptr otherwise.
  Inode* remember_known(FileId id);
  /// The same; a file that is not known takes the descriptor, else it is closed.
  Inode& remember(FileId id, int descriptor);
  /// The kernel forgets `lookups` of them; with the last one the inode goes.
  void forget(uint64_t node, uint64_t lookups);

  size_t size() const;

 private:
  struct Hash {
    size_t operator()(const FileId& id) const { return id.number * 0x9E3779B97F4A7C15ULL ^ id.device; }
  };
  struct alignas(64) Shard {
    mutable std::mutex mutex;
    std::unordered_map<FileId, std::unique_ptr<Inode>, Hash> inodes;  // guarded by mutex
  };
  static constexpr uint64_t kRoot = 1;
  static constexpr size_t kShards = 32;

  Shard& shard_of(FileId id) { return shards_[Hash{}(id) >> 32 & (kShards - 1)]; }

  Inode root_;
  std::array<Shard, kShards> shards_;
};

}  // namespace conveyor::mount

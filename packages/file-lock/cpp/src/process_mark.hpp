// Whether this still is the process that made something, without asking the kernel each time.
#pragma once

namespace conveyor::locking {

/// A page of memory that the kernel empties in every child, also in those that clone(2) makes past the handlers of
/// fork. Children that share all memory with their parent (vfork) count as the parent.
class ProcessMark {
 public:
  ProcessMark();
  ~ProcessMark();
  ProcessMark(const ProcessMark&) = delete;
  ProcessMark& operator=(const ProcessMark&) = delete;

  /// False in a child, until it has called `renew`.
  bool is_mine() const;

  /// Makes the mark the calling process's.
  void renew();

 private:
  /// Holds the process's number; null where the kernel gives no such memory.
  int* page_ = nullptr;
  int pid_ = 0;
};

}  // namespace conveyor::locking

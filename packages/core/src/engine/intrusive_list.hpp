// A doubly linked list through `prev` and `next` members of its nodes: no allocation, O(1) removal of a known node.
// Not thread safe; a node is in at most one list that uses the same members.
#pragma once

#include <cstddef>

namespace conveyor {

template <class Node>
class IntrusiveList {
 public:
  bool empty() const { return head_ == nullptr; }
  size_t size() const { return size_; }
  Node* front() const { return head_; }
  Node* back() const { return tail_; }

  void push_back(Node* node) { insert_before(nullptr, node); }

  /// Puts `node` before `position` (nullptr: at the end).
  void insert_before(Node* position, Node* node) {
    Node* before = position ? position->prev : tail_;
    node->prev = before;
    node->next = position;
    (before ? before->next : head_) = node;
    (position ? position->prev : tail_) = node;
    ++size_;
  }

  void remove(Node* node) {
    (node->prev ? node->prev->next : head_) = node->next;
    (node->next ? node->next->prev : tail_) = node->prev;
    node->prev = node->next = nullptr;
    --size_;
  }

  Node* pop_front() {
    Node* node = head_;
    if (node) remove(node);
    return node;
  }

  bool contains(const Node* node) const {
    for (Node* at = head_; at; at = at->next)
      if (at == node) return true;
    return false;
  }

 private:
  Node* head_ = nullptr;
  Node* tail_ = nullptr;
  size_t size_ = 0;
};

}  // namespace conveyor

#include "operation_table.hpp"

#include "mailbox.hpp"

namespace conveyor_node {

void Operation::finish(void* arg, ssize_t result) {
  auto* operation = static_cast<Operation*>(arg);
  operation->result = result;
  // Pairs with the exchange of Environment::start, which reads `result` when it finds kFinished. After this line an
  // operation that was still starting belongs to that thread again and must not be touched.
  if (operation->phase.exchange(Phase::kFinished, std::memory_order_acq_rel) == Phase::kWaiting) {
    operation->mailbox->post(operation);
  }
}

void OperationTable::keep(Operation* operation) {
  operation->pending = true;
  spare_ = nullptr;
  ++pending_;
}

void OperationTable::recycle(Operation* operation, BouncePool& pool) {
  if (operation->block) pool.give_back(operation->block);
  operation->block = {};
  operation->pending = false;
  operation->closes = false;
  operation->next = nullptr;
  idle_.push_back(operation);
  --pending_;
}

Operation* OperationTable::find(double slot) const {
  if (!(slot >= 0 && slot < static_cast<double>(all_.size()))) return nullptr;
  Operation* operation = all_[static_cast<size_t>(slot)].get();
  return operation->pending ? operation : nullptr;
}

Operation* OperationTable::refill() {
  if (!idle_.empty()) {
    Operation* operation = idle_.back();
    idle_.pop_back();
    return operation;
  }
  auto& operation = all_.emplace_back(std::make_unique<Operation>());
  operation->slot = static_cast<uint32_t>(all_.size() - 1);
  operation->mailbox = mailbox_;
  return operation.get();
}

}  // namespace conveyor_node

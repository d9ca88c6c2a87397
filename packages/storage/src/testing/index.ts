/** The contract of storages as tests for vitest. */
export type { ContractCase, ContractExpectations, ContractSetup, World } from './contract-case.ts';
export { contractLayers } from './contract-layers.ts';
export {
  type ContractFactory,
  contractCases,
  layeredStorageContract,
  runContractCase,
  storageContract,
} from './storage-contract.ts';

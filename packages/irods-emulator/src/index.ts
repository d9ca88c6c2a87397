/** An iRODS server for tests and benchmarks, in one line. */
export type { EmulatorTicket } from './catalog/permissions.ts';
export type { EmulatorResource } from './catalog/resources.ts';
export type { EmulatorUser, UserStore } from './catalog/users.ts';
export type { EmulatorClock } from './clock.ts';
export {
  IrodsEmulator,
  type OpenDescriptor,
  type ReplicaView,
  startIrodsEmulator,
  type TokenView,
} from './emulator.ts';
export type {
  EmulatorFault,
  EmulatorFaultKind,
  EmulatorFaultPlan,
  EmulatorFaultRule,
  FaultOperation,
  InjectedEmulatorFault,
} from './faults/emulator-fault.ts';
export type { EmulatorFaultControl } from './faults/fault-control.ts';
export type { EmulatorTls, IrodsEmulatorOptions } from './options.ts';
export type { EmulatorStatistics } from './statistics.ts';

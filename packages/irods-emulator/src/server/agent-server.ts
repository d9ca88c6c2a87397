import type { SecureContext } from 'node:tls';
import type { NegotiationPolicy } from '@libconveyor/irods-protocol';
import type { Distance } from '@libconveyor/storage/link';
import type { EmulatorFaultControl } from '../faults/fault-control.ts';
import type { ZoneState } from '../objects/zone-state.ts';
import type { StatisticsCounter } from '../statistics.ts';
import type { Agent } from './agent.ts';

/** What the agents of a server share. */
export interface AgentServer {
  readonly zone: ZoneState;
  readonly faults: EmulatorFaultControl;
  readonly distance: Distance;
  readonly statistics: StatisticsCounter;
  readonly policy: NegotiationPolicy;
  /** Undefined: no TLS here. */
  readonly tls: SecureContext | undefined;
  /** Whether integers may be missing that python-irodsclient leaves out. */
  readonly allowOmitted: boolean;
  readonly connectionsMax: number | undefined;
  readonly descriptorsMax: number;
  /** What clients did that a real server would take badly; tests want none. */
  readonly violations: string[];
  readonly agents: Set<Agent>;
}

import type { Person } from '../catalog/permissions.ts';
import type { DescriptorTable } from '../objects/descriptor.ts';
import type { ZoneState } from '../objects/zone-state.ts';

/** What a connection keeps between requests. */
export interface Session {
  /** Unique in the server. */
  readonly agentId: number;
  /** Who logs in, as announced at the start. */
  readonly proxyUser: string;
  readonly clientUser: string;
  readonly userZone: string;
  isEncrypted: boolean;
  readonly descriptors: DescriptorTable;
  /** Pages of queries that are not over. */
  readonly cursors: Map<number, readonly (readonly string[])[]>;
  /** Undefined until somebody has logged in. */
  person: Person | undefined;
  /** The challenge that waits for its answer. */
  challenge: string | undefined;
  /** Undoes what is not committed. */
  rollback: (() => void) | undefined;
}

/** A request that is being served. */
export interface ApiCall<Input> {
  readonly zone: ZoneState;
  readonly session: Session;
  /** Who asks; for requests after the login. */
  readonly person: Person;
  readonly input: Input;
  /** The stream of bytes. */
  readonly bytes: Buffer;
  /** Reads and writes are cut to so many bytes. */
  readonly shortTo: number | undefined;
}

/** What is answered. */
export interface ApiReply<Output> {
  /** Default 0. */
  readonly intInfo?: number | undefined;
  readonly output?: Output | undefined;
  readonly messages?: readonly { readonly status: number; readonly msg: string }[] | undefined;
  readonly bytes?: Buffer | undefined;
  /** Replies before the last one; each must be answered with four bytes. */
  readonly progress?: readonly Output[] | undefined;
}

/** Thrown where a real agent dies of a null pointer: the connection ends, and nothing of it is cleaned up. */
export class AgentCrash extends Error {
  override readonly name = 'AgentCrash';
}

/** Serves one API. Errors: IrodsFailure for what is answered, AgentCrash. */
export type ApiHandler<Input, Output> = (call: ApiCall<Input>) => ApiReply<Output>;

import {
  isAtLeast,
  type NegotiationPolicy,
  type NegotiationResult,
  negotiationRequest,
  type Packing,
  packingFor,
  parseNegotiationAnswer,
  parseRelVersion,
  relVersionOf,
  type StartupPack,
  type VersionMessage,
  version,
} from '@libconveyor/irods-protocol';
import type { AgentServer } from './agent-server.ts';

/** Why a connection is refused, as a status; undefined when it is not. */
export function refusalOf({ zone, connectionsMax, agents }: AgentServer, startup: StartupPack): number | undefined {
  const isNew = isAtLeast(zone.version, version(5, 0, 0));
  if (connectionsMax !== undefined && agents.size > connectionsMax) return isNew ? -824_000 : -118_000;
  if (startup.connectCnt > 7) return -9000;
  // 5.0 looks at neither; there the login fails.
  if (!isNew && startup.apiVersion !== 'd') return -348_000;
  if (!isNew && startup.proxyRcatZone !== zone.catalog.zone) return -26_000;
  return undefined;
}

/** Whether the client asks for a negotiation. */
export function wantsNegotiation({ option }: StartupPack): boolean {
  return option.includes(negotiationRequest);
}

/** Why a connection without a negotiation is refused. */
export function refusalWithout({ zone }: AgentServer, policy: NegotiationPolicy): number | undefined {
  if (policy !== 'CS_NEG_REQUIRE') return undefined;
  return isAtLeast(zone.version, version(5, 0, 0)) ? -130_000 : -1_825_000;
}

/** What the client's answer means, or undefined when the server does not go along. */
export function acceptedResult(
  { policy, tls }: AgentServer,
  status: number,
  answer: string,
): Exclude<NegotiationResult, 'CS_NEG_FAILURE'> | undefined {
  const result = parseNegotiationAnswer(answer);
  if (status !== 1 || result === undefined || result === 'CS_NEG_FAILURE') return undefined;
  if (result === 'CS_NEG_USE_TCP' && policy === 'CS_NEG_REQUIRE') return undefined;
  if (result === 'CS_NEG_USE_SSL' && tls === undefined) return undefined;
  return result;
}

/** What the server says of itself. */
export function versionReply({ zone }: AgentServer, status: number): VersionMessage {
  return {
    status,
    relVersion: relVersionOf(zone.version),
    apiVersion: 'd',
    reconnPort: 0,
    reconnAddr: '',
    cookie: 400,
  };
}

/** How bodies are packed on a connection. */
export function packingOf({ allowOmitted }: AgentServer, { irodsProt, relVersion }: StartupPack): Packing {
  const packing = packingFor(irodsProt, parseRelVersion(relVersion));
  return packing.kind === 'xml' ? { ...packing, allowOmitted } : packing;
}

import { randomBytes } from 'node:crypto';
import { createConnection, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import {
  type EncryptionSettings,
  encodeEncryption,
  type Frame,
  frameType,
  isAtLeast,
  modernXml,
  type NegotiationPolicy,
  type NegotiationResult,
  negotiate,
  negotiationAnswer,
  negotiationMessage,
  negotiationPolicies,
  negotiationRequest,
  oldestSupported,
  oldXml,
  pack,
  parseRelVersion,
  relVersionOf,
  type ServerVersion,
  startupPack,
  unpack,
  versionMessage,
} from '@libconveyor/irods-protocol';
import { Refusal } from '../error-map.ts';
import { Connection, type RequestTimeouts } from './connection.ts';
import { ConnectionFailure, IrodsFailure } from './failure.ts';
import { Wire } from './wire.ts';

/** How the certificate of a server is looked at. */
export interface TlsSettings {
  /** `hostname`: chain and name; `cert`: the chain; `none`: not at all. */
  readonly verify: 'hostname' | 'cert' | 'none';
  /** PEM; undefined: the system's authorities. */
  readonly ca: string | readonly string[] | undefined;
}

/** Everything that decides about a connection before the login. */
export interface StartupSettings extends RequestTimeouts {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly zone: string;
  /** On whose behalf; needs an administrator. */
  readonly clientUser: string;
  readonly clientZone: string;
  readonly policy: NegotiationPolicy;
  readonly tls: TlsSettings;
  readonly encryption: EncryptionSettings;
  readonly applicationName: string;
  readonly connectTimeoutMs: number;
}

/** What servers are told: new enough for the modern dialect, old enough for everybody. */
const announced = 'rods4.3.2';
const keepAliveMs = 30_000;

/**
 * Connects up to the server's version, with TLS where that is the outcome of the negotiation.
 *
 * @param address Of the host, resolved by the caller: all connections must reach the same machine.
 * Errors: ConnectionFailure; IrodsFailure when the server refuses; Refusal for versions before 4.2.9.
 */
export async function startConnection(settings: StartupSettings, address: string): Promise<Connection> {
  const socket = await openSocket(settings, address);
  const wire = new Wire(socket);
  try {
    const { server, isEncrypted } = await greet(wire, settings);
    return new Connection(wire, modernXml, server, isEncrypted, settings);
  } catch (thrown) {
    wire.destroy(new ConnectionFailure('ECONNRESET', 'the connection was given up'));
    throw thrown;
  }
}

function openSocket({ host, port, connectTimeoutMs }: StartupSettings, address: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({
      host: address,
      port,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: keepAliveMs,
    });
    const timer = setTimeout(() => {
      socket.destroy();
      reject(new ConnectionFailure('ETIMEDOUT', `no connection to ${host}:${port} within ${connectTimeoutMs} ms`));
    }, connectTimeoutMs);
    const fail = (thrown: Error): void => {
      clearTimeout(timer);
      reject(connectFailure(thrown, host, port));
    };
    socket.once('error', fail);
    socket.once('connect', () => {
      clearTimeout(timer);
      socket.off('error', fail);
      resolve(socket);
    });
  });
}

function connectFailure(thrown: Error, host: string, port: number): ConnectionFailure {
  const { code } = thrown as NodeJS.ErrnoException;
  const known = code === 'ECONNREFUSED' || code === 'EHOSTUNREACH' || code === 'ETIMEDOUT' ? code : 'ECONNRESET';
  return new ConnectionFailure(known, `no connection to ${host}:${port}: ${thrown.message}`, thrown);
}

async function greet(wire: Wire, settings: StartupSettings): Promise<{ server: ServerVersion; isEncrypted: boolean }> {
  const { user, zone, clientUser, clientZone, applicationName, connectTimeoutMs: timeoutMs } = settings;
  const startup = {
    irodsProt: 1,
    reconnFlag: 0,
    connectCnt: 0,
    proxyUser: user,
    proxyRcatZone: zone,
    clientUser,
    clientRcatZone: clientZone,
    relVersion: announced,
    apiVersion: 'd',
    option: `${applicationName}${negotiationRequest}`,
  };
  let frame = await wire.exchange({ type: frameType.connect, body: pack(startupPack, startup, oldXml) }, { timeoutMs });
  let outcome: NegotiationResult = 'CS_NEG_USE_TCP';
  if (frame.type === frameType.negotiation) {
    outcome = outcomeOf(frame, settings.policy);
    const answer = { status: outcome === 'CS_NEG_FAILURE' ? 0 : 1, result: negotiationAnswer(outcome) };
    const body = pack(negotiationMessage, answer, oldXml);
    const replied = wire.exchange({ type: frameType.negotiation, body }, { timeoutMs });
    if (outcome === 'CS_NEG_FAILURE') {
      replied.catch(() => undefined);
      throw new Refusal('EPROTO', `the server's policy on TLS does not agree with ${settings.policy}`);
    }
    frame = await replied;
  }
  const server = serverOf(frame);
  const isEncrypted = outcome === 'CS_NEG_USE_SSL';
  if (isEncrypted) await encrypt(wire, settings);
  else if (settings.policy === 'CS_NEG_REQUIRE') {
    throw new Refusal('EPROTO', 'TLS is required, and the server does not negotiate it');
  }
  return { server, isEncrypted };
}

function outcomeOf(frame: Frame, policy: NegotiationPolicy): NegotiationResult {
  const { status, result } = unpack(negotiationMessage, frame.body, oldXml);
  const serverPolicy = negotiationPolicies.find((one) => one === result);
  if (status !== 1 || serverPolicy === undefined) {
    throw new ConnectionFailure('EPROTO', `the server's policy on TLS is '${result}'`);
  }
  return negotiate(policy, serverPolicy);
}

function serverOf(frame: Frame): ServerVersion {
  if (frame.type !== frameType.version) throw new ConnectionFailure('EPROTO', `${frame.type} instead of a version`);
  const { status, relVersion } = unpack(versionMessage, frame.body, oldXml);
  if (status < 0) throw new IrodsFailure(status, 'connecting');
  const server = parseRelVersion(relVersion);
  if (server !== undefined && isAtLeast(server, oldestSupported)) return server;
  const oldest = relVersionOf(oldestSupported).slice('rods'.length);
  throw new Refusal(
    'ENOTSUP',
    `the server says that it is '${relVersion}'; ${oldest} is the oldest that is understood`,
  );
}

async function encrypt(wire: Wire, { host, tls, encryption, connectTimeoutMs }: StartupSettings): Promise<void> {
  const verifies = tls.verify !== 'none';
  const options = {
    // An address is no name that SNI could carry.
    ...(/^[\d.]+$|:/.test(host) ? {} : { servername: host }),
    host,
    ca: tls.ca === undefined ? undefined : [...(typeof tls.ca === 'string' ? [tls.ca] : tls.ca)],
    minVersion: 'TLSv1.2' as const,
    rejectUnauthorized: verifies,
    ...(tls.verify === 'hostname' ? {} : { checkServerIdentity: () => undefined }),
  };
  await wire.upgrade(
    (socket) =>
      new Promise((resolve, reject) => {
        const secure = connectTls({ ...options, socket });
        const timer = setTimeout(() => {
          reject(new ConnectionFailure('ETIMEDOUT', `no TLS within ${connectTimeoutMs} ms`));
        }, connectTimeoutMs);
        secure.once('error', (thrown) => {
          clearTimeout(timer);
          reject(tlsFailure(thrown, verifies));
        });
        secure.once('secureConnect', () => {
          clearTimeout(timer);
          secure.removeAllListeners('error');
          resolve(secure);
        });
      }),
  );
  wire.send([encodeEncryption(encryption, randomBytes(encryption.keySize))]);
}

function tlsFailure(thrown: Error, verifies: boolean): ConnectionFailure {
  const { code = '' } = thrown as NodeJS.ErrnoException;
  const isDistrust = /CERT|SIGNED|ISSUER|ALTNAME|UNABLE_TO/.test(code);
  const hint = isDistrust && verifies ? "; verify: 'none' would accept it unseen" : '';
  return new ConnectionFailure('EPROTO', `TLS: ${thrown.message}${isDistrust ? ` (${code})` : ''}${hint}`, thrown);
}

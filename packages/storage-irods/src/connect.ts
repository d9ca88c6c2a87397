import { lookup } from 'node:dns/promises';
import type { Connection } from './connection/connection.ts';
import { ConnectionFailure } from './connection/failure.ts';
import { Login } from './connection/login.ts';
import { Pool } from './connection/pool.ts';
import { type StartupSettings, startConnection } from './connection/startup.ts';
import type { CheckedOptions } from './options.ts';

/** Connections for a storage; none is made yet. */
export function poolOf(options: CheckedOptions): Pool {
  const settings = startupSettings(options);
  const login = loginOf(options);
  // The lock table of an object is in the memory of one server: every connection goes to the same address.
  let address: Promise<string> | undefined;
  const connect = async (): Promise<Connection> => {
    address ??= addressOf(settings.host);
    let resolved: string;
    try {
      resolved = await address;
    } catch (thrown) {
      address = undefined;
      throw thrown;
    }
    const connection = await startConnection(settings, resolved);
    try {
      await login.logIn(connection);
      return connection;
    } catch (thrown) {
      connection.drop('the login failed');
      throw thrown;
    }
  };
  const { connectionsMax, idleTimeoutMs, clock } = options;
  return new Pool({ connectionsMax, idleMsMax: idleTimeoutMs, nowMs: () => clock.nowMs(), connect });
}

/**
 * Logs in once with PAM, for whoever keeps the password that it makes.
 *
 * @returns The native password.
 */
export async function pamPassword(options: CheckedOptions): Promise<string> {
  const settings = startupSettings(options);
  const connection = await startConnection(settings, await addressOf(settings.host));
  try {
    return await loginOf(options).generatedPassword(connection);
  } finally {
    connection.end();
  }
}

function startupSettings(options: CheckedOptions): StartupSettings {
  const { host, port, user, zone, policy, verify, ca, encryption, applicationName } = options;
  const [clientUser = user, clientZone = zone] = options.clientUser?.split('#') ?? [];
  const { connectTimeoutMs, requestTimeoutMs, slowRequestTimeoutMs } = options;
  const tls = { verify, ca };
  const times = { connectTimeoutMs, requestTimeoutMs, slowRequestTimeoutMs };
  return { host, port, user, zone, clientUser, clientZone, policy, tls, encryption, applicationName, ...times };
}

function loginOf({ user, zone, authentication, password, pamTtlHours, ticket }: CheckedOptions): Login {
  return new Login({ user, zone, scheme: authentication, password, pamTtlHours, ticket });
}

async function addressOf(host: string): Promise<string> {
  try {
    return (await lookup(host)).address;
  } catch (thrown) {
    throw new ConnectionFailure('EHOSTUNREACH', `no address of '${host}': ${(thrown as Error).message}`, thrown);
  }
}

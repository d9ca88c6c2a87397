import { readFileSync } from 'node:fs';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import type { EmulatorUser } from './catalog/users.ts';
import { startIrodsEmulator } from './emulator.ts';
import type { EmulatorFaultPlan } from './faults/emulator-fault.ts';
import { defaultUser, type IrodsEmulatorOptions } from './options.ts';

interface CommandOptions {
  port: number;
  host: string;
  data?: string;
  zone: string;
  user: EmulatorUser[];
  serverVersion: string;
  resource: string[];
  latency?: IrodsEmulatorOptions['latencyMs'];
  bandwidth?: string;
  connectionBandwidth?: string;
  faultPlan?: EmulatorFaultPlan;
  seed: number;
  strict?: boolean;
  tlsKey?: string;
  tlsCert?: string;
  policy?: IrodsEmulatorOptions['policy'];
}

function parseNumber(text: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be a whole number.');
}

/** `20ms`, `20`, `10-30ms`, `~20ms` (exponential with that mean, at most ten times it). */
function parseLatency(text: string): IrodsEmulatorOptions['latencyMs'] {
  const [, mean, first, last] = /^(~?)(\d+)(?:-(\d+))?(?:ms)?$/.exec(text) ?? [];
  if (first === undefined || (mean === '~' && last !== undefined)) {
    throw new InvalidArgumentError('Write 20ms, 10-30ms, or ~20ms for an exponential distribution.');
  }
  const ms = Number(first);
  if (mean === '~') return { meanMs: ms, maxMs: ms * 10 };
  return last === undefined ? ms : { minMs: ms, maxMs: Number(last) };
}

function readPlan(path: string): EmulatorFaultPlan {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as EmulatorFaultPlan;
  } catch (thrown) {
    throw new InvalidArgumentError((thrown as Error).message);
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (thrown) {
    throw new InvalidArgumentError((thrown as Error).message);
  }
}

/** `alice:secret`, `alice:secret:admin`. */
function collectUser(text: string, before: EmulatorUser[]): EmulatorUser[] {
  const [, name, password = '', admin] = /^([^:]+):(.*?)(:admin)?$/.exec(text) ?? [];
  if (name === undefined) throw new InvalidArgumentError('Write name:password, or name:password:admin.');
  return [...before, { name, password, type: admin === undefined ? 'rodsuser' : 'rodsadmin' }];
}

function collect(one: string, before: string[]): string[] {
  return [...before, one];
}

const program = new Command('irods-emulator')
  .description('An iRODS server for tests and benchmarks.')
  .option('--port <number>', 'where to listen; 0 is any free port', parseNumber, 1247)
  .option('--host <address>', 'on which address', '127.0.0.1')
  .option('--data <folder>', 'keep everything there (default: in memory)')
  .option('--zone <name>', '', 'tempZone')
  .option('--user <name:password>', 'who may come in; may be repeated (default: rods:rods:admin)', collectUser, [])
  .option('--resource <name>', 'where replicas are; may be repeated (default: demoResc)', collect, [])
  .option('--server-version <version>', 'which server it is', '5.0.2')
  .option('--latency <time>', '20ms, 10-30ms, or ~20ms (exponential)', parseLatency)
  .option('--bandwidth <rate>', 'of all connections together, each direction: 1Gbit, 20MB')
  .option('--connection-bandwidth <rate>', 'of each connection')
  .option('--fault-plan <file>', 'what goes wrong: JSON, see the README', readPlan)
  .option('--seed <number>', 'of everything random', parseNumber, 1)
  .option('--strict', 'refuse messages with missing integers, which python-irodsclient sends')
  .option('--tls-key <file>', 'PEM', readText)
  .option('--tls-cert <file>', 'PEM', readText)
  .addOption(new Option('--policy <policy>').choices(['CS_NEG_REQUIRE', 'CS_NEG_DONT_CARE', 'CS_NEG_REFUSE']))
  .exitOverride();

async function main(): Promise<void> {
  const given = program.parse().opts<CommandOptions>();
  const { user, resource, latency, serverVersion, strict, tlsKey, tlsCert, ...rest } = given;
  if ((tlsKey === undefined) !== (tlsCert === undefined)) throw new Error('--tls-key and --tls-cert belong together');
  const emulator = await startIrodsEmulator({
    ...rest,
    users: user.length === 0 ? [defaultUser] : user,
    resources: resource.length === 0 ? undefined : resource.map((name) => ({ name })),
    version: serverVersion,
    latencyMs: latency,
    allowOmitted: strict !== true,
    tls: tlsKey === undefined || tlsCert === undefined ? undefined : { key: tlsKey, cert: tlsCert },
  });
  const name = (user[0] ?? defaultUser).name;
  process.stdout.write(
    `irods-emulator listens on ${emulator.host}:${emulator.port}\nIRODS_HOST=${emulator.host} ` +
      `IRODS_PORT=${emulator.port} IRODS_ZONE_NAME=${emulator.zone} IRODS_USER_NAME=${name}\n`,
  );
  const stop = (): void => void emulator.close();
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
}

try {
  await main();
} catch (thrown) {
  // Commander has said already what it did not like.
  if (!(thrown instanceof CommanderError)) process.stderr.write(`irods-emulator: ${(thrown as Error).message}\n`);
  process.exitCode = thrown instanceof CommanderError ? thrown.exitCode : 1;
}

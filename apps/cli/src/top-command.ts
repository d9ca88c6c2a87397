import { request } from 'node:http';
import { basename } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describeError } from '@libconveyor/errors';
import { adminVersion, defaultAdminDirectory, findAdminSockets } from '@libconveyor/observability';
import { formatSize } from './byte-size.ts';
import { exitStatus, statusOfSignal } from './exit-status.ts';
import { Interruption } from './interruption.ts';
import { complain } from './standard-error.ts';
import type { StandardOutput } from './standard-output.ts';

/** What the command line says about looking. */
export interface TopOptions {
  readonly once: boolean;
  readonly json: boolean;
  readonly intervalMs: number;
  readonly directory: string | undefined;
}

/** What a process has told, as far as it is shown. */
interface Sample {
  readonly atMs: number;
  readonly socket: string;
  readonly pid: number;
  readonly title: string;
  readonly open: number;
  readonly failed: number;
  readonly values: Readonly<Record<string, number>>;
}

const answerLimitMs = 2000;
const answerBytesMost = 1024 * 1024;
const titleMost = 24;
const clearScreen = '\x1b[H\x1b[2J';
const head = ['PID', 'HANDLES', 'FAILED', 'DIRTY', 'OLDEST', 'READ', 'WRITTEN', 'HITS', 'RETRIES', 'STALLS', 'PROGRAM'];

/**
 * Shows the programs of this user that have an admin endpoint: once with what they have done until now, or again and
 * again with what they do, until a signal ends it.
 *
 * @returns One of `exitStatus`; what could not be asked was told on standard error.
 */
export async function top(options: TopOptions, output: StandardOutput): Promise<number> {
  using interruption = new Interruption();
  const directory = options.directory ?? defaultAdminDirectory();
  const before = new Map<string, Sample>();
  for (;;) {
    const samples = await look(directory);
    if (samples === undefined) return exitStatus.failed;
    if (!(await output.write(options.json ? inJson(samples) : page(samples, before, options))))
      return exitStatus.failed;
    if (options.once) return exitStatus.done;
    before.clear();
    for (const sample of samples) before.set(sample.socket, sample);
    await delay(options.intervalMs, undefined, { signal: interruption.signal }).catch(() => undefined);
    if (interruption.received !== undefined) return statusOfSignal(interruption.received);
  }
}

async function look(directory: string): Promise<Sample[] | undefined> {
  try {
    const found = await Promise.all((await findAdminSockets(directory)).map(ask));
    return found.filter((sample) => sample !== undefined).sort((one, other) => one.pid - other.pid);
  } catch (thrown) {
    complain(describeError(thrown));
    return undefined;
  }
}

/** undefined, with a complaint, for one that gives no answer: a program may have ended, or stand still. */
async function ask(socket: string): Promise<Sample | undefined> {
  try {
    const [{ pid, title }, { open, failed, values }] = await Promise.all([
      getJson(socket, '/v1/process'),
      getJson(socket, '/v1/totals'),
    ]);
    return { atMs: performance.now(), socket, pid, title, open, failed, values } as Sample;
  } catch (thrown) {
    complain(`${socket}: ${describeError(thrown)}`);
    return undefined;
  }
}

function getJson(socketPath: string, path: string): Promise<Record<string, unknown>> {
  return new Promise((resolve, reject) => {
    const asked = request(
      { socketPath, path, agent: false, signal: AbortSignal.timeout(answerLimitMs) },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (piece: string) => {
          text += piece;
          if (text.length > answerBytesMost) asked.destroy(new Error('the answer is too large'));
        });
        response.on('error', reject).on('end', () => {
          try {
            const body = JSON.parse(text) as Record<string, unknown>;
            if (body.version === adminVersion) resolve(body);
            else reject(new Error(`it speaks version ${body.version}; this program speaks ${adminVersion}`));
          } catch (thrown) {
            reject(thrown);
          }
        });
      },
    );
    asked.on('error', reject).end();
  });
}

function inJson(samples: readonly Sample[]): string {
  return samples.map(({ atMs, ...rest }) => `${JSON.stringify(rest)}\n`).join('');
}

function page(samples: readonly Sample[], before: ReadonlyMap<string, Sample>, { once }: TopOptions): string {
  const rows = samples.map((sample) => cells(sample, once ? undefined : (before.get(sample.socket) ?? sample)));
  const text = rows.length === 0 ? 'no program with an admin endpoint is there\n' : table([head, ...rows]);
  return !once && process.stdout.isTTY ? clearScreen + text : text;
}

/** @param before undefined: totals; else rates per second since then. */
function cells(sample: Sample, before: Sample | undefined): string[] {
  const seconds = before === undefined ? 1 : Math.max((sample.atMs - before.atMs) / 1000, 0.001);
  const of = (name: string): number => sample.values[name] ?? 0;
  const since = (name: string): number => (of(name) - (before?.values[name] ?? 0)) / seconds;
  const bytes = (name: string): string => `${formatSize(Math.round(since(name)))}${before === undefined ? '' : '/s'}`;
  const reads = since('readHits') + since('readMisses');
  return [
    String(sample.pid),
    String(sample.open),
    String(sample.failed),
    formatSize(of('dirtyBytes')),
    `${(of('dirtyAgeNs') / 1e9).toFixed(1)}s`,
    bytes('bytesRead'),
    bytes('bytesWritten'),
    reads > 0 ? `${Math.round((100 * since('readHits')) / reads)}%` : '-',
    String(Math.round(since('retries'))),
    String(Math.round(since('stalls'))),
    basename(sample.title)
      .replaceAll(/\p{Cc}/gu, '?')
      .slice(0, titleMost),
  ];
}

/** Numbers to the right, the last column to the left. */
function table(rows: readonly (readonly string[])[]): string {
  const widths = head.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const last = head.length - 1;
  return rows
    .map((row) => row.map((cell, column) => (column === last ? cell : cell.padStart(widths[column] ?? 0))).join('  '))
    .join('\n')
    .concat('\n');
}

import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { exitStatus } from './exit-status.ts';
import { reasonOf } from './failure.ts';
import { quoted } from './quoted.ts';
import { complain } from './standard-error.ts';
import type { StandardOutput } from './standard-output.ts';

/** One mount of this program, as `conveyor doctor --mounts --json` prints it. */
export interface FoundMount {
  readonly mountPoint: string;
  readonly source: string;
  /** `dead`: nobody serves it any more. `stuck`: whoever does gives no answer. */
  readonly state: 'alive' | 'dead' | 'stuck';
  readonly removed: boolean;
}

const answerMs = 5000;
const run = promisify(execFile);

/**
 * `conveyor doctor --mounts`: the mounts of this machine, and which of them are dead. With `remove`, the dead ones are
 * unmounted; others never.
 */
export async function surveyMounts(
  options: { readonly remove: boolean; readonly json: boolean },
  output: StandardOutput,
): Promise<number> {
  let status = exitStatus.done;
  for (const { mountPoint, source } of parseMounts(await readFile('/proc/self/mountinfo', 'utf8'))) {
    const state = await stateOf(mountPoint);
    let removed = false;
    if (state === 'dead' && options.remove) {
      removed = await remove(mountPoint);
      if (!removed) status = exitStatus.failed;
    }
    const found: FoundMount = { mountPoint, source, state, removed };
    await output.write(options.json ? `${JSON.stringify(found)}\n` : line(found));
  }
  return status as number;
}

/** The mounts of this program in the text of /proc/self/mountinfo. */
export function parseMounts(mountinfo: string): { mountPoint: string; source: string }[] {
  return mountinfo.split('\n').flatMap((entry) => {
    const [front = '', back = ''] = entry.split(' - ');
    const [type, source = ''] = back.split(' ');
    if (type !== 'fuse.conveyor') return [];
    return [{ mountPoint: unescaped(front.split(' ')[4] ?? ''), source: unescaped(source) }];
  });
}

/** Blanks and the like are in octal there. */
const unescaped = (text: string): string =>
  text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));

/** Asked by a program of its own: whoever asks a stuck mount waits for as long as it is stuck. */
async function stateOf(mountPoint: string): Promise<FoundMount['state']> {
  try {
    await run('stat', ['-f', '--', mountPoint], { timeout: answerMs, killSignal: 'SIGKILL', env: { LC_ALL: 'C' } });
    return 'alive';
  } catch (thrown) {
    const { killed, stderr = '' } = thrown as { killed?: boolean; stderr?: string };
    if (killed) return 'stuck';
    return /not connected|connection abort/i.test(stderr) ? 'dead' : 'alive';
  }
}

async function remove(mountPoint: string): Promise<boolean> {
  const [command, args] =
    process.geteuid?.() === 0
      ? (['umount', ['-l', '--', mountPoint]] as const)
      : (['fusermount3', ['-u', '-z', '--', mountPoint]] as const);
  try {
    await run(command, args);
    return true;
  } catch (thrown) {
    complain(`cannot unmount ${quoted(mountPoint)}: ${reasonOf(thrown)}`);
    return false;
  }
}

function line({ mountPoint, source, state, removed }: FoundMount): string {
  return `${removed ? 'removed' : state}  ${quoted(mountPoint)}  ${source}\n`;
}

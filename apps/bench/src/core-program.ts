import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import * as v from 'valibot';
import { type Gauge, gaugeSchema, type Sample, sampleSchema, VerificationError, whole } from './samples.ts';

/** Names another build of the program, to compare two. */
const overrideVariable = 'CONVEYOR_CORE_BENCH';

/** Where the native build of this workspace puts the program of packages/core/bench. */
const builtProgram = fileURLToPath(new URL('../../../.build/release/bench/core_bench', import.meta.url));
const chosenProgram = process.env[overrideVariable] || builtProgram;

const lineSchema = v.looseObject({ type: v.picklist(['begin', 'sample', 'gauge', 'mismatch', 'end']) });
const beginSchema = v.looseObject({ bytes: whole, block: whole });
const mismatchSchema = v.looseObject({ message: v.string() });

/** What one run of the program said. */
export interface CoreRun {
  readonly bytes: number;
  readonly operationBytes: number;
  readonly samples: readonly Sample[];
  readonly gauge: Gauge | undefined;
}

/** Something that stands in the way of a run; the message says what to do, in one line. */
export class CoreProgramError extends Error {
  override readonly name = 'CoreProgramError';
}

/** Errors: CoreProgramError when it has not been built. */
export function requireCoreProgram(program: string = chosenProgram): string {
  if (existsSync(program)) return program;
  throw new CoreProgramError(`${program} is not there; 'npm run build' at the top of the repository builds it`);
}

/**
 * Runs `core_bench` with these arguments.
 *
 * Errors: VerificationError when it found wrong bytes; CoreProgramError when it failed or did not come to its end; the
 * signal's reason when that has ended it.
 */
export async function runCoreProgram(
  args: readonly string[],
  signal: AbortSignal,
  program: string = chosenProgram,
): Promise<CoreRun> {
  signal.throwIfAborted();
  const child = spawn(requireCoreProgram(program), args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const stop = (): void => {
    child.kill('SIGTERM');
  };
  signal.addEventListener('abort', stop, { once: true });
  const exit = new Promise<number | NodeJS.Signals>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, killer) => resolve(code ?? killer ?? 1));
  });
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text) => {
    complaint += text;
  });
  try {
    const transcript = new Transcript();
    const lines = (async () => {
      for await (const line of createInterface({ input: child.stdout })) transcript.add(line);
    })();
    const [code] = await Promise.all([exit, lines]);
    signal.throwIfAborted();
    return transcript.result(code, complaint.trim());
  } finally {
    signal.removeEventListener('abort', stop);
    stop();
  }
}

/** The lines of one run. */
class Transcript {
  readonly #samples: Sample[] = [];
  #bytes = 0;
  #operationBytes = 0;
  #gauge: Gauge | undefined;
  #mismatch: string | undefined;
  #isComplete = false;

  /** Errors: CoreProgramError for a line that no fitting `core_bench` says. */
  add(text: string): void {
    try {
      const { type, ...fields } = v.parse(lineSchema, JSON.parse(text));
      this.#take(type, fields);
    } catch (thrown) {
      const reason = thrown instanceof Error ? thrown.message : String(thrown);
      throw new CoreProgramError(`core_bench and this program do not fit together; build anew (${reason}: ${text})`);
    }
  }

  #take(type: v.InferOutput<typeof lineSchema>['type'], fields: object): void {
    if (type === 'sample') this.#samples.push(v.parse(sampleSchema, fields));
    if (type === 'gauge') this.#gauge = v.parse(gaugeSchema, fields);
    if (type === 'mismatch') this.#mismatch = v.parse(mismatchSchema, fields).message;
    if (type === 'end') this.#isComplete = true;
    if (type !== 'begin') return;
    const { bytes, block } = v.parse(beginSchema, fields);
    this.#bytes = bytes;
    this.#operationBytes = block;
  }

  result(code: number | NodeJS.Signals, complaint: string): CoreRun {
    if (this.#mismatch !== undefined) throw new VerificationError(this.#mismatch);
    if (code !== 0) throw new CoreProgramError(`core_bench ended with ${code}: ${complaint || 'it said nothing'}`);
    if (!this.#isComplete) throw new CoreProgramError('core_bench did not come to its end');
    return { bytes: this.#bytes, operationBytes: this.#operationBytes, samples: this.#samples, gauge: this.#gauge };
  }
}

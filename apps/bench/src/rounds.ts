import type { Sample, Wire } from './samples.ts';
import { Stopwatch } from './stopwatch.ts';

/** One run of one side: it starts and stops the clock around what counts, then proves its bytes. */
export interface Trial {
  /** Of the bytes; no other trial of the case has it. */
  readonly seed: number;
  readonly watch: Stopwatch;
  verifiedBytes: number;
  backendOperations: number;
  wire?: Wire;
}

/** One way of doing the work. */
export interface Side {
  readonly name: string;
  /** Errors: VerificationError when bytes are wrong. */
  run(trial: Trial): Promise<void>;
  /** Fewer measured rounds than the others have, and no warm-up: for peers that are slow by nature. */
  readonly roundsMost?: number;
}

/** How often, and how many bytes each trial has to prove. */
export interface RoundsPlan {
  readonly rounds: number;
  readonly bytes: number;
  readonly signal: AbortSignal;
}

/**
 * Runs the sides in turn and with alternating order (A B, B A, A B ...) after a warm-up, which is round 0.
 *
 * Errors: those of the sides; Error when a side has not verified all bytes; the signal's reason between trials.
 */
export async function runRounds(sides: readonly Side[], { rounds, bytes, signal }: RoundsPlan): Promise<Sample[]> {
  const samples: Sample[] = [];
  for (let round = 0; round <= rounds; round += 1) {
    const order = round % 2 === 0 ? sides : [...sides].reverse();
    for (const side of order) {
      if (!takesPart(side, round)) continue;
      signal.throwIfAborted();
      samples.push(await runTrial(side, round, samples.length, bytes));
    }
  }
  return samples;
}

function takesPart({ roundsMost }: Side, round: number): boolean {
  return roundsMost === undefined || (round >= 1 && round <= roundsMost);
}

async function runTrial(side: Side, round: number, order: number, bytes: number): Promise<Sample> {
  const trial: Trial = { seed: 1_000_003 + order, watch: new Stopwatch(), verifiedBytes: 0, backendOperations: 0 };
  await side.run(trial);
  if (trial.verifiedBytes !== bytes) throw new Error(`${side.name} has not verified all bytes`);
  const { watch, verifiedBytes, backendOperations, wire } = trial;
  const { elapsedNs: ns, cpuNs } = watch;
  const sample = { side: side.name, round, order, ns, cpuNs, verifiedBytes, backendOperations };
  return wire === undefined ? sample : { ...sample, wire };
}

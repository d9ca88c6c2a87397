// Writes the traces that both languages replay: `pnpm --filter @libconveyor/ring-buffer record [SEED]`.
import { writeFileSync } from 'node:fs';
import { Prng } from '@libconveyor/testkit';
import { byteRingPlayer, type Player, spscPlayer } from './player.ts';

const seed = BigInt(process.argv[2] ?? '1');

class Recorder {
  readonly #play: Player;
  readonly #lines: string[];

  constructor(play: Player, title: string) {
    this.#play = play;
    this.#lines = [`# ${title}, seed ${seed}: one operation a line, then what came of it; see test/traces/player.ts`];
  }

  /** Carries an operation out and notes it. Returns the words of the result. */
  do(operation: string, ...args: (number | string)[]): string[] {
    const words = args.map(String);
    const result = this.#play(operation, words);
    this.#lines.push([operation, ...words, '=', result].join(' '));
    return result.split(' ');
  }

  save(name: string): void {
    writeFileSync(new URL(`../../traces/${name}.txt`, import.meta.url), `${this.#lines.join('\n')}\n`);
  }
}

function recordByteRing(name: string, start: number, steps: number): void {
  const prng = new Prng(seed ^ BigInt(start));
  const trace = new Recorder(byteRingPlayer(), `Byte ring from position ${start}`);
  trace.do('start', start);
  trace.do('write', 1, 0);
  trace.do('resize', 128);
  for (let step = 0; step < steps; step++) {
    const [head = 0, tail = 0, capacity = 0] = trace.do('state').map(Number);
    const position = Math.max(0, prng.between(head - 2, tail + 3)); // now and then outside
    const length = prng.below(60);
    const stamp = prng.below(256);
    const operation = prng.below(100);
    if (operation < 30) trace.do('write', length, stamp);
    else if (operation < 40) trace.do('commit', length, stamp);
    else if (operation < 50) trace.do('view', position, length);
    else if (operation < 60) trace.do('copy', position, length);
    else if (operation < 70) trace.do('overwrite', position, length, stamp);
    else if (operation < 95) trace.do('release', position);
    else trace.do('resize', prng.pick([0, 64, 96, 128, 256, 512, capacity]));
    if (step % 50 === 49) trace.do('memory');
  }
  trace.do('memory');
  trace.save(name);
}

function recordSpsc(name: string, mode: 'bytes' | 'frames', ending: 'close' | 'abandon', steps: number): void {
  const prng = new Prng(seed);
  const trace = new Recorder(spscPlayer(), `Ring of ${mode} between threads, both ends in one`);
  const suffix = mode === 'frames' ? '_frame' : '';
  trace.do('format', 128, mode, 2 ** 32 - 1024); // the positions go round soon
  for (let step = 0; step < steps; step++) {
    if (step === steps - 30) trace.do(ending);
    const pushes = prng.chance(1, 2);
    const length = prng.below(mode === 'frames' ? 50 : 100);
    if (pushes) trace.do(`push${suffix}`, prng.chance(1, 50) ? 200 : length, prng.below(256));
    else trace.do(`pop${suffix}`, prng.chance(1, 3) ? length : 200);
    trace.do('state');
    if (step % 50 === 49) trace.do('region');
  }
  trace.do('region');
  trace.save(name);
}

recordByteRing('byte-ring-from-zero', 0, 600);
recordByteRing('byte-ring-past-32-bits', 2 ** 32 - 300, 600);
recordSpsc('spsc-bytes', 'bytes', 'close', 600);
recordSpsc('spsc-frames', 'frames', 'close', 600);
recordSpsc('spsc-abandoned', 'frames', 'abandon', 100);

import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Bar, barLines } from './bars.ts';
import { runBench } from './bench.ts';
import { machineLine, placeLines } from './heading.ts';
import { describeMachine } from './machine.ts';
import { withScratch } from './place.ts';
import { planBench } from './plan.ts';
import { Progress } from './progress.ts';
import type { CaseResult, TimedResult } from './report.ts';
import { caseLabel, ResultTable } from './result-table.ts';
import { styled, terminalOf } from './terminal.ts';
import { copyTree, treeToCopy } from './tree-copy.ts';
import { formatBytes, formatCount, formatNs, formatRate, formatRatio } from './units.ts';
import { fullScale, type Workload } from './workload.ts';
import { allWorkloads } from './workloads.ts';

const rounds = 5;

/** In this order, each under its first condition. */
const shown = [
  'write-4k',
  'read-4k',
  'write-64',
  'read-64',
  'node-write-4k',
  'node-read-4k',
  'distant-write',
  'distant-read',
  'node-distant-write',
  'node-distant-read',
] as const;

/** What `npm start` shows: bars for each workload, a table of what had to be reached, and a copy of real files. */
export class Demonstration {
  readonly #directory: string | undefined;
  readonly #signal: AbortSignal;
  readonly #terminal = terminalOf(process.stdout);
  readonly #progress = new Progress(process.stderr, terminalOf(process.stderr));
  #times = 0;

  constructor({ directory, signal }: { directory: string | undefined; signal: AbortSignal }) {
    this.#directory = directory;
    this.#signal = signal;
  }

  /** Shows everything once. Errors: those of runBench and copyTree; PlaceError. */
  async run(): Promise<void> {
    try {
      await this.#bench();
    } finally {
      this.#progress.clear();
    }
    this.#times += 1;
  }

  /** Waits until the next time. Errors: the signal's reason. */
  async pause(ms: number): Promise<void> {
    this.#print('', styled(this.#terminal, 'dim', `again in ${ms / 1000} s; Ctrl-C ends it`));
    await sleep(ms, undefined, { signal: this.#signal });
  }

  async #bench(): Promise<void> {
    const workloads = shown.map((id) => onlyFirstCondition(workloadOf(id)));
    const signal = this.#signal;
    const plan = await planBench({ workloads, rounds, scale: fullScale, directory: this.#directory, signal });
    const [place] = plan.places;
    const places = place === undefined ? [] : [place];
    if (this.#times === 0) {
      const lines = [machineLine(describeMachine()), ...placeLines(places, plan.leftOut)];
      this.#print(...lines.map((line) => styled(this.#terminal, 'dim', line)));
    }
    const { results } = await runBench(
      { ...plan, places },
      {
        caseBegins: ({ title }) => this.#progress.show(title),
        workloadEnds: (workload, own) => this.#showBars(workload, own),
      },
    );
    await this.#copy(plan.places.at(-1) ?? place);
    this.#print('', ...new ResultTable(this.#terminal).summaryLines(workloads, results));
    this.#print(`medians of ${rounds} rounds; 'npx conveyor-bench' measures all cases and more of them`);
  }

  #showBars(workload: Workload, results: readonly CaseResult[]): void {
    this.#progress.clear();
    for (const result of results) {
      if (result.kind !== 'timed') continue;
      const head = styled(this.#terminal, 'bold', workload.title);
      const where = result.place === null ? formatBytes(result.bytes) : caseLabel(workload, result);
      this.#print('', `${head} (${where})`, ...barLines(barsOf(result), this.#terminal));
    }
  }

  async #copy(place: Parameters<typeof withScratch>[0] | undefined): Promise<void> {
    if (place === undefined) return;
    this.#progress.show('conveyor cp -r');
    const result = await withScratch(place, (scratch) =>
      copyTree(treeToCopy, join(scratch, basename(treeToCopy)), this.#signal),
    );
    this.#progress.clear();
    const { files, directories, links, bytes, seconds } = result;
    const head = styled(this.#terminal, 'bold', `conveyor cp -r ${basename(treeToCopy)}`);
    const what = `${formatCount(files)} files, ${formatCount(directories)} directories, ${formatCount(links)} links`;
    this.#print(
      '',
      `${head} (${place.fileSystem}, synced, atomic)`,
      `  ${what}, ${formatBytes(bytes)} in ${formatNs(seconds * 1e9)}`,
      '  compared with the original, byte by byte',
    );
  }

  #print(...lines: string[]): void {
    process.stdout.write(`${lines.join('\n')}\n`);
  }
}

function workloadOf(id: (typeof shown)[number]): Workload {
  const found = allWorkloads.find((workload) => workload.id === id);
  if (found === undefined) throw new Error(`there is no workload ${id}`);
  return found;
}

const onlyFirstCondition = (workload: Workload): Workload => ({
  ...workload,
  conditions: workload.conditions.slice(0, 1),
});

/** A bar per side: bytes per second, and for conveyor how many times as fast it was as the peer. */
export function barsOf({ sides, bytes, ratio }: TimedResult): Bar[] {
  const ordered = [...sides].sort((a, b) => Number(b.name === 'conveyor') - Number(a.name === 'conveyor'));
  return ordered.map(({ name, ns }) => {
    const rate = (bytes / ns.median) * 1e9;
    const isSubject = name === 'conveyor';
    const times = isSubject && ratio !== null ? `  ${formatRatio(ratio.median)} × ${ratio.peer}` : '';
    return { label: name, value: rate, text: formatRate(rate).padStart(9) + times, isSubject };
  });
}

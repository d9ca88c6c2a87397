import type { Place } from './place.ts';
import type { CaseResult, GaugedResult, SharedResult, TimedResult } from './report.ts';
import type { Measure, Requirement, Verdict } from './requirement.ts';
import { leastShare } from './samples.ts';
import { type Column, tableLines } from './table.ts';
import { styled, type Terminal } from './terminal.ts';
import { formatBytes, formatCount, formatNs, formatRatio } from './units.ts';
import { percent, wireLines } from './wire-table.ts';
import type { Condition, Workload } from './workload.ts';

const times = '×';

/** The tables of a run: one per workload, and what had to be reached. */
export class ResultTable {
  readonly #terminal: Terminal;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  /** A workload with all its cases: the title, the limit, a row per case. Requires: at least one result. */
  workloadLines(workload: Workload, results: readonly CaseResult[]): string[] {
    const timed = results.filter((result) => result.kind === 'timed');
    const gauged = results.filter((result) => result.kind === 'gauged');
    const head = styled(this.#terminal, 'bold', workload.title);
    const isJudged = results.some(({ verdicts }) => verdicts.length > 0);
    const about = [amountText(results[0]), ...(isJudged ? [`must reach: ${limitsText(workload)}`] : [])].join('; ');
    const shared = results.filter((result) => result.kind === 'shared');
    const body =
      timed.length > 0
        ? this.#timedLines(workload, timed)
        : shared.length > 0
          ? this.#sharedLines(workload, shared)
          : this.#gaugedLines(workload, gauged);
    return [head, styled(this.#terminal, 'dim', `  ${about}`), ...body];
  }

  #timedLines(workload: Workload, results: readonly TimedResult[]): string[] {
    const names = results[0]?.sides.map(({ name }) => name).sort(subjectFirst) ?? [];
    const columns: Column[] = [
      { head: '', align: 'left' },
      ...names.map((head): Column => ({ head, align: 'right' })),
      { head: `${times} ${workload.peer}`, align: 'right' },
      { head: '', align: 'left' },
    ];
    const rows = results.map((result) => [
      caseLabel(workload, result),
      ...names.map((name) => this.#time(workload, result, name)),
      result.ratio === null ? '' : ratioText(result.ratio),
      this.#verdictWord(result),
    ]);
    const wire = wireLines(workload, results);
    return [...tableLines(columns, rows), ...(wire.length === 0 ? [] : ['', ...wire])];
  }

  #time(workload: Workload, result: TimedResult, name: string): string {
    const median = result.sides.find((side) => side.name === name)?.ns.median;
    if (median === undefined) return '';
    return formatNs(workload.timeOf === 'whole' ? median : median / (result.bytes / result.operationBytes));
  }

  #gaugedLines(workload: Workload, results: readonly GaugedResult[]): string[] {
    const columns: Column[] = [
      { head: '', align: 'left' },
      { head: 'handles', align: 'right' },
      { head: 'threads', align: 'right' },
      { head: 'resident above baseline', align: 'right' },
      { head: '', align: 'left' },
    ];
    const rows = results.map((result) => [
      caseLabel(workload, result),
      formatCount(result.gauge.handles),
      String(result.gauge.threads),
      formatBytes(result.gauge.residentBytes),
      this.#verdictWord(result),
    ]);
    return tableLines(columns, rows);
  }

  #sharedLines(workload: Workload, results: readonly SharedResult[]): string[] {
    const columns: Column[] = [
      { head: '', align: 'left' },
      { head: 'in all', align: 'right' },
      { head: 'least', align: 'right' },
      { head: 'of the mean', align: 'right' },
      { head: '', align: 'left' },
    ];
    const rows = results.map((result) => [
      caseLabel(workload, result),
      formatCount(result.counts.reduce((sum, count) => sum + count, 0)),
      formatCount(Math.min(...result.counts)),
      formatRatio(leastShare(result.counts)),
      this.#verdictWord(result),
    ]);
    return tableLines(columns, rows);
  }

  #verdictWord({ verdicts }: CaseResult): string {
    if (verdicts.length === 0) return '';
    const reached = verdicts.every((verdict) => verdict.reached);
    return styled(this.#terminal, reached ? 'green' : 'red', reached ? 'reached' : 'missed');
  }

  /** What had to be reached, beside the worst and the best case. Requires: results with verdicts. */
  summaryLines(workloads: readonly Workload[], results: readonly CaseResult[]): string[] {
    const columns: Column[] = [
      { head: 'must reach', align: 'left' },
      { head: 'limit', align: 'right' },
      { head: 'worst case', align: 'right' },
      { head: 'best case', align: 'right' },
      { head: '', align: 'left' },
    ];
    const rows = workloads.flatMap((workload) => {
      const own = results.filter((result) => result.workload === workload.id);
      return workload.requirements.map((requirement) => this.#summaryRow(workload, requirement, own));
    });
    return tableLines(columns, rows);
  }

  #summaryRow(workload: Workload, requirement: Requirement, results: readonly CaseResult[]): string[] {
    const verdicts = results.flatMap((result) =>
      result.verdicts.filter(({ measure }) => measure === requirement.measure),
    );
    const values = verdicts.map(({ value }) => value).sort((a, b) => a - b);
    if (requirement.bound === 'at most') values.reverse();
    const count = verdicts.filter(({ reached }) => reached).length;
    const word = count === verdicts.length ? 'reached' : count === 0 ? 'missed' : `${count} of ${verdicts.length}`;
    const sign = requirement.bound === 'at least' ? '>=' : '<=';
    return [
      workload.id + (workload.requirements.length > 1 ? ` ${measureWord(requirement)}` : ''),
      `${sign} ${valueText(requirement, requirement.limit)}`,
      valueText(requirement, values[0]),
      valueText(requirement, values.at(-1)),
      styled(this.#terminal, count === verdicts.length ? 'green' : 'red', word),
    ];
  }
}

/** `tmpfs, fresh file`. */
export function caseLabel(workload: Workload, result: { place: Place | null; condition: string }): string {
  const condition: Condition | undefined = workload.conditions.find(({ name }) => name === result.condition);
  const label = condition?.label ?? result.condition;
  return result.place === null ? label : `${result.place.fileSystem}, ${label}`;
}

/** How much was moved: `64 MiB in pieces of 4 KiB`. */
function amountText(result: CaseResult | undefined): string {
  if (result?.kind === 'shared') return `${result.counts.length} processes`;
  if (result?.kind !== 'timed') return 'after a rest';
  if (result.suite === 'lock') return `${formatCount(result.bytes / result.operationBytes)} times`;
  return `${formatBytes(result.bytes)} in pieces of ${formatBytes(result.operationBytes)}`;
}

/** `1.37 (1.32-1.42)`. */
function ratioText({ median, min, max }: { median: number; min: number; max: number }): string {
  const range = min === max ? '' : ` (${formatRatio(min)}-${formatRatio(max)})`;
  return `${formatRatio(median)}${range}`;
}

/** All that a workload must reach: `at least 1.5 × pwrite`. */
export function limitsText(workload: Workload): string {
  return workload.requirements.map((requirement) => limitText(requirement, workload)).join(', ');
}

function limitText(requirement: Requirement, { peer, rivals, conditions }: Workload): string {
  const { measure, bound, limit, condition } = requirement;
  const against =
    measure === 'ratio' ? peer : measure === 'rivalRatio' ? rivals?.join(' and ') : measureWord(requirement);
  const label = conditions.find(({ name }) => name === condition)?.label;
  const text = `${bound} ${valueText({ measure }, limit)} ${against}`.trimEnd();
  return label === undefined ? text : `${text} at ${label}`;
}

const measureWords: Readonly<Record<Measure, string>> = {
  ratio: '',
  rivalRatio: 'the fastest rival',
  wireRatio: 'of the bytes',
  linkShare: 'of the link',
  ms: '',
  threads: 'threads',
  residentBytes: 'resident',
  leastShare: 'of the mean',
};

function measureWord({ measure }: Pick<Verdict, 'measure'>): string {
  return measureWords[measure];
}

function valueText({ measure }: Pick<Verdict, 'measure'>, value: number | undefined): string {
  if (value === undefined) return '';
  if (measure.endsWith('atio')) return `${value === Math.round(value * 10) / 10 ? value : formatRatio(value)} ${times}`;
  if (measure === 'linkShare') return percent(value);
  if (measure === 'ms') return Number.isInteger(value) ? `${value} ms` : formatNs(value * 1e6);
  if (measure === 'leastShare') return formatRatio(value);
  return measure === 'threads' ? String(value) : formatBytes(value);
}

function subjectFirst(a: string, b: string): number {
  return Number(b === 'conveyor') - Number(a === 'conveyor');
}

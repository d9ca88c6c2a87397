import type { TimedResult } from './report.ts';
import { type Spread, spreadOf } from './statistics.ts';
import { type Column, tableLines } from './table.ts';
import { formatCount, formatRatio, threeDigits } from './units.ts';
import type { Workload } from './workload.ts';

/** The side that asks a server for as much as it can give, and does nothing with it. */
export const ceiling = 'ceiling';

/** What a server saw of each side, and which share of the link and of the server's best each one got. */
export function wireLines(workload: Workload, results: readonly TimedResult[]): string[] {
  const seen = results.filter(({ samples }) => samples.some(({ wire }) => wire !== undefined));
  if (seen.length === 0) return [];
  const columns: Column[] = [
    { head: '', align: 'left' },
    { head: '', align: 'left' },
    { head: 'of the link', align: 'right' },
    { head: `of the ${ceiling}`, align: 'right' },
    { head: 'in flight', align: 'right' },
    { head: 'requests', align: 'right' },
    { head: 'bytes sent', align: 'right' },
  ];
  return tableLines(
    columns,
    seen.flatMap((result) => rowsOf(workload, result)),
  );
}

function rowsOf({ conditions }: Workload, result: TimedResult): string[][] {
  const { bytes, samples, linkBytesPerSecond, sides } = result;
  const label = conditions.find(({ name }) => name === result.condition)?.label ?? result.condition;
  const best = sides.find(({ name }) => name === ceiling)?.ns.median;
  return sides.map(({ name, ns }) => {
    const own = samples.filter(({ side, round }) => side === name && round > 0);
    const wires = own.flatMap(({ wire }) => (wire === undefined ? [] : [wire]));
    const median = (figures: readonly number[]): Spread | undefined =>
      figures.length === 0 ? undefined : spreadOf(figures);
    const inFlight = median(wires.map(({ inFlightMax }) => inFlightMax));
    const wireBytes = median(wires.map((wire) => wire.bytes));
    const requests = median(own.map(({ backendOperations }) => backendOperations));
    return [
      label,
      name,
      linkBytesPerSecond === undefined ? '' : percent(bytes / (ns.median / 1e9) / linkBytesPerSecond),
      best === undefined ? '' : percent(best / ns.median),
      inFlight === undefined ? '' : formatCount(Math.round(inFlight.median)),
      requests === undefined ? '' : formatCount(Math.round(requests.median)),
      wireBytes === undefined ? '' : `${formatRatio(wireBytes.median / bytes)} ×`,
    ];
  });
}

/** `97.3 %`. */
export function percent(share: number): string {
  return `${threeDigits(share * 100)} %`;
}

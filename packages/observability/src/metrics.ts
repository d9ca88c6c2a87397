import type { LatencyName, ReadingField, SumReading } from './reading.ts';

/** One number of {@link SumReading}, as metrics name it. */
export interface Metric {
  /** With its unit, in base units; `_total` for what only grows. */
  readonly name: string;
  readonly kind: 'counter' | 'gauge';
  /** As UCUM has it. */
  readonly unit: 'By' | 's' | '1';
  readonly help: string;
  readonly labels?: Readonly<Record<string, string>>;
  value(sum: SumReading): number;
}

/** One kind of latency; seconds. */
export interface LatencyMetric {
  readonly name: string;
  readonly help: string;
  readonly latency: LatencyName;
  readonly labels: Readonly<Record<string, string>>;
}

function of(field: ReadingField, scale = 1): (sum: SumReading) => number {
  return (sum) => sum.get(field) * scale;
}

const second = 1e-9;
const backend = 'conveyor_backend_operations_total';
const backendHelp = 'Operations of the storage.';

/** All but latencies. Metrics of one name stand together. */
export const metrics: readonly Metric[] = [
  counter('conveyor_reads_total', '1', 'Reads by the application that succeeded.', of('reads')),
  counter('conveyor_writes_total', '1', 'Writes by the application that were accepted.', of('writes')),
  counter('conveyor_read_bytes_total', 'By', 'Bytes read by the application.', of('bytesRead')),
  counter('conveyor_written_bytes_total', 'By', 'Bytes accepted from the application.', of('bytesWritten')),
  counter('conveyor_read_hits_total', '1', 'Reads that were served from memory.', of('readHits')),
  counter('conveyor_read_misses_total', '1', 'Reads that waited for the storage.', of('readMisses')),
  counter(backend, '1', backendHelp, of('backendReads'), { operation: 'read' }),
  counter(backend, '1', backendHelp, of('backendWrites'), { operation: 'write' }),
  counter(backend, '1', backendHelp, of('backendOthers'), { operation: 'other' }),
  counter('conveyor_backend_read_bytes_total', 'By', 'Bytes read from the storage.', of('backendBytesRead')),
  counter('conveyor_backend_written_bytes_total', 'By', 'Bytes that have landed.', of('backendBytesWritten')),
  counter('conveyor_backend_retries_total', '1', 'Retries of transient errors of the storage.', of('retries')),
  counter('conveyor_rewritten_bytes_total', 'By', 'Bytes replaced while still queued.', of('rewritesInPlace')),
  counter('conveyor_stalls_total', '1', 'Writes that waited for room.', of('stalls')),
  counter('conveyor_stall_seconds_total', 's', 'Time that writes have waited for room.', of('stallNs', second)),
  counter('conveyor_adaptations_total', '1', 'Settings that adaptation has changed.', of('adaptations')),
  counter('conveyor_handles_opened_total', '1', 'Handles that were opened.', (sum) => sum.opened),
  gauge('conveyor_open_handles', '1', 'Handles that are open.', (sum) => sum.open),
  gauge(
    'conveyor_failed_handles',
    '1',
    'Open handles with an error that keeps bytes from landing.',
    (sum) => sum.failed,
  ),
  gauge('conveyor_unreported_errors', '1', 'Such errors that nobody was told of yet.', of('unreportedErrors')),
  gauge('conveyor_dirty_bytes', 'By', 'Bytes that are accepted and have not landed.', of('dirtyBytes')),
  gauge('conveyor_oldest_dirty_seconds', 's', 'How long the oldest of them waits.', of('dirtyAgeNs', second)),
  gauge('conveyor_write_ring_bytes', 'By', 'Size of all write rings.', of('writeCapacity')),
  gauge('conveyor_read_ahead_bytes', 'By', 'Bytes held by read-ahead.', of('windowBytes')),
];

const waited = 'conveyor_operation_duration_seconds';
const waitedHelp = 'Operations of the application that had to wait; those served at once are not timed.';
const backendTook = 'conveyor_backend_operation_duration_seconds';
const backendTookHelp = 'Operations of the storage that were timed.';

/** Metrics of one name stand together. */
export const latencyMetrics: readonly LatencyMetric[] = [
  { name: waited, help: waitedHelp, latency: 'appRead', labels: { operation: 'read' } },
  { name: waited, help: waitedHelp, latency: 'appWrite', labels: { operation: 'write' } },
  { name: waited, help: waitedHelp, latency: 'appOther', labels: { operation: 'other' } },
  { name: backendTook, help: backendTookHelp, latency: 'backendRead', labels: { operation: 'read' } },
  { name: backendTook, help: backendTookHelp, latency: 'backendWrite', labels: { operation: 'write' } },
  { name: backendTook, help: backendTookHelp, latency: 'backendOther', labels: { operation: 'other' } },
];

/** Bounds of histograms for exporters: 1 µs to 17 s by fours, as powers of two, at which the buckets are exact. */
export const latencyBoundsNs: readonly number[] = Array.from({ length: 13 }, (_, index) => 2 ** (10 + 2 * index));

function counter(
  name: string,
  unit: Metric['unit'],
  help: string,
  value: Metric['value'],
  labels: Metric['labels'] = {},
): Metric {
  return { name, kind: 'counter', unit, help, value, labels };
}

function gauge(name: string, unit: Metric['unit'], help: string, value: Metric['value']): Metric {
  return { name, kind: 'gauge', unit, help, value };
}

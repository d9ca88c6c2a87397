import { type HandleRegistry, handleRegistry } from './handle-registry.ts';
import { latencyMetrics, metrics } from './metrics.ts';

/** An asynchronous instrument of OpenTelemetry, of which nothing is called here. */
export type OpenTelemetryInstrument = object;

interface BatchResult {
  observe(instrument: OpenTelemetryInstrument, value: number, attributes?: Record<string, string | number>): void;
}

type BatchCallback = (result: BatchResult) => void | Promise<void>;
type InstrumentOptions = { readonly unit: string; readonly description: string };

/** What is used of a `Meter` of `@opentelemetry/api`: said here, so that nobody needs that package for its types. */
export interface OpenTelemetryMeter {
  createObservableCounter(name: string, options: InstrumentOptions): OpenTelemetryInstrument;
  createObservableGauge(name: string, options: InstrumentOptions): OpenTelemetryInstrument;
  addBatchObservableCallback(callback: BatchCallback, instruments: OpenTelemetryInstrument[]): void;
  removeBatchObservableCallback(callback: BatchCallback, instruments: OpenTelemetryInstrument[]): void;
}

const quantilesPermille = [500, 990, 999];

/**
 * Gives the metrics of a registry to OpenTelemetry: one collection for each reading of the meter. Names have dots for
 * underscores and neither unit nor `_total`; latencies are gauges by quantile, as the asynchronous instruments of
 * OpenTelemetry have no histograms.
 *
 * @param meter `metrics.getMeter('conveyor')` of `@opentelemetry/api`, which this package does not load itself.
 * @returns A function that takes the metrics back.
 */
export function observeWithOpenTelemetry(
  meter: OpenTelemetryMeter,
  registry: HandleRegistry = handleRegistry,
): () => void {
  const instruments = new Map<string, OpenTelemetryInstrument>();
  for (const { name, kind, unit, help } of metrics) {
    const options = { unit, description: help };
    if (instruments.has(name)) continue;
    const own = nameFor(name);
    const isCounter = kind === 'counter';
    instruments.set(
      name,
      isCounter ? meter.createObservableCounter(own, options) : meter.createObservableGauge(own, options),
    );
  }
  for (const { name, help } of latencyMetrics) {
    if (!instruments.has(name)) {
      instruments.set(name, meter.createObservableGauge(nameFor(name), { unit: 's', description: help }));
    }
  }
  const observe: BatchCallback = async (result) => {
    const { schemes } = await registry.collect();
    for (const [scheme, sum] of schemes) {
      for (const metric of metrics) {
        result.observe(instruments.get(metric.name) as OpenTelemetryInstrument, metric.value(sum), {
          scheme,
          ...metric.labels,
        });
      }
      for (const { name, latency, labels } of latencyMetrics) {
        const histogram = sum.histogram(latency);
        if (histogram.count === 0) continue;
        for (const permille of quantilesPermille) {
          const attributes = { scheme, ...labels, quantile: permille / 1000 };
          result.observe(
            instruments.get(name) as OpenTelemetryInstrument,
            histogram.percentileNs(permille) / 1e9,
            attributes,
          );
        }
      }
    }
  };
  const all = [...instruments.values()];
  meter.addBatchObservableCallback(observe, all);
  return () => meter.removeBatchObservableCallback(observe, all);
}

function nameFor(name: string): string {
  return name
    .replace(/_total$/, '')
    .replace(/_(bytes|seconds)$/, (unit) => (name.endsWith('_total') ? unit : ''))
    .replaceAll('_', '.');
}

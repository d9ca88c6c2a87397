import { HandleRegistry, observeWithOpenTelemetry } from '@libconveyor/observability';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { expect, test } from 'vitest';
import { FakeSource } from './sources.ts';

test('OpenTelemetry reads totals, gauges and quantiles, until they are taken back', async () => {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
  const provider = new MeterProvider({ readers: [reader] });
  const registry = new HandleRegistry();
  const source = new FakeSource(
    { bytesWritten: 12, backendReads: 2, backendWrites: 3, dirtyBytes: 5 },
    { scheme: 's3' },
  );
  Object.assign(source.latencies, { backendRead: [4, 8] });
  registry.add(source);
  const takeBack = observeWithOpenTelemetry(provider.getMeter('conveyor'), registry);
  await reader.forceFlush();
  const read = exporter.getMetrics().at(-1)?.scopeMetrics[0]?.metrics ?? [];
  const pointsOf = (name: string) =>
    read
      .find(({ descriptor }) => descriptor.name === name)
      ?.dataPoints.map(({ attributes, value }) => ({ ...attributes, value }));
  expect(pointsOf('conveyor.written.bytes')).toEqual([{ scheme: 's3', value: 12 }]);
  expect(pointsOf('conveyor.dirty')).toEqual([{ scheme: 's3', value: 5 }]);
  expect(pointsOf('conveyor.backend.operations')).toEqual([
    { scheme: 's3', operation: 'read', value: 2 },
    { scheme: 's3', operation: 'write', value: 3 },
    { scheme: 's3', operation: 'other', value: 0 },
  ]);
  expect(pointsOf('conveyor.backend.operation.duration')).toEqual([
    { scheme: 's3', operation: 'read', quantile: 0.5, value: 4e-9 },
    { scheme: 's3', operation: 'read', quantile: 0.99, value: 8e-9 },
    { scheme: 's3', operation: 'read', quantile: 0.999, value: 8e-9 },
  ]);
  takeBack();
  const observed = source.observed;
  await reader.forceFlush();
  expect(source.observed).toBe(observed);
  await provider.shutdown();
});

import type { HandleRegistry } from './handle-registry.ts';
import { latencyBoundsNs, latencyMetrics, metrics } from './metrics.ts';
import type { SumReading } from './reading.ts';

/** The content type of {@link prometheusText}. */
export const prometheusContentType = 'text/plain; version=0.0.4; charset=utf-8';

/**
 * The metrics of a registry in Prometheus' text format: counters and gauges by scheme, histograms of latencies by
 * scheme and operation. There are no labels of handles or paths, so the number of series is bounded. Clause: V4.
 */
export async function prometheusText(registry: HandleRegistry): Promise<string> {
  const { schemes } = await registry.collect();
  const lines: string[] = [];
  let last = '';
  for (const metric of metrics) {
    if (metric.name !== last) describe(lines, metric.name, metric.help, metric.kind);
    last = metric.name;
    for (const [scheme, sum] of schemes) {
      lines.push(`${metric.name}${labelsOf({ scheme, ...metric.labels })} ${metric.value(sum)}`);
    }
  }
  for (const metric of latencyMetrics) {
    if (metric.name !== last) describe(lines, metric.name, metric.help, 'histogram');
    last = metric.name;
    for (const [scheme, sum] of schemes) {
      const labels = { scheme, ...metric.labels };
      addHistogram(lines, metric.name, labels, sum.histogram(metric.latency));
    }
  }
  return `${lines.join('\n')}\n`;
}

function describe(lines: string[], name: string, help: string, kind: string): void {
  lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${kind}`);
}

function addHistogram(
  lines: string[],
  name: string,
  labels: Readonly<Record<string, string>>,
  histogram: ReturnType<SumReading['histogram']>,
): void {
  const counts = histogram.countsBelow(latencyBoundsNs);
  for (const [index, bound] of latencyBoundsNs.entries()) {
    lines.push(`${name}_bucket${labelsOf({ ...labels, le: String(bound / 1e9) })} ${counts[index]}`);
  }
  lines.push(
    `${name}_bucket${labelsOf({ ...labels, le: '+Inf' })} ${histogram.count}`,
    `${name}_sum${labelsOf(labels)} ${histogram.sumNs / 1e9}`,
    `${name}_count${labelsOf(labels)} ${histogram.count}`,
  );
}

function labelsOf(labels: Readonly<Record<string, string>>): string {
  const parts = Object.entries(labels).map(([name, value]) => `${name}="${escapeValue(value)}"`);
  return `{${parts.join(',')}}`;
}

function escapeValue(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

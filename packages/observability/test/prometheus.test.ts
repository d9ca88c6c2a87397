import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { HandleRegistry, prometheusText } from '@libconveyor/observability';
import { describe, expect, test } from 'vitest';
import { FakeSource } from './sources.ts';

const deploy = join(import.meta.dirname, '../deploy');
const hasPromtool = spawnSync('promtool', ['--version']).status === 0;
/** Debian's package `prometheus` has it. */
const missing = hasPromtool ? '' : ' (skipped: promtool is not installed)';

/** Two schemes, one of them with a name that needs care. */
function filled(): HandleRegistry {
  const registry = new HandleRegistry();
  const file = new FakeSource({ writes: 3, stallNs: 1.5e9, dirtyAgeNs: 2e9, stickyError: 28, dirtyBytes: 7 });
  Object.assign(file.latencies, { backendWrite: [3, 9] });
  sources.push(file, new FakeSource({ writes: 1 }, { scheme: 'a"b\\c\n' }));
  for (const source of sources.slice(-2)) registry.add(source);
  return registry;
}

/** Keeps them: the registry does not. */
const sources: FakeSource[] = [];

function promtool(...args: string[]): string {
  return execFileSync('promtool', args, { cwd: deploy, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

describe("Prometheus' text", () => {
  test('has totals, gauges and histograms, in base units', async () => {
    const lines = (await prometheusText(filled())).split('\n');
    for (const line of [
      '# TYPE conveyor_writes_total counter',
      'conveyor_writes_total{scheme="file"} 3',
      'conveyor_writes_total{scheme="a\\"b\\\\c\\n"} 1',
      'conveyor_stall_seconds_total{scheme="file"} 1.5',
      'conveyor_oldest_dirty_seconds{scheme="file"} 2',
      'conveyor_failed_handles{scheme="file"} 1',
      'conveyor_dirty_bytes{scheme="file"} 7',
      'conveyor_backend_operation_duration_seconds_bucket{scheme="file",operation="write",le="0.000001024"} 2',
      'conveyor_backend_operation_duration_seconds_bucket{scheme="file",operation="write",le="+Inf"} 2',
      'conveyor_backend_operation_duration_seconds_count{scheme="file",operation="write"} 2',
      'conveyor_backend_operation_duration_seconds_sum{scheme="file",operation="write"} 1.2e-8',
    ]) {
      expect(lines).toContain(line);
    }
  });

  test('V4: a thousand handles are as many series as one', async () => {
    const count = async (handles: number): Promise<number> => {
      const registry = new HandleRegistry();
      const all = Array.from({ length: handles }, (_, index) => new FakeSource({}, { path: `/file-${index}` }));
      for (const source of all) registry.add(source);
      return (await prometheusText(registry)).split('\n').length;
    };
    expect(await count(1000)).toBe(await count(1));
  });

  test.skipIf(!hasPromtool)(`promtool finds nothing to say about the metrics${missing}`, async () => {
    const input = await prometheusText(filled());
    const { status, stderr, stdout } = spawnSync('promtool', ['check', 'metrics'], { input, encoding: 'utf8' });
    expect({ status, stderr, stdout }).toEqual({ status: 0, stderr: '', stdout: '' });
  });
});

describe('what is shipped in deploy/', () => {
  test.skipIf(!hasPromtool)(
    `the scrape file and the alert rules are valid, and the rules fire when they should${missing}`,
    () => {
      expect(promtool('check', 'config', 'prometheus.yml')).toContain('SUCCESS');
      expect(promtool('check', 'rules', 'conveyor-alerts.yml')).toContain('SUCCESS: 5 rules found');
      expect(promtool('test', 'rules', 'conveyor-alerts.test.yml')).toContain('SUCCESS');
    },
  );

  test('alert rules and the dashboard ask for metrics that there are', async () => {
    const text = await prometheusText(filled());
    const names = new Set([...text.matchAll(/^(conveyor_\w+)[{ ]/gm)].map(([, name]) => name));
    const asked = ['conveyor-alerts.yml', 'grafana-dashboard.json'].flatMap((file) => [
      ...new Set(readFileSync(join(deploy, file), 'utf8').match(/conveyor_\w+/g)),
    ]);
    expect(asked.length).toBeGreaterThan(20);
    expect(asked.filter((name) => !names.has(name))).toEqual([]);
  });

  test('every panel of the dashboard has a question, and no two have one place', () => {
    const board = JSON.parse(readFileSync(join(deploy, 'grafana-dashboard.json'), 'utf8'));
    const places = board.panels.map(({ gridPos }: { gridPos: object }) => JSON.stringify(gridPos));
    expect(new Set(places).size).toBe(board.panels.length);
    for (const { targets } of board.panels) expect(targets.length).toBeGreaterThan(0);
  });
});

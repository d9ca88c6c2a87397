import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HandleRegistry, serveMetrics } from '@libconveyor/observability';
import { describe, expect, test } from 'vitest';
import { FakeSource } from './sources.ts';

const hasPrometheus = spawnSync('prometheus', ['--version']).status === 0;
const missing = hasPrometheus ? '' : ' (skipped: prometheus is not installed)';

function registryWith(source: FakeSource): HandleRegistry {
  const registry = new HandleRegistry();
  registry.add(source);
  return registry;
}

/** A port that was free a moment ago. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** Asks Prometheus until it has an answer, or the test's time is over. */
async function ask(port: number, query: string): Promise<string> {
  const url = `http://127.0.0.1:${port}/api/v1/query?query=${encodeURIComponent(query)}`;
  for (;;) {
    const answer = await fetch(url)
      .then((response) => response.json())
      .catch(() => undefined);
    const value = (answer as { data?: { result?: [{ value: [number, string] }] } } | undefined)?.data?.result?.[0]
      ?.value[1];
    if (value !== undefined) return value;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('the metrics server', () => {
  test('serves /metrics and nothing else', async () => {
    const source = new FakeSource({ writes: 8 });
    await using server = await serveMetrics({ registry: registryWith(source) });
    const response = await fetch(server.url);
    expect(response.headers.get('content-type')).toContain('version=0.0.4');
    expect(await response.text()).toContain('conveyor_writes_total{scheme="file"} 8');
    expect((await fetch(server.url.replace('/metrics', '/'))).status).toBe(404);
    expect((await fetch(server.url, { method: 'POST', body: 'x' })).status).toBe(405);
  });

  test('clients beyond the bound are turned away', async () => {
    await using server = await serveMetrics({ registry: registryWith(new FakeSource()) });
    const { hostname, port } = new URL(server.url);
    const clients = Array.from({ length: 40 }, () => connect(Number(port), hostname));
    const ends = clients.map((client) =>
      once(
        client.on('error', () => undefined),
        'close',
      ),
    );
    await Promise.race(ends);
    for (const client of clients) client.destroy();
    await Promise.all(ends);
    expect((await fetch(server.url)).status).toBe(200);
  });

  test('refuses nonsense', async () => {
    await expect(serveMetrics({ port: -1 })).rejects.toThrow(RangeError);
    await expect(serveMetrics({ porto: 1 } as object)).rejects.toThrow(TypeError);
  });

  test.skipIf(!hasPrometheus)(`a real Prometheus scrapes it${missing}`, { timeout: 60_000 }, async () => {
    const source = new FakeSource({ writes: 42, dirtyAgeNs: 3e9 });
    Object.assign(source.latencies, { backendRead: [5, 5, 7] });
    await using server = await serveMetrics({ registry: registryWith(source) });
    const directory = mkdtempSync(join(tmpdir(), 'conveyor-prometheus-'));
    const file = join(directory, 'prometheus.yml');
    const job = { job_name: 'conveyor', static_configs: [{ targets: [new URL(server.url).host] }] };
    writeFileSync(file, JSON.stringify({ global: { scrape_interval: '1s' }, scrape_configs: [job] }));
    const port = await freePort();
    const options = [
      `--config.file=${file}`,
      `--storage.tsdb.path=${directory}/data`,
      `--web.listen-address=127.0.0.1:${port}`,
    ];
    const prometheus = spawn('prometheus', options, { stdio: 'ignore' });
    try {
      expect(await ask(port, 'conveyor_writes_total{scheme="file"}')).toBe('42');
      expect(await ask(port, 'max(conveyor_oldest_dirty_seconds)')).toBe('3');
      expect(await ask(port, 'conveyor_backend_operation_duration_seconds_count{operation="read"}')).toBe('3');
      expect(await ask(port, 'up{job="conveyor"}')).toBe('1');
    } finally {
      prometheus.kill('SIGKILL');
      await once(prometheus, 'exit');
      rmSync(directory, { recursive: true, force: true });
    }
  });
});

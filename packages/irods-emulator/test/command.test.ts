import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { startIrodsEmulator } from '@libconveyor/irods-emulator';
import { jsonBuffer, openFlags } from '@libconveyor/irods-protocol';
import { withTempDir } from '@libconveyor/testkit';
import { describe, expect, it } from 'vitest';
import { about, on, RawClient } from './raw-client.ts';

const path = '/tempZone/home/rods/a & b';

async function put(port: number, text: string): Promise<void> {
  const client = await RawClient.login(port);
  const { code: fd } = await client.call(
    'dataObjOpen',
    about(path, { openFlags: openFlags.writeOnly | openFlags.create }),
  );
  await client.call('dataObjWrite', on(fd, { len: text.length }), Buffer.from(text));
  await client.call('dataObjClose', on(fd));
  await client.disconnect();
}

describe('a folder', () => {
  it('keeps a zone', async () => {
    await withTempDir(async (data) => {
      const first = await startIrodsEmulator({ data });
      await put(first.port, 'kept');
      const before = first.replicas(path);
      await first.close();
      await using second = await startIrodsEmulator({ data });
      expect(second.replicas(path)).toEqual(before);
      expect(before[0]?.bytes.toString()).toBe('kept');
      await put(second.port, 'KEPT');
      expect(second.replicas(path)[0]?.bytes.toString()).toBe('KEPT');
      const client = await RawClient.login(second.port);
      // Numbers go on where they ended: nothing that was kept is overwritten.
      await client.call('touch', jsonBuffer({ logical_path: `${path}2` }));
      const kept = await client.call('objStat', about(path));
      const made = await client.call('objStat', about(`${path}2`));
      expect(Number(made.output?.dataId)).toBeGreaterThan(Number(kept.output?.dataId));
      await client.call('dataObjUnlink', about(path, { conditions: { forceFlag: '' } }));
      expect(second.replicas(path)).toEqual([]);
    });
  });
});

describe('the command', () => {
  const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));
  const node = ['--conditions=@libconveyor/source', '--import', '@libconveyor/testkit/register', main];
  const run = (...args: string[]) =>
    // From here, because the loader is a dependency of this package.
    spawn(process.execPath, [...node, ...args], { cwd: import.meta.dirname, stdio: ['ignore', 'pipe', 'pipe'] });

  it('prints its address, serves, and ends when it is told to', async () => {
    const child = run('--port', '0', '--user', 'alice:se:cret', '--user', 'bob:b:admin', '--latency', '1ms');
    const [output] = (await once(child.stdout, 'data')) as [Buffer];
    const port = Number(/IRODS_PORT=(\d+)/.exec(String(output))?.[1]);
    await (await RawClient.login(port, 'alice', 'se:cret')).disconnect();
    await (await RawClient.login(port, 'bob', 'b')).disconnect();
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([0, null]);
  });

  it.each([
    [['--user', 'alice'], 'name:password'],
    [['--latency', '~1-2'], '20ms'],
    [['--policy', 'CS_NEG_REQUIRE'], 'options.tls'],
    [['--server-version', '4.1.0'], 'options.version'],
  ])('refuses %j', async (args, message) => {
    const child = run('--port', '0', ...args);
    const chunks: Buffer[] = [];
    child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk));
    expect(await once(child, 'close')).toEqual([1, null]);
    expect(Buffer.concat(chunks).toString()).toContain(message);
  });
});

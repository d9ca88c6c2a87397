import { execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { eventually, withTempDir } from '@libconveyor/testkit';
import { describe, expect, test } from 'vitest';
import { FileLock } from '../src/index.ts';
import { fakeStatfs, type Language, LockProcess, withProcesses } from './lock-process.ts';

const run = promisify(execFile);
const languages: Language[] = ['C++', 'JavaScript'];
const eAgain = 11;
const eTimedOut = 110;

describe.each(languages)('with a process in %s', (language) => {
  test('L6: a holder that is killed in the critical section frees the lock at once', async () => {
    await withTempDir(async (folder) => {
      const path = join(folder, 'file');
      await withProcesses([language], {}, async ([holder]) => {
        expect(await holder?.tell(`take exclusive -1 ${path}`)).toBe(`ok ${path}`);
        await expect(FileLock.tryAcquire(path)).rejects.toMatchObject({
          code: 'EAGAIN',
          holder: { pid: holder?.pid },
        });
        await holder?.kill();
        // The sidecar stays, and with it a record of the dead: harmless.
        expect(readFileSync(`${path}.lock`, 'utf8')).toContain(`"pid":${holder?.pid}`);
        expect(await FileLock.holder(path)).toBeUndefined();
        const lock = await FileLock.tryAcquire(path);
        await lock.release();
      });
    });
  });

  test('L5: a stopped holder keeps its lock, and is named', async () => {
    await withTempDir(async (folder) => {
      const path = join(folder, 'file');
      await withProcesses([language], {}, async ([holder]) => {
        await holder?.tell(`take exclusive -1 ${path}`);
        holder?.child.kill('SIGSTOP');
        const error = await FileLock.acquire(path, { timeout: 30 }).catch((thrown) => thrown);
        expect(error).toMatchObject({ code: 'ETIMEDOUT', kind: 'timeout', holder: { pid: holder?.pid } });
        expect(error.holder.host).not.toBe('');
        expect(error.holder.startedAt.getTime()).toBeGreaterThan(0);
        expect(error.message).toContain(`held by process ${holder?.pid}`);
        holder?.child.kill('SIGCONT');
        const taking = FileLock.acquire(path);
        expect(await holder?.tell('give')).toBe('ok');
        await (await taking).release();
      });
    });
  });

  test('L8: flock(1) and the lock exclude each other on one sidecar', async () => {
    await withTempDir(async (folder) => {
      const path = join(folder, 'file');
      await withProcesses([language], {}, async ([other]) => {
        await other?.tell(`take exclusive -1 ${path}`);
        await expect(run('flock', ['-n', '-E', '99', `${path}.lock`, 'true'])).rejects.toMatchObject({ code: 99 });
        await other?.tell('give');
        const held = spawn('flock', [`${path}.lock`, 'sh', '-c', 'echo held; read line'], {
          stdio: ['pipe', 'pipe', 'inherit'],
        });
        await once(held.stdout, 'data');
        expect(await other?.tell(`try shared ${path}`)).toMatch(/^error 11/);
        expect((await FileLock.holder(path))?.pid).toBe(held.pid);
        const taking = other?.tell(`take exclusive -1 ${path}`);
        const closed = once(held, 'close');
        held.stdin.end('go\n');
        expect(await taking).toBe(`ok ${path}`);
        await closed;
      });
    });
  });
});

test('L6: what a child without exec does leaves the lock of its parent, in each way of making one', async () => {
  await withTempDir(async (folder) => {
    const path = join(folder, 'file');
    await withProcesses(['C++'], {}, async ([parent]) => {
      await parent?.tell(`take exclusive -1 ${path}`);
      for (const command of ['fork-and-release', 'clone-and-release']) {
        expect(await parent?.tell(command)).toBe('ok');
        await expect(FileLock.tryAcquire(path)).rejects.toMatchObject({ code: 'EAGAIN', holder: { pid: parent?.pid } });
      }
      expect(await parent?.tell('fork-and-stay')).toMatch(/^ok \d+$/);
      await parent?.tell('give');
      await (await FileLock.tryAcquire(path)).release();
    });
  });
});

test('L6: a parent that is killed frees the lock although its child without exec lives on', async () => {
  await withTempDir(async (folder) => {
    const path = join(folder, 'file');
    await using parent = new LockProcess('C++');
    await parent.tell(`take exclusive -1 ${path}`);
    const child = Number((await parent.tell('fork-and-stay')).split(' ')[1]);
    expect(readFileSync(`/proc/${child}/stat`, 'utf8')).toContain('lock_worker');
    const descriptors = await run('ls', ['-l', `/proc/${child}/fd`]);
    expect(descriptors.stdout).not.toContain('file.lock');
    await parent.kill();
    await (await FileLock.tryAcquire(path)).release();
  });
});

test('L6: a child with exec gets no descriptor', async () => {
  await withTempDir(async (folder) => {
    const path = join(folder, 'file');
    await using _lock = await FileLock.acquire(path);
    const { stdout } = await run('ls', ['-l', '/proc/self/fd']);
    expect(stdout).not.toContain('file.lock');
    await expect(FileLock.tryAcquire(path)).rejects.toMatchObject({ code: 'EAGAIN' });
  });
});

test('L8: descriptors that have run out are an error and no lost lock', async () => {
  await withTempDir(async (folder) => {
    const path = join(folder, 'file');
    await using other = new LockProcess('C++');
    await other.tell(`take exclusive -1 ${path}`);
    await other.tell('exhaust');
    expect(await other.tell(`try exclusive ${path}-2`)).toBe('error 24');
    expect(await other.tell(`take exclusive -1 ${path}-2`)).toBe('error 24');
    await expect(FileLock.tryAcquire(path)).rejects.toMatchObject({ code: 'EAGAIN' });
    await (await FileLock.tryAcquire(`${path}-2`)).release();
  });
});

test('L3: a bind mount is another name of the same directory, and another resource', async (context) => {
  await withTempDir(async (folder) => {
    mkdirSync(join(folder, 'real'));
    mkdirSync(join(folder, 'mounted'));
    try {
      execFileSync('mount', ['--bind', join(folder, 'real'), join(folder, 'mounted')], { stdio: 'ignore' });
    } catch {
      context.skip('nothing can be mounted here');
    }
    try {
      // The sidecar is one file, so the kernel keeps both apart although their paths differ.
      await using _lock = await FileLock.acquire(join(folder, 'real/file'));
      await expect(FileLock.tryAcquire(join(folder, 'mounted/file'))).rejects.toMatchObject({ code: 'EAGAIN' });
      await using other = new LockProcess('C++');
      expect(await other.tell(`try exclusive ${join(folder, 'mounted/file')}`)).toBe(`error ${eAgain}`);
    } finally {
      execFileSync('umount', [join(folder, 'mounted')]);
    }
  });
});

test('L7: a network file system is refused, in both languages', async () => {
  await withTempDir(async (folder) => {
    for (const language of languages) {
      for (const [type, answer] of [
        ['0x6969', /^error 95/],
        ['0xff534d42', /^error 95/],
        ['0xef53', /^ok /],
      ] as const) {
        await using other = new LockProcess(language, { env: { LD_PRELOAD: fakeStatfs, FAKE_FS_TYPE: type } });
        expect(await other.tell(`try exclusive ${join(folder, 'file')}`)).toMatch(answer);
      }
    }
  });
});

test('L3: permissions: another user needs a sidecar that can be read, or made', async (context) => {
  if (process.geteuid?.() !== 0) context.skip('only root can become another user');
  await withTempDir(async (folder) => {
    execFileSync('chmod', ['755', folder]);
    await (await FileLock.acquire(join(folder, 'file'))).release();
    execFileSync('chmod', ['644', join(folder, 'file.lock')]);
    await using other = new LockProcess('C++');
    await other.tell('user 65534');
    expect(await other.tell(`try exclusive ${join(folder, 'absent')}`)).toBe('error 13');
    expect(await other.tell(`try exclusive ${join(folder, 'file')}`)).toMatch(/^ok /);
    await expect(FileLock.tryAcquire(join(folder, 'file'))).rejects.toMatchObject({ code: 'EAGAIN' });
    await other.tell('give');
    execFileSync('chmod', ['600', join(folder, 'file.lock')]);
    expect(await other.tell(`try exclusive ${join(folder, 'file')}`)).toBe('error 13');
  });
});

test('L8: shared holders overlap, and keep an exclusive one out until the last has gone', async () => {
  await withTempDir(async (folder) => {
    const path = join(folder, 'file');
    await withProcesses(['C++', 'JavaScript', 'C++'], {}, async ([one, two, three]) => {
      expect(await one?.tell(`take shared -1 ${path}`)).toBe(`ok ${path}`);
      expect(await two?.tell(`take shared -1 ${path}`)).toBe(`ok ${path}`);
      expect(await three?.tell(`try exclusive ${path}`)).toBe(`error ${eAgain}`);
      await one?.tell('give');
      expect(await three?.tell(`try exclusive ${path}`)).toBe(`error ${eAgain}`);
      await two?.tell('give');
      expect(await three?.tell(`try exclusive ${path}`)).toBe(`ok ${path}`);
      expect(await one?.tell(`try shared ${path}`)).toBe(`error ${eAgain}`);
    });
  });
});

test('L5: sixteen processes that never pause all make progress', async () => {
  await withTempDir(async (folder) => {
    const path = join(folder, 'counter.txt');
    writeFileSync(path, '0\n');
    await withProcesses(
      Array.from({ length: 16 }, () => 'C++' as const),
      {},
      async (processes) => {
        // One of them never stops asking while the others take it three times each.
        const [greedy, ...others] = processes;
        greedy?.send(`increment 1000000 ${path}`);
        await eventually(() => readFileSync(path, 'utf8') !== '0\n', 'the first increment');
        for (const each of others) each.send(`increment 3 ${path}`);
        for (const answer of await Promise.all(others.map((each) => each.answer()))) expect(answer).toBe('ok');
      },
    );
  });
});

test('L5: a wait of another process has its limit, and ends with its errno', async () => {
  await withTempDir(async (folder) => {
    const path = join(folder, 'file');
    await using _lock = await FileLock.acquire(path);
    await using other = new LockProcess('C++');
    expect(await other.tell(`take exclusive 0 ${path}`)).toBe(`error ${eTimedOut}`);
    expect(await other.tell(`take exclusive 20 ${path}`)).toBe(`error ${eTimedOut}`);
  });
});

import { constants } from 'node:fs';
import { SyncPoint } from '@libconveyor/testkit';
import { describe, expect, test } from 'vitest';
import {
  type Capabilities,
  type DirectoryEntry,
  FileAdapter,
  type FileStat,
  memoryCapabilities,
  Replacement,
  StorageAdapter,
  throwIfAborted,
} from '../src/index.ts';

/** What a test adapter does in place of work. */
interface Behaviour {
  capabilities?: Partial<Capabilities>;
  read?(buffer: Uint8Array, signal?: AbortSignal): Promise<number>;
  write?(buffer: Uint8Array, offset: number): Promise<void>;
  size?(): Promise<number>;
  close?(): Promise<void>;
  publish?(): Promise<void>;
  drop?(): Promise<void>;
}

class TestFile extends FileAdapter {
  readonly #behaviour: Behaviour;

  constructor(behaviour: Behaviour, flags: number = constants.O_RDWR) {
    const capabilities = { ...memoryCapabilities, ...behaviour.capabilities };
    super({ origin: 'storage-test', path: 'file', flags, capabilities });
    this.#behaviour = behaviour;
  }

  protected override async _read(buffer: Uint8Array, _offset: number, signal?: AbortSignal): Promise<number> {
    return this.#behaviour.read?.(buffer, signal) ?? buffer.byteLength;
  }
  protected override async _write(buffer: Uint8Array, offset: number): Promise<void> {
    await this.#behaviour.write?.(buffer, offset);
  }
  protected override async _append(): Promise<void> {
    throw new Error('append is emulated in these tests');
  }
  protected override async _size(): Promise<number> {
    return this.#behaviour.size?.() ?? 0;
  }
  protected override async _stat(): Promise<FileStat> {
    return { type: 'file', size: 0, mtimeMs: 0 };
  }
  protected override async _setAttributes(): Promise<void> {}
  protected override async _truncate(): Promise<void> {}
  protected override async _sync(): Promise<void> {}
  protected override async _close(): Promise<void> {
    await this.#behaviour.close?.();
  }
}

class TestStorage extends StorageAdapter {
  readonly #behaviour: Behaviour;
  isClosed = false;

  constructor(behaviour: Behaviour = {}) {
    const capabilities = { ...memoryCapabilities, ...behaviour.capabilities };
    super({ scheme: 'test', name: 'test:', capabilities, origin: 'storage-test' });
    this.#behaviour = behaviour;
  }

  protected override async _open(_path: string, flags: number): Promise<FileAdapter> {
    return new TestFile(this.#behaviour, flags);
  }
  protected override async _openReplacement(): Promise<Replacement> {
    const { publish = async () => undefined, drop = async () => undefined } = this.#behaviour;
    return new Replacement('storage-test', new TestFile(this.#behaviour), { publish, drop });
  }
  protected override async _stat(): Promise<FileStat> {
    return Promise.reject({ weird: 'not even an error' });
  }
  protected override async *_list(): AsyncGenerator<DirectoryEntry> {
    yield { name: 'a', type: 'file' };
    throw new Error('the server sent nonsense');
  }
  protected override async _mkdir(): Promise<void> {
    throw new TypeError('Cannot read properties of undefined');
  }
  protected override async _remove(): Promise<void> {
    throw Object.assign(new Error('gone'), { code: 'ENOENT' });
  }
  protected override async _rename(): Promise<void> {}
  protected override async _copy(): Promise<void> {}
  protected override async _setAttributes(): Promise<void> {}
  protected override async _readLink(): Promise<string> {
    return '';
  }
  protected override async _makeLink(): Promise<void> {}
  protected override async _close(): Promise<void> {
    this.isClosed = true;
  }
}

describe('errors of adapters', () => {
  test('what nobody knows is EIO, with the cause, the operation and the path', async () => {
    const storage = new TestStorage();
    const details = { origin: 'storage-test', path: 'x' };
    await expect(storage.mkdir('x')).rejects.toMatchObject({ ...details, code: 'EIO', operation: 'mkdir' });
    await expect(storage.mkdir('x')).rejects.toMatchObject({ cause: expect.any(TypeError) });
    await expect(storage.stat('x')).rejects.toMatchObject({
      ...details,
      code: 'EIO',
      cause: { weird: expect.anything() },
    });
    await expect(storage.remove('x')).rejects.toMatchObject({ ...details, code: 'ENOENT', operation: 'remove' });
  });

  test('a listing that breaks in the middle says so', async () => {
    const seen: string[] = [];
    const listing = async () => {
      for await (const entry of new TestStorage().list('x')) seen.push(entry.name);
    };
    await expect(listing()).rejects.toMatchObject({ code: 'EIO', operation: 'list', path: 'x' });
    expect(seen).toEqual(['a']);
  });

  test('a failed transfer names its bytes', async () => {
    const read = () => Promise.reject(Object.assign(new Error(), { code: 'ECONNRESET' }));
    await expect(new TestFile({ read }).read(new Uint8Array(10), 90)).rejects.toMatchObject({
      code: 'ECONNRESET',
      kind: 'network',
      operation: 'read',
      path: 'file',
      offset: 90,
      length: 10,
    });
  });

  test.each([11, -1, 0.5, Number.NaN, undefined, '10'])('a read that answers %s broke its contract', async (count) => {
    const file = new TestFile({ read: async () => count as number });
    await expect(file.read(new Uint8Array(10), 0)).rejects.toMatchObject({
      code: 'ERR_CONVEYOR_BACKEND_CONTRACT',
      kind: 'contract',
    });
  });

  test.each([-1, 0.5, Number.NaN, undefined, '7'])('a size of %s broke its contract', async (size) => {
    const file = new TestFile({ size: async () => size as number });
    await expect(file.size()).rejects.toMatchObject({ code: 'ERR_CONVEYOR_BACKEND_CONTRACT' });
  });

  test('an adapter that stops for its signal is ECANCELED, and so is what fetch throws', async () => {
    const controller = new AbortController();
    const stops: Behaviour['read'] = async (_, signal) => {
      controller.abort();
      throwIfAborted(signal, { origin: 'storage-test', operation: 'read' });
      return 0;
    };
    const { signal } = controller;
    await expect(new TestFile({ read: stops }).read(new Uint8Array(1), 0, { signal })).rejects.toMatchObject({
      code: 'ECANCELED',
      kind: 'cancelled',
    });
    const fetches = () => Promise.reject(new DOMException('aborted', 'AbortError'));
    await expect(new TestFile({ read: fetches }).read(new Uint8Array(1), 0)).rejects.toMatchObject({
      code: 'ECANCELED',
    });
  });

  test('the result of an operation that could not stop counts, although its signal aborted', async () => {
    const controller = new AbortController();
    const read = async () => {
      controller.abort();
      return 1;
    };
    expect(await new TestFile({ read }).read(new Uint8Array(1), 0, { signal: controller.signal })).toBe(1);
  });
});

describe('closing', () => {
  test('close waits for what is running, and refuses what comes then', async () => {
    const held = new SyncPoint('read');
    const order: string[] = [];
    const read = async () => {
      await held.pass();
      order.push('read');
      return 1;
    };
    const close = async () => void order.push('close');
    const file = new TestFile({ read, close });
    const reading = file.read(new Uint8Array(1), 0);
    await held.awaitArrivals();
    const closing = file.close();
    await expect(file.read(new Uint8Array(1), 0)).rejects.toMatchObject({ code: 'EBADF', kind: 'closed' });
    expect(order).toEqual([]);
    held.open();
    expect(await reading).toBe(1);
    await closing;
    expect(order).toEqual(['read', 'close']);
  });

  test('close runs once, and tells everybody the same', async () => {
    let closes = 0;
    const close = async () => {
      closes++;
      throw Object.assign(new Error(), { code: 'ENOSPC' });
    };
    const file = new TestFile({ close });
    for (let call = 0; call < 3; call++) {
      await expect(file.close()).rejects.toMatchObject({ code: 'ENOSPC', operation: 'close' });
    }
    expect(closes).toBe(1);
  });

  test('a storage closes its files first, itself in any case, and says what went wrong', async () => {
    const storage = new TestStorage({ close: () => Promise.reject(Object.assign(new Error(), { code: 'EDQUOT' })) });
    await storage.open('file', 'r');
    await expect(storage.close()).rejects.toMatchObject({ code: 'EDQUOT' });
    expect(storage.isClosed).toBe(true);
  });

  test('a file that is opened while its storage closes is closed too', async () => {
    let closes = 0;
    const storage = new TestStorage({ close: async () => void closes++ });
    const opening = storage.open('file', 'r');
    await storage.close();
    await expect((await opening).size()).rejects.toMatchObject({ code: 'EBADF' });
    expect(closes).toBe(1);
  });
});

describe('emulated append', () => {
  test('W9: size and write of one append are not parted by another one', async () => {
    let end = 0;
    const offsets: number[] = [];
    const size = async () => end;
    const write = async (buffer: Uint8Array, offset: number) => {
      offsets.push(offset);
      await Promise.resolve();
      end = offset + buffer.byteLength;
    };
    const file = new TestFile(
      { capabilities: { append: 'emulated' }, size, write },
      constants.O_RDWR | constants.O_APPEND,
    );
    await Promise.all(Array.from({ length: 5 }, () => file.append(new Uint8Array(10))));
    expect(offsets).toEqual([0, 10, 20, 30, 40]);
  });

  test('one that fails does not hold up the next', async () => {
    let calls = 0;
    const write = async () => {
      if (++calls === 1) throw Object.assign(new Error(), { code: 'ENOSPC' });
    };
    const file = new TestFile({ capabilities: { append: 'emulated' }, write }, constants.O_WRONLY | constants.O_APPEND);
    const [first, second] = await Promise.allSettled([file.append(new Uint8Array(1)), file.append(new Uint8Array(2))]);
    expect(first).toMatchObject({ status: 'rejected', reason: { code: 'ENOSPC', operation: 'append' } });
    expect(second).toMatchObject({ status: 'fulfilled', value: 2 });
  });
});

describe('writes in order', () => {
  test('a write that failed may be tried again at its place', async () => {
    let calls = 0;
    const write = async () => {
      if (++calls === 2) throw Object.assign(new Error(), { code: 'EAGAIN' });
    };
    const file = new TestFile({ capabilities: { randomWrite: false }, write });
    await file.write(new Uint8Array(10), 0);
    await expect(file.write(new Uint8Array(10), 10)).rejects.toMatchObject({ code: 'EAGAIN', retry: 'safe' });
    await expect(file.write(new Uint8Array(10), 20)).rejects.toMatchObject({ code: 'ENOTSUP' });
    expect(await file.write(new Uint8Array(10), 10)).toBe(10);
    expect(await file.write(new Uint8Array(10), 20)).toBe(10);
  });
});

describe('replacements', () => {
  test('commit waits for running writes and refuses new ones meanwhile', async () => {
    const held = new SyncPoint('write');
    const order: string[] = [];
    const write = async () => {
      await held.pass();
      order.push('write');
    };
    const publish = async () => void order.push('publish');
    const replacement = await new TestStorage({ write, publish }).openReplacement('file');
    const writing = replacement.write(new Uint8Array(1), 0);
    await held.awaitArrivals();
    const committing = replacement.commit();
    await expect(replacement.write(new Uint8Array(1), 0)).rejects.toMatchObject({ code: 'EBADF' });
    await expect(replacement.commit()).rejects.toMatchObject({ code: 'EBADF' });
    held.open();
    await Promise.all([writing, committing]);
    expect(order).toEqual(['write', 'publish']);
  });

  test('a failed commit can be repeated, and nothing is dropped before', async () => {
    let publishes = 0;
    let drops = 0;
    const publish = async () => {
      if (++publishes === 1) throw Object.assign(new Error(), { code: 'ENOSPC' });
    };
    const drop = async () => void drops++;
    const replacement = await new TestStorage({ publish, drop }).openReplacement('file');
    await expect(replacement.commit()).rejects.toMatchObject({ code: 'ENOSPC', operation: 'commit', path: 'file' });
    expect(await replacement.write(new Uint8Array(3), 0)).toBe(3);
    await replacement.commit();
    await replacement.close();
    expect([publishes, drops]).toEqual([2, 0]);
  });

  test('close during a commit that works leaves the new file, during one that fails drops it', async () => {
    for (const works of [true, false]) {
      const held = new SyncPoint('publish');
      let drops = 0;
      const publish = async () => {
        await held.pass();
        if (!works) throw Object.assign(new Error(), { code: 'EIO' });
      };
      const drop = async () => void drops++;
      const replacement = await new TestStorage({ publish, drop }).openReplacement('file');
      const committing = replacement.commit();
      await held.awaitArrivals();
      const closing = replacement.close();
      const outcome = Promise.allSettled([committing, closing]);
      held.open();
      const [commit, close] = await outcome;
      expect([commit.status, close.status]).toEqual([works ? 'fulfilled' : 'rejected', 'fulfilled']);
      expect(drops).toBe(works ? 0 : 1);
      await expect(replacement.write(new Uint8Array(1), 0)).rejects.toMatchObject({ code: 'EBADF' });
    }
  });

  test('what drop throws is reported', async () => {
    const drop = () => Promise.reject(Object.assign(new Error(), { code: 'EACCES' }));
    const replacement = await new TestStorage({ drop }).openReplacement('file');
    await expect(replacement.abort()).rejects.toMatchObject({ code: 'EACCES', operation: 'abort' });
  });
});

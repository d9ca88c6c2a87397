import { describe, expect, test } from 'vitest';
import {
  type FaultRule,
  MemoryStorage,
  memoryCapabilities,
  type OpenOptions,
  type Storage,
  type StorageFile,
  withFaults,
} from '../src/index.ts';
import { type ContractExpectations, contractCases, runContractCase } from '../src/testing/index.ts';

/*
 * Storages that break the contract, each in one way that was seen somewhere: the suite must find every one of them. A
 * suite that lets one through tests less than it says.
 */

/** The same object with some methods replaced; `fix` gets the real one and gives the broken ones. */
function broken<T extends object>(real: T, fix: (real: T) => Partial<T>): T {
  const replaced = fix(real) as Record<PropertyKey, unknown>;
  return new Proxy(real, {
    get(target, name) {
      if (Object.hasOwn(replaced, name)) return replaced[name];
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

const brokenStorage = (fix: (real: Storage) => Partial<Storage>) => () => broken<Storage>(new MemoryStorage(), fix);

const brokenFiles = (fix: (real: StorageFile) => Partial<StorageFile>) =>
  brokenStorage((real) => ({
    open: async (path, flags, options) => broken(await real.open(path, flags, options), fix),
  }));

const lying = (fault: FaultRule['fault'], operation: FaultRule['operation']) => () =>
  withFaults(new MemoryStorage(), [{ operation, nth: 3, fault }]);

interface Canary {
  what: string;
  /** The case that must find it. */
  title: string;
  make: () => Storage;
}

const canaries: readonly Canary[] = [
  {
    what: 'a read that has a wrong bit',
    title: 'a large file comes back byte by byte',
    make: lying({ kind: 'flip' }, 'read'),
  },
  {
    what: 'a write that has a wrong bit',
    title: 'a large file comes back byte by byte',
    make: lying({ kind: 'flip' }, 'write'),
  },
  {
    what: 'an append that has a wrong bit',
    title: 'appends in flight at once all are there once',
    make: lying({ kind: 'flip' }, 'append'),
  },
  {
    what: 'a write that is lost',
    title: 'writes in flight at once all land',
    make: lying({ kind: 'lost' }, 'write'),
  },
  {
    what: 'a write that answers too little',
    title: 'writes in flight at once all land',
    make: lying({ kind: 'count', count: 1 }, 'write'),
  },
  {
    what: 'a read that answers too much',
    title: 'reads in flight at once each get their own bytes',
    make: lying({ kind: 'count', count: 2 ** 40 }, 'read'),
  },
  {
    what: 'short reads',
    title: 'what was written is read, by another opening too',
    make: brokenFiles((real) => ({
      read: (buffer, offset, options) => real.read(buffer.subarray(0, 512), offset, options),
    })),
  },
  {
    what: 'a size that was asked for once',
    title: 'size follows every write',
    make: brokenFiles((real) => {
      let size: Promise<number> | undefined;
      return { size: (options) => (size ??= real.size(options)) };
    }),
  },
  {
    what: 'truncate that does nothing',
    title: 'truncate cuts, and what was cut never comes back',
    make: brokenFiles(() => ({ truncate: async () => undefined })),
  },
  {
    what: 'writes that are buffered until the buffer was reused',
    title: 'the caller may reuse the buffer of a write that resolved',
    make: brokenFiles((real) => ({
      write: async (buffer, offset, options) => {
        setTimeout(() => real.write(buffer, offset, options).catch(() => undefined));
        return buffer.byteLength;
      },
    })),
  },
  {
    what: 'a read-only file that takes writes',
    title: 'flags decide what is allowed: O_RDONLY, O_WRONLY, O_RDWR',
    make: brokenFiles((real) => ({
      write: async (buffer, offset, options) => real.write(buffer, offset, options).catch(() => buffer.byteLength),
    })),
  },
  {
    what: 'options that are ignored',
    title: 'remove: wrong arguments are refused by name',
    make: brokenStorage((real) => ({ remove: (path) => real.remove(path) })),
  },
  {
    what: 'a signal that is ignored',
    title: 'file.sync: an aborted signal stops it first',
    make: brokenFiles((real) => ({ sync: () => real.sync() })),
  },
  {
    what: 'close that does not close',
    title: 'closing a file lets running operations finish and refuses new ones',
    make: brokenFiles(() => ({ close: async () => undefined })),
  },
  {
    what: 'a descriptor that is closed',
    title: 'fd leads to the very file, or is absent',
    make: brokenFiles(() => ({ fd: 1_000_000 })),
  },
  {
    what: 'O_EXCL that is not heard',
    title: 'O_CREAT, O_EXCL, O_TRUNC do what open(2) says',
    make: brokenStorage((real) => ({
      open: (path, flags, options?: OpenOptions) => real.open(path, flags === 'wx' ? 'w' : flags, options),
    })),
  },
  {
    what: 'O_APPEND that remembers the end',
    title: 'lesson 6: append puts bytes behind the end, wherever that is then',
    make: brokenFiles((real) => {
      let end = 0;
      return {
        append: async (buffer, options) => {
          await real.append(buffer, options);
          end += buffer.byteLength;
          // Cuts off what another opening has appended.
          await real.truncate(end);
          return buffer.byteLength;
        },
      };
    }),
  },
  {
    what: 'remove that is ENOENT whatever happened',
    title: 'remove takes files and empty directories',
    make: brokenStorage((real) => ({
      remove: (path, options) =>
        real.remove(path, options).catch((thrown: Error) => {
          throw Object.assign(thrown, { code: 'ENOENT' });
        }),
    })),
  },
  {
    what: 'rename that leaves the source',
    title: 'rename moves a file, over another one too',
    make: brokenStorage((real) => ({
      rename: (source, target, options) => real.copy(source, target, options),
    })),
  },
  {
    what: 'mkdir that is happy with anything',
    title: 'mkdir makes one directory, or with its parents',
    make: brokenStorage((real) => ({
      mkdir: (path, options) => real.mkdir(path, options).catch(() => undefined),
    })),
  },
  {
    what: 'list that misses one',
    title: 'list gives every entry once, and may be left early',
    make: brokenStorage((real) => ({
      async *list(path, options) {
        let seen = 0;
        for await (const entry of real.list(path, options)) if (++seen !== 60) yield entry;
      },
    })),
  },
  {
    what: 'errors that are plain objects',
    title: 'what is not there is ENOENT',
    make: brokenStorage((real) => ({
      stat: (path, options) => real.stat(path, options).catch(({ code }) => Promise.reject({ code })),
    })),
  },
  {
    what: 'stat that follows every link',
    title: 'symbolic links are followed by stat and open, and not by list and remove',
    make: brokenStorage((real) => ({
      stat: (path, { followLinks: _, ...options } = {}) => real.stat(path, options),
    })),
  },
  {
    what: 'a replacement that shows before commit',
    title: 'a replacement shows under its name when it is committed, not before',
    make: brokenStorage((real) => ({
      openReplacement: async (path, options) => {
        const file = await real.open(path, 'w+');
        const replacement = await real.openReplacement(path, options);
        return broken(replacement, () => ({ write: file.write.bind(file) }));
      },
    })),
  },
  {
    what: 'abort that commits',
    title: 'a replacement that is aborted or closed leaves the old file',
    make: brokenStorage((real) => ({
      openReplacement: async (path, options) =>
        broken(await real.openReplacement(path, options), (file) => ({ abort: () => file.commit() })),
    })),
  },
  {
    what: 'a copy that shares its bytes',
    title: 'copy gives an equal file of its own',
    make: brokenStorage((real) => ({
      copy: (source, target, options) => real.makeLink(source, target, options),
    })),
  },
  {
    what: 'attributes that are not kept',
    title: 'times can be set, by name and on the open file',
    make: brokenStorage(() => ({ setAttributes: async () => undefined })),
  },
  {
    what: 'a capability that is claimed and not there',
    title: 'copy gives an equal file of its own',
    make: brokenStorage((real) => ({
      copy: (source) => new MemoryStorage({ capabilities: { serverCopy: false } }).copy(source, real.name),
    })),
  },
  {
    what: 'a capability that vanished',
    title: 'the capabilities are the expected ones',
    make: () => new MemoryStorage({ capabilities: { append: 'emulated' } }),
  },
];

const expectations: ContractExpectations = { capabilities: memoryCapabilities };

/** Runs the cases with this title, or all; resolves with what the first failure says. */
async function firstFailure(make: () => Storage, title?: string): Promise<string | undefined> {
  const cases = contractCases(expectations).filter(
    (contractCase) => (title ?? contractCase.title) === contractCase.title,
  );
  if (cases.length === 0) throw new RangeError(`there is no case '${title}'`);
  for (const contractCase of cases) {
    try {
      await runContractCase(contractCase, () => ({ storage: make() }), expectations);
    } catch (thrown) {
      return String(thrown);
    }
  }
  return undefined;
}

describe('the contract suite', () => {
  test.each(canaries)('finds $what', async ({ make, title }) => {
    expect(await firstFailure(make, title)).toBeTruthy();
  });

  test('finds nothing in a good storage seen through the same proxies', async () => {
    expect(await firstFailure(brokenFiles(() => ({})))).toBeUndefined();
  });
});

import { resolve } from 'node:path';
import type { JavaScriptBackend } from '@libconveyor/conveyor';
import { ConveyorError, findErrno, requireString, systemError } from '@libconveyor/errors';
import type { Capabilities, Storage } from '@libconveyor/storage';
import { Mount } from './mount.ts';
import { checkMountOptions, type MountOptions, nativeSettings } from './mount-options.ts';
import type { NativeEngineOptions } from './native-binding.ts';
import { nativeBinding } from './native-loader.ts';
import { StorageServer } from './storage-server.ts';

const eio = 5;
const mib = 1024 ** 2;

/**
 * Mounts a directory of any storage. Names and attributes are asked of the storage, on this JavaScript thread; bytes go
 * through the engine, which reads ahead and writes behind.
 *
 * What the storage cannot keep (permission bits, owners and times in a bucket) the mount keeps until it ends.
 *
 * @param path The directory in the storage that becomes the root.
 *
 * Errors: ERR_CONVEYOR_NATIVE_MISSING without the native part, ENOENT, ENOTDIR, EPERM; TypeError and RangeError for
 * options.
 * Threads: the thread must not block on the mount; programs, and asynchronous calls of Node, may.
 * Clauses: M2 to M9.
 */
export async function mountStorage(
  storage: Storage,
  path: string,
  mountPoint: string,
  options: MountOptions = {},
): Promise<Mount> {
  requireString('path', path);
  requireString('mountPoint', mountPoint);
  checkMountOptions(options);
  const native = nativeBinding();
  const place = resolve(mountPoint);
  const backends = new Map<number, JavaScriptBackend>();
  let number = 0;
  const lost = (error: ConveyorError): void => {
    process.emitWarning(error.message, { type: 'ConveyorMountWarning', code: error.code });
  };
  const engines = { native, mount: () => number, storage, options: engineOptions(storage, options), backends };
  const server = new StorageServer(storage, path, engines, (options.entryTimeoutS ?? 1) * 1000, lost);
  const ask = (question: number, operation: string, node: number, name: string, other: string, all: number[]): void => {
    const [uid = 0, gid = 0, ...args] = all;
    server.answer(operation, { node, name, other, uid, gid, args }).then(
      ({ node: found = 0, attributes, text, modes, keepsCache = false }) =>
        native.answer(number, question, 0, found, attributes, text, modes, keepsCache),
      (thrown) => native.answer(number, question, errnoOf(thrown), 0, undefined, undefined, undefined, false),
    );
  };
  const dispatch = (
    engine: number,
    io: number,
    kind: number,
    buffer: Uint8Array | undefined,
    offset: number,
    count: number,
    dataOnly: boolean,
  ): void => backends.get(engine)?.accept(io, { kind, buffer, offset, count, dataOnly });
  await requireDirectory(storage, path);
  const settings = nativeSettings(place, `${storage.name}${path}`, options, true, false);
  const begin = (listener: Parameters<typeof native.mountStorage>[1]): number => {
    number = native.mountStorage(settings, listener, ask, dispatch);
    return number;
  };
  return Mount.begin(native, place, begin, () => server.close());
}

async function requireDirectory(storage: Storage, path: string): Promise<void> {
  const { type } = await storage.stat(path);
  if (type !== 'directory') throw new ConveyorError('ENOTDIR', { origin: 'fuse', operation: 'mount', path });
}

function errnoOf(thrown: unknown): number {
  const { code } = systemError(thrown, { origin: 'fuse', operation: 'answer' });
  return findErrno(code)?.number ?? eio;
}

function engineOptions({ capabilities }: Storage, { retryDeadlineMs = 60_000 }: MountOptions): NativeEngineOptions {
  const { io, randomWrite } = capabilities;
  const depthMax = Math.max(1, Math.min(64, io.parallel));
  return { depthMax, writeDepth: randomWrite ? 0 : 1, retryDeadlineMs, ...capacities(capabilities) };
}

/** As much as a long link holds, where operations are large. */
function capacities({ io }: Capabilities): { readCapacityMax: number; writeCapacityMax: number } {
  const size = io.preferredBytes >= mib ? 32 * mib : 8 * mib;
  return { readCapacityMax: size, writeCapacityMax: size };
}

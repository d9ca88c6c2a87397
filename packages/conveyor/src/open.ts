import { errnoError, requireBoolean, requireOptions } from '@libconveyor/errors';
import { type OpenFlags, parseFlags, type Storage, type StorageFile } from '@libconveyor/storage';
import { EngineHandle } from './engine-handle.ts';
import { ConveyorFileHandle } from './file-handle.ts';
import { capabilityBits, JavaScriptBackend } from './javascript-backend.ts';
import type { NativeBinding } from './native-binding.ts';
import { connectBackend, connectNative } from './native-session.ts';
import {
  bufferingOptionNames,
  type OpenFileOptions,
  type OpenHandleOptions,
  type ParsedOptions,
  parseBuffering,
  splitOpenOptions,
} from './open-options.ts';

const eInval = 22;

/**
 * Opens a file of any storage behind the engine: writes are accepted into a ring and land behind the caller's back,
 * reads come from a window that is read ahead.
 *
 * Where the storage has a real descriptor, the engine does the I/O on threads of its own; otherwise it asks the
 * storage's methods, on this JavaScript thread. Semantics are the same.
 *
 * @param flags As in node:fs, `'r'` by default. O_CREAT, O_EXCL and O_TRUNC are the storage's business (clause P5).
 * @param options `mode`, `ifVersion` and `signal` go to the storage; the others say how to buffer.
 *
 * Errors: TypeError or RangeError, which name the argument or option, before anything is touched;
 * ERR_CONVEYOR_NATIVE_MISSING without the native part; what `storage.open` rejects with.
 * Threads: the handle belongs to the thread that opened it.
 */
export async function open(
  storage: Storage,
  path: string,
  flags: OpenFlags = 'r',
  options: OpenHandleOptions = {},
): Promise<ConveyorFileHandle> {
  const { storage: storageOptions, buffering } = splitOpenOptions(options);
  const parsed = parseBuffering(buffering, storage.capabilities);
  const numericFlags = parseFlags(flags);
  const native = connectNative();
  const file = await storage.open(path, numericFlags, storageOptions);
  return enter(native, storage, file, parsed, true);
}

/**
 * The same over a file that is open already: a replacement that is to be committed after the handle is closed, say.
 *
 * @param storage Where the file is from; its capabilities count.
 * @param options `closeFile: false` leaves the file open when the handle closes; then every byte has landed in it.
 *
 * Errors: as {@link open}. When it rejects, the file is left as it was, unless it was to be closed with the handle.
 */
export async function openFile(
  storage: Storage,
  file: StorageFile,
  options: OpenFileOptions = {},
): Promise<ConveyorFileHandle> {
  requireOptions('options', options, ['closeFile', ...bufferingOptionNames]);
  const { closeFile = true, ...buffering } = options;
  requireBoolean('options.closeFile', closeFile);
  const parsed = parseBuffering(buffering, storage.capabilities);
  return enter(connectNative(), storage, file, parsed, closeFile);
}

async function enter(
  native: NativeBinding,
  storage: Storage,
  file: StorageFile,
  options: ParsedOptions,
  closesFile: boolean,
): Promise<ConveyorFileHandle> {
  const backend =
    file.fd === undefined ? new JavaScriptBackend(native, file, storage.capabilities, closesFile) : undefined;
  const id =
    file.fd === undefined
      ? native.openJavaScript(file.flags, capabilityBits(storage.capabilities), options.native)
      : native.openDescriptor(file.fd, file.flags, options.native);
  if (id < 0) {
    const detail =
      id === -eInval ? 'a capacity or maxIo does not fit into the memory budget of the process' : undefined;
    const error = errnoError(id, { origin: 'engine', operation: 'open', path: file.path, detail });
    // The first error counts; one of closing a file that nobody has used would hide it.
    if (closesFile) await file.close().catch(() => undefined);
    throw error;
  }
  if (backend !== undefined) {
    backend.bind(id);
    connectBackend(id, backend);
  }
  const { durability, waitLimits } = options;
  const { scheme } = storage;
  const engine = new EngineHandle(native, { id, file, scheme, backend, durability, waitLimits, closesFile });
  return new ConveyorFileHandle(engine);
}

import { type DataObjInp, type KeyValues, keyValuesOf, type OpenedDataObjInp } from '@libconveyor/irods-protocol';

/** A request about a path. */
export function aboutPath(
  objPath: string,
  conditions: Readonly<Record<string, string | undefined>> = {},
  more: Partial<Omit<DataObjInp, 'objPath' | 'keyValues'>> = {},
): DataObjInp {
  const keyValues: KeyValues = keyValuesOf(conditions);
  const numbers = { createMode: 0o600, openFlags: 0, offset: 0, dataSize: -1, numThreads: 0, oprType: 0 };
  return { objPath, ...numbers, ...more, keyValues };
}

/** A request about a descriptor. */
export function aboutDescriptor(l1descInx: number, more: Partial<OpenedDataObjInp> = {}): OpenedDataObjInp {
  return { l1descInx, len: 0, whence: 0, oprType: 0, offset: 0, bytesWritten: 0, keyValues: [], ...more };
}

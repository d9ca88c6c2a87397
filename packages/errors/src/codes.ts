import type { ErrnoName } from './errno.ts';

/**
 * What went wrong, for code that decides. A new kind is a minor version; a changed meaning is a major one.
 *
 * - `invalid`: the request makes no sense, for any state of the storage
 * - `unsupported`: the request makes sense, this backend cannot do it
 * - `not-found`, `exists`, `wrong-type` (a directory where a file is needed, and the like), `permission`
 * - `no-space` (device or quota), `limit` (memory, descriptors, connections)
 * - `busy`: not now; `timeout`: not in time; `cancelled`: the caller no longer wants it
 * - `closed`: the handle, or the other end, is closed
 * - `changed`: what was opened is no longer what is there
 * - `corrupt`: bytes arrived that are not the bytes that were sent
 * - `network`: the way to the backend failed
 * - `contract`: a backend or plug-in did what its contract excludes
 * - `missing-part`: a part of the installation is not there
 * - `io`: everything else that a device or a server reports
 */
export type ErrorKind =
  | 'invalid'
  | 'unsupported'
  | 'not-found'
  | 'exists'
  | 'wrong-type'
  | 'permission'
  | 'no-space'
  | 'limit'
  | 'busy'
  | 'timeout'
  | 'cancelled'
  | 'closed'
  | 'changed'
  | 'corrupt'
  | 'network'
  | 'contract'
  | 'missing-part'
  | 'io';

/**
 * Whether trying again can help.
 *
 * - `never`: the same request would fail again, or nobody knows whether it took effect
 * - `safe`: it had no effect, or repeating it has the same effect as doing it once
 * - `exhausted`: it was repeated as often and as long as allowed
 */
export type Retry = 'never' | 'safe' | 'exhausted';

/** The codes for what has no errno, each with its kind and its text. */
const ownCodes = {
  ERR_CONVEYOR_ARG_TYPE: ['invalid', 'An argument has the wrong type'],
  ERR_CONVEYOR_ARG_RANGE: ['invalid', 'An argument is out of its range'],
  ERR_CONVEYOR_UNKNOWN_OPTION: ['invalid', 'There is no such option'],
  ERR_CONVEYOR_BACKEND_CONTRACT: ['contract', 'The backend broke its contract'],
  ERR_CONVEYOR_CHECKSUM: ['corrupt', 'The checksum does not match'],
  ERR_CONVEYOR_TRUNCATED: ['corrupt', 'Fewer bytes arrived than were announced'],
  ERR_CONVEYOR_FORMAT: ['corrupt', 'The data is not in the expected format'],
  ERR_CONVEYOR_NATIVE_MISSING: ['missing-part', 'The native part is not installed'],
  ERR_CONVEYOR_DEADLINE: ['timeout', 'A wait did not end in time'],
} as const;

/** A code for what has no errno. */
export type OwnCode = keyof typeof ownCodes;

/** What `code` of an error can be: the name of an errno where one exists, else an own code. */
export type ErrorCode = ErrnoName | OwnCode;

/** Kind and text of an own code, or undefined when `code` is none. */
export function findOwnCode(code: string): { readonly kind: ErrorKind; readonly text: string } | undefined {
  if (!Object.hasOwn(ownCodes, code)) return undefined;
  const [kind, text] = ownCodes[code as OwnCode];
  return { kind, text };
}

/** Every own code, in order of the list above. */
export function ownCodeList(): readonly OwnCode[] {
  return Object.keys(ownCodes) as OwnCode[];
}

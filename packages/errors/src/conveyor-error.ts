import type { ErrorCode, ErrorKind, Retry } from './codes.ts';
import { findOwnCode } from './codes.ts';
import { findErrno } from './errno.ts';

/** Marks our errors in every realm and in every copy of this package that one process may hold. */
const brand: unique symbol = Symbol.for('@libconveyor/errors.ConveyorError') as never;

/** Where an error happened, and to which bytes. */
export interface ErrorDetails {
  /** The part that noticed it: `'engine'`, `'storage-fs'`, `'cli'`. */
  origin: string;
  /** The operation that failed, by its name in the contract: `'open'`, `'read'`, `'sync'`. */
  operation: string;
  path?: string | undefined;
  /** First byte in the file that is concerned. */
  offset?: number | undefined;
  /** Number of bytes from `offset` on. */
  length?: number | undefined;
  /** What is known beyond the code's own text; one line, no full stop. */
  detail?: string | undefined;
  /** Unless given, by the code. */
  kind?: ErrorKind | undefined;
  /** Unless given, `'safe'` for the codes that say nothing was done yet (EAGAIN, ECONNREFUSED ...), else `'never'`. */
  retry?: Retry | undefined;
  cause?: unknown;
}

/** A {@link ConveyorError} as plain data, for JSON and for messages between threads. */
export interface ConveyorErrorJson {
  name: 'ConveyorError';
  message: string;
  code: ErrorCode;
  kind: ErrorKind;
  retry: Retry;
  origin: string;
  operation: string;
  path?: string;
  offset?: number;
  length?: number;
  detail?: string;
  cause?: unknown;
}

/** Codes that a caller gets before anything was done, so that trying again is safe whatever the operation. */
const nothingDone: ReadonlySet<string> = new Set<ErrorCode>([
  'EAGAIN',
  'EINTR',
  'ECONNREFUSED',
  'EHOSTDOWN',
  'EHOSTUNREACH',
  'ENETDOWN',
  'ENETUNREACH',
]);

/** How many causes of causes are turned into JSON. */
const causeDepthMax = 8;

/**
 * An operation failed. (Misuse is a TypeError or RangeError instead, see `arguments.ts`.)
 *
 * Codes, kinds and retry values are stable: changing one is a major version. Messages are free to change and are made
 * for people; no program should look into them.
 */
export class ConveyorError extends Error {
  /** The name of the errno where one exists, else `ERR_CONVEYOR_*`. */
  readonly code: ErrorCode;
  /** The errno as Node has it, negative; undefined for own codes. */
  readonly errno: number | undefined;
  readonly kind: ErrorKind;
  readonly retry: Retry;
  readonly origin: string;
  readonly operation: string;
  readonly path: string | undefined;
  readonly offset: number | undefined;
  readonly length: number | undefined;
  readonly detail: string | undefined;

  /**
   * @param code A code of the two lists. Errors: RangeError (ERR_CONVEYOR_ARG_RANGE) for any other.
   */
  constructor(code: ErrorCode, details: ErrorDetails) {
    const errno = findErrno(code);
    const known = errno ?? findOwnCode(code);
    if (known === undefined) {
      throw Object.assign(new RangeError(`There is no error code '${code}'`), { code: 'ERR_CONVEYOR_ARG_RANGE' });
    }
    super(composeMessage(errno?.name ?? code, known.text, details), 'cause' in details ? { cause: details.cause } : {});
    this.code = errno?.name ?? code;
    this.errno = errno === undefined ? undefined : -errno.number;
    this.kind = details.kind ?? known.kind;
    this.retry = details.retry ?? (nothingDone.has(this.code) ? 'safe' : 'never');
    this.origin = details.origin;
    this.operation = details.operation;
    this.path = details.path;
    this.offset = details.offset;
    this.length = details.length;
    this.detail = details.detail;
  }

  /** The error as plain data, its causes included. Fields that are not known are left out. */
  toJSON(): ConveyorErrorJson {
    return jsonOf(this, causeDepthMax);
  }

  /** The error that {@link toJSON} made the data of. Errors: RangeError when the code is not known here. */
  static fromJSON(json: ConveyorErrorJson): ConveyorError {
    return new ConveyorError(json.code, {
      origin: json.origin,
      operation: json.operation,
      kind: json.kind,
      retry: json.retry,
      path: json.path,
      offset: json.offset,
      length: json.length,
      detail: json.detail,
      ...('cause' in json ? { cause: reviveCause(json.cause) } : {}),
    });
  }
}

Object.defineProperty(ConveyorError.prototype, 'name', { value: 'ConveyorError', writable: true, configurable: true });
Object.defineProperty(ConveyorError.prototype, brand, { value: true });

/**
 * Whether a value is a {@link ConveyorError}, whichever copy of this package and whichever realm made it. (`instanceof`
 * knows its own copy only.)
 */
export function isConveyorError(value: unknown): value is ConveyorError {
  return typeof value === 'object' && value !== null && (value as Record<symbol, unknown>)[brand] === true;
}

/** `write 'a.bin' bytes 4096-8191: No space left on device, quota of the project (ENOSPC)` */
function composeMessage(code: string, text: string, details: ErrorDetails): string {
  const path = details.path === undefined ? '' : ` '${details.path}'`;
  const detail = details.detail === undefined ? '' : `, ${details.detail}`;
  return oneLine(`${details.operation}${path}${composeRange(details)}: ${text}${detail} (${code})`);
}

function composeRange({ offset, length }: ErrorDetails): string {
  if (offset === undefined) return length === undefined ? '' : ` ${length} bytes`;
  if (length === undefined) return ` at byte ${offset}`;
  return length > 0 ? ` bytes ${offset}-${offset + length - 1}` : ` 0 bytes at ${offset}`;
}

/** Control characters, which a path or a server's text may hold, become spaces. */
export function oneLine(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ').trim();
}

function jsonOf(error: ConveyorError, depth: number): ConveyorErrorJson {
  const { message, code, kind, retry, origin, operation, path, offset, length, detail } = error;
  return {
    name: 'ConveyorError',
    message,
    code,
    kind,
    retry,
    origin,
    operation,
    ...(path === undefined ? {} : { path }),
    ...(offset === undefined ? {} : { offset }),
    ...(length === undefined ? {} : { length }),
    ...(detail === undefined ? {} : { detail }),
    ...(error.cause === undefined || depth === 0 ? {} : { cause: causeJson(error.cause, depth - 1) }),
  };
}

function causeJson(cause: unknown, depth: number): unknown {
  if (isConveyorError(cause)) return jsonOf(cause, depth);
  if (!(cause instanceof Error)) return oneLine(String(cause));
  const code = (cause as { code?: unknown }).code;
  return {
    name: cause.name,
    message: cause.message,
    ...(typeof code === 'string' ? { code } : {}),
    ...(cause.cause === undefined || depth === 0 ? {} : { cause: causeJson(cause.cause, depth - 1) }),
  };
}

function reviveCause(json: unknown): unknown {
  if (typeof json !== 'object' || json === null) return json;
  const { name, message, code, cause } = json as { name?: unknown; message?: unknown; code?: unknown; cause?: unknown };
  if (name === 'ConveyorError') return ConveyorError.fromJSON(json as ConveyorErrorJson);
  const error = new Error(String(message), cause === undefined ? {} : { cause: reviveCause(cause) });
  if (typeof name === 'string') error.name = name;
  return code === undefined ? error : Object.assign(error, { code });
}

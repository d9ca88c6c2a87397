import { explainIrodsCode } from '@libconveyor/irods-protocol';

/** A request that the server refused. */
export class IrodsFailure extends Error {
  override readonly name = 'IrodsFailure';
  /** The negative result. */
  readonly irodsCode: number;
  /** As servers call it: `CAT_NO_ACCESS_PERMISSION`. */
  readonly irodsName: string;
  /** The request, as servers call it. */
  readonly request: string;
  /** What the server said to it. */
  readonly serverMessages: readonly string[];

  constructor(irodsCode: number, request: string, serverMessages: readonly string[] = []) {
    const { name } = explainIrodsCode(irodsCode);
    super([`${request}: ${name} ${irodsCode}`, ...serverMessages].join(', '));
    this.irodsCode = irodsCode;
    this.irodsName = name;
    this.request = request;
    this.serverMessages = serverMessages;
  }
}

/** A connection that is of no use any more, or never was: what became of its requests is unknown. */
export class ConnectionFailure extends Error {
  override readonly name = 'ConnectionFailure';
  readonly code: 'ECONNRESET' | 'ETIMEDOUT' | 'EPROTO' | 'ECONNREFUSED' | 'EHOSTUNREACH' | 'EACCES';

  constructor(code: ConnectionFailure['code'], message: string, cause?: unknown) {
    super(message, cause === undefined ? {} : { cause });
    this.code = code;
  }
}

/** Whether a server answered with one of these codes. */
export function hasCode(thrown: unknown, ...codes: readonly number[]): boolean {
  return thrown instanceof IrodsFailure && codes.includes(thrown.irodsCode);
}

import { explainIrodsCode, type IrodsErrorName, irodsCode, type ServerMessage } from '@libconveyor/irods-protocol';

/** A request that fails as a server fails it: thrown by operations, answered as a negative result. */
export class IrodsFailure extends Error {
  override readonly name = 'IrodsFailure';
  readonly code: number;
  /** What the error block says. */
  readonly messages: readonly ServerMessage[];

  /** @param reason The name of a code, or the code itself where an errno is in it. */
  constructor(reason: IrodsErrorName | number, message?: string) {
    const code = typeof reason === 'number' ? reason : irodsCode[reason];
    super(message ?? explainIrodsCode(code).name);
    this.code = code;
    this.messages = message === undefined ? [] : [{ status: code, msg: message }];
  }
}

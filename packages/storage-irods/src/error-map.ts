import { ConveyorError, type ErrorCode, type ErrorDetails, isConveyorError, systemError } from '@libconveyor/errors';
import { explainIrodsCode, isLockedCode, PackingError } from '@libconveyor/irods-protocol';
import { ConnectionFailure, IrodsFailure } from './connection/failure.ts';

/** The name of this package in its errors. */
export const origin = 'storage-irods';

/** Something the adapter itself refuses, before it is known for which operation and path. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly code: ErrorCode;
  readonly detail: string | undefined;

  constructor(code: ErrorCode, detail?: string, cause?: unknown) {
    super(detail ?? code, cause === undefined ? {} : { cause });
    this.code = code;
    this.detail = detail;
  }
}

/** Operations that may be repeated whatever became of the first attempt. */
const repeatable: ReadonlySet<string> = new Set(['read', 'write', 'size', 'stat', 'list', 'sync', 'setAttributes']);

/**
 * What was thrown, as an error of this storage. The server's own code and its messages are in `detail` and, with the
 * name of the request, in the `cause`, an {@link IrodsFailure}.
 */
export function mapError(thrown: unknown, details: ErrorDetails): ConveyorError {
  if (isConveyorError(thrown)) return thrown;
  if (thrown instanceof Refusal) {
    const { code, detail, cause } = thrown;
    return new ConveyorError(code, { ...details, detail, cause });
  }
  if (thrown instanceof IrodsFailure) return ofServer(thrown, details);
  if (thrown instanceof ConnectionFailure) {
    const isLost = thrown.code === 'ECONNRESET' || thrown.code === 'ETIMEDOUT';
    const retry = isLost ? ({ retry: repeatable.has(details.operation) ? 'safe' : 'never' } as const) : {};
    return new ConveyorError(thrown.code, { ...details, ...retry, detail: oneLine(thrown.message), cause: thrown });
  }
  if (thrown instanceof PackingError) {
    return new ConveyorError('EINVAL', { ...details, detail: oneLine(thrown.message), cause: thrown });
  }
  return systemError(thrown, details);
}

function ofServer(thrown: IrodsFailure, details: ErrorDetails): ConveyorError {
  const { irodsCode, irodsName, serverMessages } = thrown;
  const said = serverMessages.filter((message) => message.trim() !== '');
  const hint = isLockedCode(irodsCode) ? ['somebody has it open for writing, or no replica is usable'] : [];
  const detail = oneLine([`${irodsName} ${irodsCode}`, ...hint, ...said].join(', '));
  const retry = isLockedCode(irodsCode) ? ({ retry: 'safe' } as const) : {};
  return new ConveyorError(explainIrodsCode(irodsCode).errno ?? 'EIO', { ...details, ...retry, detail, cause: thrown });
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}

import { isConveyorError, oneLine } from './conveyor-error.ts';

/** How many causes are followed. */
const causeDepthMax = 4;

/**
 * One line about anything that was thrown, for a terminal or a log: the message and, where they add something, the
 * messages of its causes. Never throws and never holds a line break or another control character.
 */
export function describeError(thrown: unknown): string {
  const parts: string[] = [];
  let current = thrown;
  for (let depth = 0; depth <= causeDepthMax && current !== undefined; depth++) {
    const part = describeOne(current);
    if (part !== '' && !parts.some((known) => known.includes(part))) parts.push(part);
    current = current instanceof Error || isConveyorError(current) ? current.cause : undefined;
  }
  return parts.join('; because: ') || 'unknown error';
}

function describeOne(thrown: unknown): string {
  try {
    if (thrown instanceof Error || isConveyorError(thrown)) return oneLine(thrown.message || thrown.name);
    return oneLine(typeof thrown === 'string' ? thrown : String(thrown));
  } catch {
    return 'an error that cannot be shown'; // a value whose own toString throws
  }
}

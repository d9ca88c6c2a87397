import { writeSync } from 'node:fs';

/** Tells the user something in a line of its own. */
export function complain(message: string): void {
  try {
    writeSync(2, `conveyor: ${message}\n`);
  } catch {
    // Nobody can be told that nobody can be told.
  }
}

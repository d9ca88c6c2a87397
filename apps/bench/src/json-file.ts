import { constants } from 'node:fs';
import { access, rename, stat, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { Report } from './report.ts';
import { UsageError } from './usage-error.ts';

/** Finds out before a run of minutes whether its report can be written. Errors: UsageError. */
export async function requireWritable(file: string): Promise<void> {
  const path = resolve(file);
  const reason = await access(dirname(path), constants.W_OK | constants.X_OK).then(
    () => undefined,
    () => 'its directory does not exist, or is not writable',
  );
  if (reason !== undefined) throw new UsageError(`--json ${file}: ${reason}`);
  const isDirectory = await stat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
  if (isDirectory) throw new UsageError(`--json ${file}: it is a directory`);
}

/** Writes the report whole or not at all. */
export async function writeReport(file: string, report: Report): Promise<void> {
  const path = resolve(file);
  const hidden = `${path}.${process.pid}.part`;
  await writeFile(hidden, `${JSON.stringify(report, null, 1)}\n`);
  await rename(hidden, path);
}

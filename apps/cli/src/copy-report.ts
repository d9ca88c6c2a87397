import type { EngineSummary } from './engine-totals.ts';
import type { Failure } from './failure.ts';
import type { StandardOutput } from './standard-output.ts';
import type { Place } from './storages.ts';

/** How many failures `--json` lists; `failed` counts them all, and each has its line on standard error. */
const listedFailuresMax = 100;

/** What `conveyor cp --json` prints: one object, on one line. Fields may be added; none changes its meaning. */
export interface CopyResult {
  /** Whether everything was copied. */
  readonly ok: boolean;
  /** The signal that ended the run before its time, or null. */
  readonly interrupted: NodeJS.Signals | null;
  readonly files: number;
  /** Directories that were made or merged into. */
  readonly directories: number;
  /** Symbolic links that were made. */
  readonly links: number;
  /** Sources that could not be copied. */
  readonly failed: number;
  /** Of files that were copied. */
  readonly bytes: number;
  readonly seconds: number;
  readonly bytesPerSecond: number;
  /** The first 100 failures. */
  readonly errors: readonly { readonly code: string; readonly message: string; readonly path: string | null }[];
  readonly engine: EngineSummary;
}

/** Counts what a run does, and writes its results to standard output: lines, or one JSON object. */
export class CopyReport {
  readonly #output: StandardOutput;
  readonly #isJson: boolean;
  readonly #hasChecksums: boolean;
  readonly #errors: CopyResult['errors'][number][] = [];
  #checksums = 0;
  files = 0;
  directories = 0;
  links = 0;
  failed = 0;
  bytes = 0;

  constructor(output: StandardOutput, { json, checksum }: { json: boolean; checksum: boolean }) {
    this.#output = output;
    this.#isJson = json;
    this.#hasChecksums = checksum;
  }

  addFailure({ code, message, path }: Failure): void {
    this.failed++;
    if (this.#errors.length < listedFailuresMax) this.#errors.push({ code, message, path: path ?? null });
  }

  /** One checksum: a line that `sha256sum --check` reads, or an element of `checksums`, written at once. */
  async addChecksum(source: Place, target: Place, sha256: string): Promise<void> {
    const element = JSON.stringify({ source: source.shown, destination: target.shown, sha256 });
    const head = this.#checksums++ === 0 ? '{"checksums":[' : ',';
    await this.#output.write(this.#isJson ? head + element : checksumLine(sha256, target.shown));
  }

  /** Ends the output. */
  async finish(interrupted: NodeJS.Signals | undefined, seconds: number, engine: EngineSummary): Promise<void> {
    if (!this.#isJson) return;
    const { files, directories, links, failed, bytes } = this;
    const result: CopyResult = {
      ok: failed === 0 && interrupted === undefined,
      interrupted: interrupted ?? null,
      files,
      directories,
      links,
      failed,
      bytes,
      seconds,
      bytesPerSecond: seconds > 0 ? bytes / seconds : 0,
      errors: this.#errors,
      engine,
    };
    await this.#output.write(`${this.#opening()}${JSON.stringify(result).slice(1)}\n`);
  }

  /** The list of checksums may be longer than memory should hold: it has been written already, as the first field. */
  #opening(): string {
    if (!this.#hasChecksums) return '{';
    return this.#checksums === 0 ? '{"checksums":[],' : '],';
  }
}

/** As sha256sum(1) writes it: a name that would break the line has a backslash before the line and escapes within. */
export function checksumLine(sha256: string, name: string): string {
  if (!/[\\\n\r]/.test(name)) return `${sha256}  ${name}\n`;
  const escaped = name.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('\r', '\\r');
  return `\\${sha256}  ${escaped}\n`;
}

import { formatDuration, formatSize } from './byte-size.ts';
import type { Progress } from './progress.ts';

const periodMs = 100;
/** A copy that is over by then shows no bar. */
const patienceMs = 300;
const barWidthMax = 40;
const barWidthMin = 8;
const columnsMin = 20;
const columnsDefault = 80;
const clearLine = '\r\x1b[K';

/** The stream that a bar is drawn on. */
export interface Terminal {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  write(text: string): unknown;
}

/** Whether a bar makes sense there. */
export function canShowBar(terminal: Terminal, environment: NodeJS.ProcessEnv): boolean {
  return terminal.isTTY === true && environment.TERM !== 'dumb';
}

/** A line on a terminal that shows how far a run has come, until it is stopped. Other lines go through `log`. */
export class ProgressBar implements Disposable {
  readonly #terminal: Terminal;
  readonly #progress: Progress;
  readonly #isUnicode: boolean;
  readonly #timer: NodeJS.Timeout;
  #isShown = false;

  constructor(terminal: Terminal, progress: Progress, isUnicode: boolean) {
    this.#terminal = terminal;
    this.#progress = progress;
    this.#isUnicode = isUnicode;
    this.#timer = setInterval(() => this.draw(), periodMs);
    this.#timer.unref();
  }

  draw(): void {
    // A rate needs its samples, seen or unseen.
    this.#progress.rate();
    if (this.#progress.elapsedMs < patienceMs) return;
    const columns = Math.max(columnsMin, this.#terminal.columns || columnsDefault);
    // The last column stays free: some terminals would go on to the next line.
    this.#terminal.write(clearLine + barLine(this.#progress, columns - 1, this.#isUnicode));
    this.#isShown = true;
  }

  /** Writes a line above the bar. */
  log(line: string): void {
    if (this.#isShown) this.#terminal.write(clearLine);
    this.#terminal.write(`${line}\n`);
    if (this.#isShown) this.draw();
  }

  /** Takes the bar away; where one was seen, what was copied stays in its place. */
  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    if (!this.#isShown) return;
    this.#isShown = false;
    this.#terminal.write(`${clearLine}${closingLine(this.#progress)}\n`);
  }
}

/**
 * One line, at most `columns` wide: the bar and the percentage where the total is known, the count of files where there
 * are several, then bytes, rate and time left. What does not fit is left out, from the right, the bar shrinking first.
 */
export function barLine(progress: Progress, columns: number, isUnicode: boolean): string {
  const { total } = progress;
  const parts = [...(total === undefined ? [] : [percentage(progress.bytes, total.bytes)]), ...numbers(progress)];
  while (parts.length > 1 && parts.join('  ').length > columns) parts.pop();
  const line = parts.join('  ');
  const width = Math.min(barWidthMax, columns - line.length - 3);
  if (total === undefined || width < barWidthMin) return line.slice(0, columns);
  return `${bar(fraction(progress.bytes, total.bytes), width, isUnicode)} ${line}`;
}

function numbers(progress: Progress): string[] {
  const { bytes, files, total } = progress;
  const size = total === undefined ? formatSize(bytes) : `${formatSize(bytes)} / ${formatSize(total.bytes)}`;
  const isSingle = total?.files === 1;
  const count = isSingle ? [] : [total === undefined ? `${files} files` : `${files} / ${total.files} files`];
  return [size, `${formatSize(progress.rate())}/s`, timeLeft(progress), ...count].filter((part) => part !== '');
}

function timeLeft(progress: Progress): string {
  const { total, bytes } = progress;
  if (total !== undefined && bytes >= total.bytes) return 'syncing';
  const seconds = progress.secondsLeft();
  return seconds === undefined ? '' : `${formatDuration(seconds)} left`;
}

function bar(part: number, width: number, isUnicode: boolean): string {
  const filled = Math.floor(part * width);
  const [full, empty, left, right] = isUnicode ? ['█', '░', '', ''] : ['#', '-', '[', ']'];
  return left + full.repeat(filled) + empty.repeat(width - filled) + right;
}

/** Never 100 % before everything is there. */
function percentage(bytes: number, total: number): string {
  return `${String(Math.floor(fraction(bytes, total) * 100)).padStart(3)} %`;
}

function fraction(bytes: number, total: number): number {
  return total === 0 ? 1 : Math.min(1, bytes / total);
}

function closingLine(progress: Progress): string {
  const { bytes, files, elapsedMs } = progress;
  const rate = elapsedMs > 0 ? (bytes / elapsedMs) * 1000 : 0;
  const count = files === 1 ? '1 file' : `${files} files`;
  return `${count}, ${formatSize(bytes)} in ${(elapsedMs / 1000).toFixed(1)} s (${formatSize(rate)}/s)`;
}

/** What may be printed where. */
export interface Terminal {
  /** Characters in a line. */
  readonly width: number;
  /** A person at a terminal: colours, progress that erases itself. */
  readonly isInteractive: boolean;
  /** Block characters instead of `#`. */
  readonly hasBlocks: boolean;
}

const widthMin = 60;
const widthMax = 100;

/** Plain where the output goes to a file or a pipe, and with NO_COLOR (https://no-color.org). */
export function terminalOf(
  stream: { isTTY?: boolean; columns?: number },
  environment: NodeJS.ProcessEnv = process.env,
): Terminal {
  const isInteractive = stream.isTTY === true && environment.TERM !== 'dumb' && !environment.NO_COLOR;
  const locale = environment.LC_ALL || environment.LC_CTYPE || environment.LANG || '';
  const width = Math.min(widthMax, Math.max(widthMin, stream.columns ?? 80));
  return { width, isInteractive, hasBlocks: stream.isTTY === true && /utf-?8/i.test(locale) };
}

const styles = { bold: [1, 22], dim: [2, 22], red: [31, 39], green: [32, 39], cyan: [36, 39] } as const;

/** Text in a style where the terminal shows styles. */
export function styled(terminal: Terminal, style: keyof typeof styles, text: string): string {
  const [on, off] = styles[style];
  return terminal.isInteractive ? `\x1b[${on}m${text}\x1b[${off}m` : text;
}

/** Characters that a text takes on the screen, styles left out. Requires: no wide characters. */
export function shownLength(text: string): number {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what styles begin with
  return [...text.replace(/\x1b\[\d+m/g, '')].length;
}

import { shownLength, styled, type Terminal } from './terminal.ts';

/** One bar: a longer one is better. */
export interface Bar {
  readonly label: string;
  readonly value: number;
  /** What the value means: `1.62 GB/s`. */
  readonly text: string;
  /** Ours, which is coloured. */
  readonly isSubject: boolean;
}

const eighths = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/** Lines of a bar chart, indented by two; the largest value fills the line up to its text. */
export function barLines(bars: readonly Bar[], terminal: Terminal): string[] {
  const labelWidth = Math.max(...bars.map(({ label }) => shownLength(label)));
  const textWidth = Math.max(...bars.map(({ text }) => shownLength(text)));
  const length = Math.max(1, terminal.width - labelWidth - textWidth - 6);
  const largest = Math.max(...bars.map(({ value }) => value));
  return bars.map(({ label, value, text, isSubject }) => {
    const drawn = bar(largest === 0 ? 0 : (value / largest) * length, terminal);
    const colour = isSubject ? 'green' : 'dim';
    const space = ' '.repeat(length - shownLength(drawn));
    const padded = text + ' '.repeat(textWidth - shownLength(text));
    return `  ${label.padEnd(labelWidth)}  ${styled(terminal, colour, drawn)}${space}  ${padded}`.trimEnd();
  });
}

/** What is there at all leaves at least a trace. */
function bar(length: number, { hasBlocks }: Terminal): string {
  if (!hasBlocks) return '#'.repeat(length > 0 ? Math.max(1, Math.round(length)) : 0);
  const parts = length > 0 ? Math.max(1, Math.round(length * 8)) : 0;
  return '█'.repeat(Math.floor(parts / 8)) + eighths[parts % 8];
}

import { shownLength } from './terminal.ts';

/** A column: its head, and on which side its cells end. */
export interface Column {
  readonly head: string;
  readonly align: 'left' | 'right';
}

const gap = '  ';

/** Lines of a table, indented by two, its columns as wide as their widest cell. */
export function tableLines(columns: readonly Column[], rows: readonly (readonly string[])[]): string[] {
  const widths = columns.map(({ head }, index) =>
    Math.max(shownLength(head), ...rows.map((row) => shownLength(row[index] ?? ''))),
  );
  const line = (cells: readonly string[]): string => {
    const padded = columns.map(({ align }, index) => padTo(cells[index] ?? '', widths[index] ?? 0, align));
    return `  ${padded.join(gap)}`.trimEnd();
  };
  return [line(columns.map(({ head }) => head)), ...rows.map(line)];
}

function padTo(text: string, width: number, align: Column['align']): string {
  const space = ' '.repeat(Math.max(0, width - shownLength(text)));
  return align === 'left' ? text + space : space + text;
}

export type Alignment = 'left' | 'right';

export interface Column<T> {
  readonly title: string;
  /** Numbers are aligned to the right, all else to the left. */
  readonly cell: (row: T) => string | number | undefined;
}

/** Rows under titles, columns two spaces apart; `empty` where there is no row. */
export function formatTable<T>(rows: readonly T[], columns: readonly Column<T>[], empty: string): string {
  if (rows.length === 0) return empty;
  const cells = rows.map((row) => columns.map((column) => column.cell(row)));
  const alignments = columns.map((_, at) => (cells.every((row) => isNumeric(row[at])) ? 'right' : 'left'));
  const printed = cells.map((row) => row.map(printable));
  return alignColumns([columns.map((column) => column.title), ...printed], alignments).join('\n');
}

/** Names and their values, one a line. */
export function formatFields(fields: Readonly<Record<string, unknown>>): string {
  return alignColumns(
    Object.entries(fields).map(([name, value]) => [name, printable(value)]),
    ['left', 'left'],
  ).join('\n');
}

export function alignColumns(rows: readonly (readonly string[])[], alignments: readonly Alignment[]): string[] {
  const widths = alignments.map((_, at) => Math.max(...rows.map((row) => row[at].length)));
  return rows.map((row) =>
    row
      .map((cell, at) => (alignments[at] === 'right' ? cell.padStart(widths[at]) : cell.padEnd(widths[at])))
      .join('  ')
      .trimEnd(),
  );
}

/** Epoch milliseconds as people read them, UTC. */
export function formatTime(milliseconds: number | undefined): string {
  return milliseconds === undefined ? '-' : new Date(milliseconds).toISOString();
}

/** `1 message`, `1,200 messages`. */
export function formatCount(count: number, singular: string): string {
  return `${count.toLocaleString('en')} ${singular}${count === 1 ? '' : 's'}`;
}

function isNumeric(value: unknown): boolean {
  return value === undefined || typeof value === 'number';
}

function printable(value: unknown): string {
  if (value === undefined || value === null || value === '') return '-';
  if (typeof value === 'number') return value.toLocaleString('en');
  if (typeof value === 'object') return JSON.stringify(value);
  return withoutControls(String(value));
}

/** What devices sent must not steer the terminal. */
export function withoutControls(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: exactly these are meant
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, (control) => {
    return `\\x${control.charCodeAt(0).toString(16).padStart(2, '0')}`;
  });
}

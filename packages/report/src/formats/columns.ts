// Text in columns on a terminal, where wide characters take two cells, combining ones and colours none.
import stringWidth from 'fast-string-width';

export const columnGap = 2;

/** Cells of a text; of plain letters as many as there are, which is asked of every cell of long lists. */
const widthOf = (text: string): number => (/^[ -~]*$/.test(text) ? text.length : stringWidth(text));

/** Spaces up to `width` cells. */
export const padText = (text: string, width: number): string => text + ' '.repeat(Math.max(0, width - widthOf(text)));

/** Of the widest text in each column. */
export function columnWidths(lines: readonly (readonly string[])[]): number[] {
  const widths: number[] = [];
  for (const line of lines)
    line.forEach((text, column) => (widths[column] = Math.max(widths[column] ?? 0, widthOf(text))));
  return widths;
}

/** One line: texts are left-aligned; no trailing white space. */
export function inColumns(line: readonly string[], widths: readonly number[]): string {
  return line
    .map((text, column) => padText(text, widths[column]!))
    .join(' '.repeat(columnGap))
    .trimEnd();
}

/** Lines in columns as wide as they need to be. */
export function columns(lines: readonly (readonly string[])[]): string[] {
  const widths = columnWidths(lines);
  return lines.map((line) => inColumns(line, widths));
}

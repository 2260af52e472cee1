// Text in terminal cells: wide characters take two, combining ones none.
import stringWidth from 'string-width';

export const textWidth = (text: string): number => stringWidth(text);

/** Spaces up to `width` cells. */
export const padText = (text: string, width: number): string => text + ' '.repeat(Math.max(0, width - textWidth(text)));

/** The first cells of a text, with … for what is cut off. */
export function cutText(text: string, width: number): string {
  if (textWidth(text) <= width) return text;
  let cut = '';
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    if (textWidth(cut + segment) > width - 1) break;
    cut += segment;
  }
  return width < 1 ? '' : `${cut}…`;
}

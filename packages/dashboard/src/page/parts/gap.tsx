/** Holds the place of rows of a table that are not drawn. */
export function Gap({ pixels }: { readonly pixels: number }) {
  return pixels <= 0 ? null : <tr aria-hidden="true" style={{ height: `${pixels}px` }} />;
}

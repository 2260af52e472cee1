// Where stage `data` writes what it found in the datasets of this machine; the studio's artifact has none of these.
export const catalogPaths = {
  folder: 'catalog',
  roots: 'catalog/roots.json',
  captions: 'catalog/captions.jsonl',
  /** Counts of every dataset read, and what was left out. */
  report: 'catalog/report.json',
  /** The photographs of suggesting, by title. */
  pccdBest: 'catalog/pccd-top-100.txt',
} as const;

/** How much of what the datasets of a pool list is used. */
export const catalogUse = (pool: string): string => `catalog/use-${pool}.json`;

/** The photographs of one item of a pool. */
export const catalogPart = (pool: string, first: number): string =>
  `catalog/${pool}-${String(first).padStart(9, '0')}.jsonl`;

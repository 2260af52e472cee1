// Lengths that texts of many lengths are padded to. A length is a graph of its own that takes seconds to trace, so there
// are few, and one where more would save little. A function of the samples alone.

/** Of a stage's samples of one form. */
const maxLengths = 4;
/** What the second length and each further one save at least, of the tokens that the language model reads. */
const worthwhile = { second: 0.25, further: 0.1 } as const;

/**
 * Ascending lengths; a sample is padded to the least that holds it. The last is `most`, to which longer texts are cut.
 * Of every choice of so many lengths it is the one with the fewest tokens, padding counted.
 * @param lengths Tokens of the samples' longest texts. @param before Tokens that the model reads before each of them.
 */
export function paddedLengths(lengths: readonly number[], before: number, most: number): number[] {
  const counts = new Map<number, number>();
  for (const length of lengths) {
    const cut = Math.min(length, most);
    counts.set(cut, (counts.get(cut) ?? 0) + 1);
  }
  const known = [...counts.keys(), most];
  const edges = [...new Set(known)].sort((a, b) => a - b);
  /** Samples of at most the first i edges. */
  const upTo = [0];
  for (const edge of edges) upTo.push(upTo.at(-1)! + (counts.get(edge) ?? 0));
  const tokens = (first: number, end: number): number => (upTo[end]! - upTo[first]!) * (before + edges[end - 1]!);
  /** By number of edges covered, all of which are padded to the chosen ones: the fewest tokens, and the last choice before. */
  let best = edges.map((_, i) => ({ cost: tokens(0, i + 1), chosen: [edges[i]!] }));
  let found = best.at(-1)!;
  for (let number = 2; number <= Math.min(maxLengths, edges.length); number++) {
    best = edges.map((edge, end) => {
      let least = { cost: Infinity, chosen: [] as number[] };
      for (let middle = 0; middle < end; middle++) {
        const cost = best[middle]!.cost + tokens(middle + 1, end + 1);
        if (cost < least.cost) least = { cost, chosen: [...best[middle]!.chosen, edge] };
      }
      return least;
    });
    const saving = number === 2 ? worthwhile.second : worthwhile.further;
    if (!(best.at(-1)!.cost <= (1 - saving) * found.cost)) break;
    found = best.at(-1)!;
  }
  return found.chosen;
}

// The nearest valid word for a mistyped one.

/** Edits (insert, delete, substitute, swap of neighbours) from one word to another. */
export function editDistance(from: string, to: string): number {
  const row = (length: number, fill: number) => Array.from({ length }, (_, index) => index + fill);
  let beforeLast: number[] = [];
  let last = row(to.length + 1, 0);
  for (let i = 1; i <= from.length; i++) {
    const current = [i];
    for (let j = 1; j <= to.length; j++) {
      const same = from[i - 1] === to[j - 1];
      let best = Math.min(last[j]! + 1, current[j - 1]! + 1, last[j - 1]! + (same ? 0 : 1));
      if (i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1])
        best = Math.min(best, beforeLast[j - 2]! + 1);
      current.push(best);
    }
    [beforeLast, last] = [last, current];
  }
  return last[to.length]!;
}

/** The candidate nearest to the word as a whole, if near enough to be meant; else the one whose last part is (all but) the word's. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  const tail = (text: string) => text.slice(text.lastIndexOf('.') + 1);
  const distance = (from: string, to: string) => editDistance(from.toLowerCase(), to.toLowerCase());
  const scored = candidates.map((candidate) => ({ candidate, whole: distance(word, candidate) }));
  scored.sort((a, b) => a.whole - b.whole);
  const best = scored[0];
  if (best && best.whole <= Math.max(2, Math.floor(word.length / 3))) return best.candidate;
  return scored.find(({ candidate }) => distance(tail(word), tail(candidate)) <= 1)?.candidate;
}

/** `; did you mean \`x\`?`, or the list of what is valid when nothing is near (and the list is short). */
export function suggestion(word: string, candidates: readonly string[]): string {
  const near = nearest(word, candidates);
  if (near !== undefined) return `; did you mean \`${near}\`?`;
  return candidates.length > 0 && candidates.length <= 20 ? `; valid: ${candidates.join(', ')}` : '';
}

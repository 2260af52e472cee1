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

/** The candidate that is nearest and near enough to be meant; a dotted key also by its last part alone. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  const tail = (text: string) => text.slice(text.lastIndexOf('.') + 1);
  const scored = candidates.map((candidate) => {
    const whole = editDistance(word.toLowerCase(), candidate.toLowerCase());
    const last = editDistance(tail(word).toLowerCase(), tail(candidate).toLowerCase()) + 0.5;
    const near = Math.max(2, Math.floor(word.length / 3));
    return { candidate, distance: candidate.includes('.') && last <= 1.5 ? Math.min(whole, last + 0.5) : whole, near };
  });
  scored.sort((a, b) => a.distance - b.distance);
  const best = scored[0];
  return best && best.distance <= best.near ? best.candidate : undefined;
}

/** `; did you mean \`x\`?`, or the list of what is valid when nothing is near (and the list is short). */
export function suggestion(word: string, candidates: readonly string[]): string {
  const near = nearest(word, candidates);
  if (near !== undefined) return `; did you mean \`${near}\`?`;
  return candidates.length > 0 && candidates.length <= 20 ? `; valid: ${candidates.join(', ')}` : '';
}

// Byte-pair encoding (Sennrich et al. 2016) as LLaMA's tokenizers do it: characters are joined pair by pair, the best
// pair first, the leftmost of equally good ones, until no pair is in the vocabulary.
// A heap over a linked list: n log n, so that a text of a megabyte is no trap.

/** How good joining two neighbours is, smaller is better; undefined where they cannot be joined. */
export type PairRank = (left: string, right: string) => number | undefined;

interface Candidate {
  readonly rank: number;
  readonly left: number;
  readonly right: number;
  /** What stood at left and right when it was found; others mean it is out of date. */
  readonly joined: string;
}

/** The pieces of a text, whose characters are code points. */
export function mergePairs(text: string, rankOf: PairRank): string[] {
  const pieces: (string | undefined)[] = [...text];
  const next = pieces.map((_, i) => i + 1);
  const previous = pieces.map((_, i) => i - 1);
  const heap: Candidate[] = [];
  const consider = (left: number, right: number): void => {
    if (left < 0 || right >= pieces.length) return;
    const rank = rankOf(pieces[left]!, pieces[right]!);
    if (rank !== undefined) push(heap, { rank, left, right, joined: pieces[left]! + pieces[right]! });
  };
  for (let i = 0; i + 1 < pieces.length; i++) consider(i, i + 1);
  for (let best = pop(heap); best !== undefined; best = pop(heap)) {
    const { left, right, joined } = best;
    const current = pieces[left] !== undefined && pieces[right] !== undefined && next[left] === right;
    if (!current || pieces[left]! + pieces[right]! !== joined) continue;
    pieces[left] = joined;
    pieces[right] = undefined;
    next[left] = next[right]!;
    if (next[left] < pieces.length) previous[next[left]] = left;
    consider(previous[left]!, left);
    consider(left, next[left]);
  }
  return pieces.filter((piece) => piece !== undefined);
}

const before = (a: Candidate, b: Candidate): boolean => a.rank < b.rank || (a.rank === b.rank && a.left < b.left);

function push(heap: Candidate[], candidate: Candidate): void {
  heap.push(candidate);
  for (let at = heap.length - 1; at > 0;) {
    const parent = (at - 1) >> 1;
    if (!before(heap[at]!, heap[parent]!)) break;
    [heap[at], heap[parent]] = [heap[parent]!, heap[at]!];
    at = parent;
  }
}

function pop(heap: Candidate[]): Candidate | undefined {
  const best = heap[0];
  const last = heap.pop();
  if (heap.length > 0 && last !== undefined) {
    heap[0] = last;
    for (let at = 0; ;) {
      const left = 2 * at + 1;
      let least = at;
      for (const child of [left, left + 1])
        if (child < heap.length && before(heap[child]!, heap[least]!)) least = child;
      if (least === at) break;
      [heap[at], heap[least]] = [heap[least]!, heap[at]!];
      at = least;
    }
  }
  return best;
}

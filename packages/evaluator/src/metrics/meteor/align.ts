// The METEOR 1.5 aligner (Denkowski & Lavie, 2011 and 2014): every way a word or phrase of the hypothesis may match
// one of the reference, then the one-to-one subset that covers most words in fewest chunks, found by a beam search.
// Coverage is counted as the original program does: in whole words after weighting, so that a single word matched by
// stem or synonym counts for nothing there and is taken only where it does not cost a chunk.

export const meteorModules = ['exact', 'stem', 'synonym', 'paraphrase'] as const;
export type MeteorModule = (typeof meteorModules)[number];

/** Weight of a word matched by each module, in the order of `meteorModules`. */
export const moduleWeights: Readonly<Record<MeteorModule, number>> = {
  exact: 1,
  stem: 0.6,
  synonym: 0.8,
  paraphrase: 0.6,
};

const beamSize = 40;

/** A span of the hypothesis and one of the reference. */
export interface Match {
  readonly module: MeteorModule;
  readonly hypothesisStart: number;
  readonly hypothesisLength: number;
  readonly referenceStart: number;
  readonly referenceLength: number;
}

/** A chosen match, linked to those before it. */
interface Chosen {
  readonly match: Match;
  readonly before: Chosen | null;
}

interface Path {
  readonly chosen: Chosen | null;
  /** Hypothesis words taken, 32 in an element. */
  readonly taken: Uint32Array;
  /** First reference word not yet covered. */
  readonly next: number;
  readonly coverage: number;
  readonly matches: number;
  readonly chunks: number;
  /** End of the last match, where the next one would go on with its chunk. */
  readonly hypothesisEnd: number;
  readonly referenceEnd: number;
}

/** The chosen matches, ordered by their place in the reference. */
export function align(matches: readonly Match[], hypothesisLength: number, referenceLength: number): Match[] {
  const startingAt: Match[][] = Array.from({ length: referenceLength }, () => []);
  for (const match of matches) startingAt[match.referenceStart]!.push(match);
  const isUnrivalled = rivalry(matches, hypothesisLength, referenceLength);

  const fixed = matches.filter(isUnrivalled);
  const taken = new Uint32Array((hypothesisLength >> 5) + 1);
  const kept = new Set(fixed.map(({ referenceStart }) => referenceStart));
  for (const match of fixed) take(taken, match);
  let paths: Path[] = [
    { chosen: null, taken, next: 0, coverage: 0, matches: 0, chunks: 0, hypothesisEnd: -1, referenceEnd: -1 },
  ];
  for (let position = 0; position < referenceLength; position++) {
    const extended: Path[] = [];
    for (const path of paths) {
      if (path.next > position) extended.push(path);
      else if (kept.has(position)) extended.push(extend(path, startingAt[position]![0]!, path.taken));
      else {
        for (const match of startingAt[position]!) {
          if (isTaken(path.taken, match)) continue;
          const withMatch = path.taken.slice();
          take(withMatch, match);
          extended.push(extend(path, match, withMatch));
        }
        extended.push(path);
      }
    }
    // Sorted at every place, because among equals the one that was ahead earlier wins.
    paths = extended.sort(compare).slice(0, beamSize);
  }
  const best = paths[0]!;
  const alignment: Match[] = [];
  for (let link = best.chosen; link !== null; link = link.before) alignment.push(link.match);
  return alignment.reverse();
}

/** More covered words first, then fewer chunks, then more matches. */
function compare(a: Path, b: Path): number {
  return b.coverage - a.coverage || a.chunks - b.chunks || b.matches - a.matches;
}

function extend(path: Path, match: Match, taken: Uint32Array): Path {
  const { hypothesisStart, hypothesisLength, referenceStart, referenceLength } = match;
  const weight = moduleWeights[match.module];
  const goesOn = hypothesisStart === path.hypothesisEnd && referenceStart === path.referenceEnd;
  return {
    chosen: { match, before: path.chosen },
    taken,
    next: referenceStart + referenceLength,
    coverage: path.coverage + Math.floor(weight * hypothesisLength) + Math.floor(weight * referenceLength),
    matches: path.matches + 1,
    chunks: path.chunks + (goesOn ? 0 : 1),
    hypothesisEnd: hypothesisStart + hypothesisLength,
    referenceEnd: referenceStart + referenceLength,
  };
}

/** Whether a match is the only one of all its words, and so is kept without a search. */
function rivalry(
  matches: readonly Match[],
  hypothesisLength: number,
  referenceLength: number,
): (match: Match) => boolean {
  const hypothesis = new Uint16Array(hypothesisLength);
  const reference = new Uint16Array(referenceLength);
  for (const match of matches) {
    for (let i = 0; i < match.hypothesisLength; i++) hypothesis[match.hypothesisStart + i]!++;
    for (let i = 0; i < match.referenceLength; i++) reference[match.referenceStart + i]!++;
  }
  return (match) => {
    for (let i = 0; i < match.hypothesisLength; i++) if (hypothesis[match.hypothesisStart + i] !== 1) return false;
    for (let i = 0; i < match.referenceLength; i++) if (reference[match.referenceStart + i] !== 1) return false;
    return true;
  };
}

function isTaken(taken: Uint32Array, { hypothesisStart, hypothesisLength }: Match): boolean {
  for (let i = hypothesisStart; i < hypothesisStart + hypothesisLength; i++) {
    if ((taken[i >> 5]! >>> (i & 31)) & 1) return true;
  }
  return false;
}

function take(taken: Uint32Array, { hypothesisStart, hypothesisLength }: Match): void {
  for (let i = hypothesisStart; i < hypothesisStart + hypothesisLength; i++) taken[i >> 5]! |= 1 << (i & 31);
}

// How far two judges agree about the same items: the share of equal verdicts, and Cohen's kappa (1960), which takes off
// what they would agree by chance.
export interface Agreement {
  readonly share: number;
  /** null where chance alone would make them agree always. */
  readonly kappa: number | null;
}

/** Pairs of verdicts; at least one. */
export function agreementOf(pairs: readonly (readonly [boolean, boolean])[]): Agreement {
  const share = pairs.filter(([a, b]) => a === b).length / pairs.length;
  const yes = (judge: 0 | 1): number => pairs.filter((pair) => pair[judge]).length / pairs.length;
  const [a, b] = [yes(0), yes(1)];
  const byChance = a * b + (1 - a) * (1 - b);
  return { share, kappa: byChance === 1 ? null : (share - byChance) / (1 - byChance) };
}

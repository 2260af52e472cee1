// Curves of one row's seeds as a band: pure, so that whatever draws them draws the same.

/** Steps that are drawn as one place. */
export interface BandPoint {
  /** Mean of the recorded steps in it, a whole number. */
  readonly step: number;
  /** Over seeds, of each seed's mean in it. */
  readonly mean: number;
  /** Least and greatest of the seeds' means. */
  readonly low: number;
  readonly high: number;
}

type Points = readonly (readonly [step: number, value: number])[];

/** @param curves One a seed. @param parts Places at most. Steps at which no seed has a finite value have none. */
export function seedBand(curves: readonly Points[], parts: number): BandPoint[] {
  const steps = curves.flat().map(([step]) => step);
  if (steps.length === 0) return [];
  const first = steps.reduce((a, b) => Math.min(a, b));
  const last = steps.reduce((a, b) => Math.max(a, b));
  const count = Math.min(parts, last - first + 1);
  const placeOf = (step: number): number => Math.floor(((step - first) * count) / (last - first + 1));
  const places = Array.from({ length: count }, () => ({ steps: new Mean(), seeds: [] as number[] }));
  for (const curve of curves) {
    const own = places.map(() => new Mean());
    for (const [step, value] of curve) {
      if (!Number.isFinite(value)) continue;
      own[placeOf(step)]!.add(value);
      places[placeOf(step)]!.steps.add(step);
    }
    own.forEach((mean, i) => {
      if (mean.count > 0) places[i]!.seeds.push(mean.value);
    });
  }
  return places.flatMap(({ steps: at, seeds }) =>
    seeds.length === 0
      ? []
      : [
          {
            step: Math.round(at.value),
            mean: seeds.reduce((sum, value) => sum + value, 0) / seeds.length,
            low: Math.min(...seeds),
            high: Math.max(...seeds),
          },
        ],
  );
}

class Mean {
  count = 0;
  #sum = 0;
  add(value: number): void {
    this.count++;
    this.#sum += value;
  }
  get value(): number {
    return this.#sum / this.count;
  }
}

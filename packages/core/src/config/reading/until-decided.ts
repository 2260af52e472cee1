// Runs that go on until the paper's claims are decided: what of that is stored with the run, and how a run grows by a seed.
import { CalmError } from '../../errors.ts';
import { canonicalJson, type Json } from '../../order/canonical.ts';
import type { Experiment, ResolvedExperiment } from '../experiment.ts';
import { seedsOf } from '../../seeds.ts';
import { restoreExperiment } from './load.ts';

/** The experiment, to be run until its claims are decided, or a row has `maxSeeds` seeds. @throws CalmError `invalid_argument` */
export function untilDecided(experiment: Experiment, maxSeeds: number): Experiment {
  const { seeds, rehearsal, name } = experiment;
  const refuse = (why: string): CalmError => new CalmError('invalid_argument', `--until-decided: ${why}`);
  if (rehearsal) throw refuse('the numbers of a rehearsal mean nothing, and no claim is judged by them');
  if ((experiment.tables ?? [experiment.table]).every(({ claims = [] }) => claims.length === 0))
    throw refuse(`${name} has no claim whose rows are all run: there is nothing to decide`);
  if (maxSeeds < seeds.length)
    throw refuse(
      `${name} has ${seeds.length} seeds (${seeds.join(', ')}): expected --max-seeds of at least ${seeds.length}, got ${maxSeeds}`,
    );
  return changed(experiment, { untilDecided: { maxSeeds }, looks: [seeds.length] });
}

/** The same run with the next whole number as a further seed of these rows, after which its claims are looked at again. */
export function withNextSeed(experiment: Experiment, rows: readonly string[]): Experiment {
  const all = seedsOf(experiment);
  const seeds = [...all, Math.max(...all) + 1];
  const { rows: before } = experiment.resolved as unknown as ResolvedExperiment;
  return changed(experiment, {
    rows: before.map((row) => (rows.includes(row.row) ? { ...row, seeds } : row)),
    looks: [...(experiment.looks ?? []), seeds.length],
  });
}

function changed({ resolved, path }: Experiment, more: Partial<ResolvedExperiment>): Experiment {
  return restoreExperiment(JSON.parse(canonicalJson({ ...(resolved as object), ...more })) as Json, path);
}

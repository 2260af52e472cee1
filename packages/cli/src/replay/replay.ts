// Replays stretches of a run's training, drawn by a seed, and compares the digests on the way with those that were recorded.
import { CalmError, checkpointsIn, digestedSteps, hashOf, type Json, type StageDefinition } from '@calm-orch/core';
import type { AuditedStage, Layout } from '@calm-orch/coordinator';
import type { RunRecord, RunStageRecord, Tracker } from '@calm-orch/tracker';
import { parts } from '../run/parts.ts';
import { computeStretch } from './compute-stretch.ts';
import { detectionProbability, differing, drawStretches, stretchesOf, type DifferingDigest } from './stretches.ts';

export interface ReplayOptions {
  readonly layout: Layout;
  readonly count: number;
  readonly seed: number;
  readonly log: (line: string) => void;
  readonly signal: AbortSignal;
  /** Of these stages alone; the key's beginning. @default all */
  readonly only?: string;
}

export interface ReplayedStretch {
  readonly key: string;
  readonly kind: string;
  readonly first: number;
  readonly end: number;
  readonly differing: readonly DifferingDigest[];
}

export interface Replay {
  readonly seed: number;
  readonly ok: boolean;
  /** Stretches of the run. */
  readonly stretches: number;
  readonly replayed: readonly ReplayedStretch[];
  /** Probability that so many altered stretches would have been found. */
  readonly detection: readonly { readonly altered: number; readonly probability: number }[];
}

const mostAltered = 5;

/**
 * Of the audited stages that have digests. @throws CalmError `not_found` where none has; `bad_data` where code or engine are
 * others than those that trained: their bits may differ
 */
export async function replayRun(
  tracker: Tracker,
  run: RunRecord,
  audited: readonly AuditedStage[],
  { layout, count, seed, log, signal, only = '' }: ReplayOptions,
): Promise<Replay> {
  const stepsOf = new Map(audited.flatMap(({ key, steps, digests }) => (digests > 0 ? [[key, steps] as const] : [])));
  const stages = tracker.listRunStages(run.id).filter(({ key }) => stepsOf.has(key) && key.startsWith(only));
  if (stages.length === 0)
    throw new CalmError('not_found', `run ${run.id} has no digests to compare with: an earlier version has trained it`);
  const all = stages.flatMap((stage) =>
    stretchesOf(stage, stepsOf.get(stage.key)!, checkpointsIn(layout.keptCheckpoints(stage.key))),
  );
  const drawn = drawStretches(all, count, seed);
  const facts = await parts.engineFacts(log, signal);
  await checkSame(layout, [...new Set(drawn.map(({ stage }) => stage))], facts.identity);
  const { numCores, maxTrainerThreads = numCores } = facts;
  const threads = facts.threads ?? String(Math.min(numCores, maxTrainerThreads));
  const replayed: ReplayedStretch[] = [];
  for (const stretch of drawn) {
    const { stage, first, end } = stretch;
    const { key, kind } = stage;
    log(`${kind} ${key.slice(0, 8)}: steps ${first} to ${end}`);
    const computed = await computeStretch(stretch, { layout, threads, signal });
    const steps = digestedSteps(stepsOf.get(key)!).filter((step) => first <= step && step <= end);
    replayed.push({ key, kind, first, end, differing: differing(steps, tracker.listStateLinks(key), computed) });
  }
  return {
    seed,
    ok: replayed.every((stretch) => stretch.differing.length === 0),
    stretches: all.length,
    replayed,
    detection: Array.from({ length: Math.min(mostAltered, all.length) }, (_, i) => ({
      altered: i + 1,
      probability: detectionProbability(all.length, drawn.length, i + 1),
    })),
  };
}

/** The code and the engine of the stages are those of now, and what they read is there. */
async function checkSame(layout: Layout, stages: readonly RunStageRecord[], engine: Json): Promise<void> {
  const { planSources, readArtifact } = await import('@calm-orch/coordinator');
  const { datasetIdentity, photosIdentity } = await import('@calm-orch/datasets');
  const { stageKinds: kinds, stageEntry } = parts;
  const codeCache = parts.codeCacheFile();
  const sources = await planSources({ kinds, stageEntry, engine, datasetIdentity, photosIdentity, codeCache });
  const definitions = new Map(kinds.map((definition): [string, StageDefinition] => [definition.kind, definition]));
  for (const { key, kind, inputs } of stages) {
    const name = `${kind} ${key.slice(0, 8)}`;
    for (const needed of [key, ...Object.values(inputs)])
      if (readArtifact(layout, needed) === null)
        throw new CalmError(
          'not_found',
          `${name}: artifact ${needed.slice(0, 8)} is gone or damaged; \`verify\` says more`,
        );
    const { ingredients } = readArtifact(layout, key)!;
    const made = ingredients as { readonly code?: Json; readonly engine?: Json };
    const others = [
      ...(definitions.has(kind) && made.code === sources.code(kind) ? [] : ['code']),
      ...(hashOf(made.engine ?? null) === hashOf(engine) ? [] : ['engine']),
    ];
    if (others.length > 0)
      throw new CalmError(
        'bad_data',
        `${name} was trained by other ${others.join(' and ')}: its bits may differ; replay it with the version and on a processor of then`,
      );
  }
}

// Every byte of every artifact a run uses, hashed again.
import type { Tracker } from '@calm-orch/tracker';
import { readManifest } from './artifact.ts';
import { damageOf, damageOfStage, type Damage } from './damage.ts';
import type { Layout } from './layout.ts';

export interface VerifiedArtifact {
  readonly key: string;
  /** Of its stage; `input`: the pretrained models. */
  readonly kind: string;
  readonly numFiles: number;
  readonly bytes: number;
  /** None: whole. */
  readonly damage: readonly Damage[];
}

export interface VerifiedRun {
  readonly run: string;
  readonly ok: boolean;
  readonly artifacts: readonly VerifiedArtifact[];
}

/** Looks at what the run's finished stages have made, and what they were made from. */
export function verifyRun(tracker: Tracker, layout: Layout, runId: string): VerifiedRun {
  const stages = tracker.listRunStages(runId).filter(({ status }) => status === 'succeeded');
  const kinds = new Map<string, string>(stages.map(({ key, kind }) => [key, kind]));
  const inputs = new Set(stages.flatMap((stage) => Object.values(stage.inputs)).filter((key) => !kinds.has(key)));
  const artifacts = [...inputs, ...kinds.keys()].map((key): VerifiedArtifact => {
    const isStage = kinds.has(key);
    const damage = isStage ? damageOfStage(tracker, layout, key, 'all') : damageOf(layout, key, 'all');
    const files = (isStage ? tracker.listArtifacts(key) : readManifest(layout, key)?.files) ?? [];
    const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
    return { key, kind: kinds.get(key) ?? 'input', numFiles: files.length, bytes, damage };
  });
  return { run: runId, ok: artifacts.every(({ damage }) => damage.length === 0), artifacts };
}

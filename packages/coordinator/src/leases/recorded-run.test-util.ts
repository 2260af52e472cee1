// A run of made-up stages in a tracker: what tests of the coordinator's decisions begin with.
import type { Role, StageKind } from '@calm-orch/core';
import type { Tracker } from '@calm-orch/tracker';
import { layoutOf } from '../artifacts/layout.ts';
import type { PlanStage } from '../plan/plan.ts';
import { defaultPolicy } from './policy.ts';

export const trial = { row: 'all', seed: 0 };
export const never = new AbortController().signal;

export const stage = (kind: StageKind, role: Role, inputs: string[] = [], numItems = 1): PlanStage => ({
  isShared: /^(pretrain|finetune)-/.test(kind),
  key: `key-of-${kind}`,
  kind,
  role,
  label: kind,
  config: { kind },
  numItems,
  cost: 1,
  trials: [trial],
  seedPlace: 0,
  inputs: Object.fromEntries(inputs.map((key) => [key, `key-of-${key}`])),
  ingredients: {},
  modules: {},
  engine: null,
  checkpointEveryMs: 1000,
  keepCheckpoints: 0,
  optimizer: 'replicated' as const,
  exchange: 'host' as const,
  readsLooseFiles: false,
  numShards: 8,
});

/** Records what is planned; returns the keys of what another run has claimed. */
export const recordStages = (tracker: Tracker, runId: string, stages: readonly PlanStage[]): ReadonlySet<string> =>
  tracker.upsertStages(
    runId,
    stages.map((planned) => ({ ...planned, reuse: false })),
  );

export function recordRun(tracker: Tracker, stages: readonly PlanStage[]) {
  const facts = { versions: {}, machine: {}, hash: '', path: '', title: '', resolved: {}, pid: process.pid };
  const { id: runId } = tracker.createRun({ experiment: 'test', trials: [trial], ...facts });
  return { runId, foreign: recordStages(tracker, runId, stages) };
}

/** What the coordinator of a recorded run is given, but for its clock and who hears of its events. */
export const optionsOf = (tracker: Tracker, dir: string, runId: string, stages: readonly PlanStage[]) => ({
  plan: { trials: [trial], seeds: [0], stages },
  runId,
  tracker,
  layout: layoutOf(dir),
  policy: defaultPolicy,
});

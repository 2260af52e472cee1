// Why a stage was executed or reused: its key's ingredients beside those of the stage most like it that was there before.
// Everything comes from the manifests of artifacts, so it can be asked long after the run.
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import {
  differencesOf,
  exchangeNote,
  isExchangeNote,
  stageLabel,
  type Difference,
  type Json,
  type StageKind,
} from '@calm-orch/core';
import type { Execution, Tracker } from '@calm-orch/tracker';
import type { Manifest } from '../artifacts/artifact.ts';
import { readArtifact } from '../artifacts/damage.ts';
import type { Layout } from '../artifacts/layout.ts';

export interface Explanation {
  readonly key: string;
  readonly kind: StageKind;
  readonly label: string;
  readonly execution: Execution;
  /** The run that made it. */
  readonly firstRun: string;
  /** The stage of its kind most like it that is older; null: it is the first. */
  readonly nearest: string | null;
  /**
   * What of its key differs from that one's, by ingredient and path: `config.finetuneScore.steps`, `input model`,
   * `module packages/model/dist/layers/layers.js`, `engine.version`.
   */
  readonly differences: readonly Difference[];
  /** How trainers that shared it added gradients; none where one computed it alone. */
  readonly exchange: readonly string[];
  /** Its artifact or its ingredients are gone, so that nothing can be compared. */
  readonly gone: boolean;
}

/** Every stage of a run in order of its plan, or those whose kind or key begins with `stage`. */
export function explainRun(tracker: Tracker, layout: Layout, runId: string, stage?: string): Explanation[] {
  const manifests = manifestsOf(layout);
  const { trials } = tracker.getRun(runId);
  return tracker
    .listRunStages(runId)
    .filter(({ kind, key }) => stage === undefined || kind === stage || key.startsWith(stage))
    .map((planned) => {
      const { key, kind, execution, firstRunId } = planned;
      const own = manifests.find(({ manifest }) => manifest.key === key);
      const earlier = manifests.filter(
        ({ manifest, madeMs }) => manifest.kind === kind && manifest.key !== key && own && madeMs <= own.madeMs,
      );
      const compared = own === undefined ? [] : earlier.map(({ manifest }) => compare(manifest, own.manifest));
      const nearest = compared.reduce<Comparison | null>(
        (best, next) => (best === null || next.differences.length <= best.differences.length ? next : best),
        null,
      );
      return {
        key,
        kind,
        label: stageLabel(planned, trials),
        execution,
        firstRun: firstRunId,
        gone: own === undefined,
        nearest: nearest?.key ?? null,
        differences: nearest?.differences ?? [],
        exchange: exchangeOf(tracker, firstRunId, key),
      };
    });
}

/** Gangs note how where it was a choice. */
function exchangeOf(tracker: Tracker, runId: string, stageKey: string): string[] {
  const noted = new Set(tracker.stageNotes(runId, stageKey).filter(isExchangeNote));
  const most = Math.max(0, ...tracker.listRosters(stageKey).map(({ members }) => members.length));
  return noted.size > 0 || most < 2 ? [...noted] : [exchangeNote(most, 'in host memory')];
}

interface Comparison {
  readonly key: string;
  readonly differences: readonly Difference[];
}

/** Manifests of all artifacts, the oldest first. */
function manifestsOf(layout: Layout): { readonly manifest: Manifest; readonly madeMs: number }[] {
  const dir = join(layout.dir, 'artifacts');
  return (existsSync(dir) ? readdirSync(dir) : [])
    .flatMap((key) => {
      const manifest = readArtifact(layout, key);
      return manifest === null ? [] : [{ manifest, madeMs: statSync(layout.artifact(key)).mtimeMs }];
    })
    .sort((a, b) => a.madeMs - b.madeMs || (a.manifest.key < b.manifest.key ? -1 : 1));
}

function compare(before: Manifest, now: Manifest): Comparison {
  const { code: oldCode, inputs: oldInputs, ...oldRest } = ingredientsOf(before);
  const { code, inputs, ...rest } = ingredientsOf(now);
  const differences: Difference[] = [
    ...differencesOf('', oldRest, rest),
    ...differencesOf('', oldInputs ?? {}, inputs ?? {}).map((each) => ({ ...each, what: `input ${each.what}` })),
  ];
  if (code !== oldCode) {
    const modules = differencesOfModules(before.modules ?? {}, now.modules ?? {});
    differences.push(
      ...(modules.length > 0 ? modules : [{ what: 'code', before: oldCode ?? null, now: code ?? null }]),
    );
  }
  return { key: before.key, differences };
}

function ingredientsOf({ ingredients }: Manifest): Record<string, Json> {
  return (ingredients ?? {}) as Record<string, Json>;
}

/** Modules by path have a hash; packages have a version. */
function differencesOfModules(
  before: Readonly<Record<string, string>>,
  now: Readonly<Record<string, string>>,
): Difference[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(now)])].sort();
  return names.flatMap((name) =>
    before[name] === now[name]
      ? []
      : [
          {
            what: `${name.includes('/dist/') ? 'module' : 'package'} ${name}`,
            before: before[name] ?? null,
            now: now[name] ?? null,
          },
        ],
  );
}

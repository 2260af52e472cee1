// What a run says of photographs that its data could not use.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readArtifact } from '@calm-orch/coordinator/damage';
import type { Layout } from '@calm-orch/coordinator';
import { inputUseText, type InputUse, type StageKind, type StageResult } from '@calm-orch/core';
import type { Tracker } from '@calm-orch/tracker';
import { plural } from '../progress/format.ts';

/** Kinds that read datasets. */
const readers: readonly StageKind[] = ['data', 'data-personal', 'degrade'];

interface Reading {
  readonly dir: string;
  readonly result: StageResult;
}

/**
 * A sentence for each dataset or pool of which the run's data use something, with what is left out or lacking; then one for
 * each stage that left photographs out.
 */
export function inputNotes(tracker: Tracker, runId: string, layout: Layout): string[] {
  const all = readings(tracker, runId, layout);
  return [...all.flatMap(usesOf), ...all.flatMap(leftOutOf)];
}

function usesOf({ dir }: Reading): string[] {
  const folder = join(dir, 'catalog');
  if (!existsSync(folder)) return [];
  const files = readdirSync(folder).sort();
  const read = <T>(name: RegExp): T[] =>
    files
      .filter((file) => name.test(file))
      .flatMap((file) => JSON.parse(readFileSync(join(folder, file), 'utf8')) as T[]);
  const uses = read<InputUse>(/^use-\w+\.json$/).map((use) => inputUseText(use));
  return [...uses, ...read<string>(/^notes-\w+\.json$/)].map((text) => `data: ${text}`);
}

function leftOutOf({ dir, result }: Reading): string[] {
  const numSkipped = result.metrics?.['data/skipped'] ?? 0;
  const lists = existsSync(join(dir, 'catalog')) ? 'catalog/dropped-*.json' : 'manifest-data.json';
  const verb = numSkipped === 1 ? 'is' : 'are';
  return numSkipped === 0
    ? []
    : [`data: ${plural(numSkipped, 'photograph')} ${verb} left out, listed with reasons in ${join(dir, lists)}`];
}

/** What there is of these kinds: a run that ended early may not have come to make a damaged artifact again. */
function readings(tracker: Tracker, runId: string, layout: Layout): Reading[] {
  const stages = tracker.listRunStages(runId).filter(({ kind }) => readers.includes(kind));
  return stages.flatMap(({ key }) => {
    const artifact = readArtifact(layout, key);
    return artifact === null ? [] : [{ dir: layout.artifact(key), result: artifact.result }];
  });
}

// What the configurations of two runs differ in.
import { differencesOf, type Json, type ResolvedExperiment } from '@calm-orch/core';
import type { RunRecord } from '@calm-orch/tracker';
import type { RunComparison } from './comparison.ts';

/** By path. Names, titles and numbers of workers decide no result and are left out. */
export function configurationDifferences(a: RunRecord, b: RunRecord): RunComparison['configuration'] {
  return differencesOf('', configurationOf(a), configurationOf(b)).map(({ what, before, now }) => ({
    what,
    a: before,
    b: now,
  }));
}

function configurationOf({ resolved, versions }: RunRecord): Json {
  // Runs stored by earlier versions lack some of these.
  const experiment = resolved as unknown as Partial<ResolvedExperiment>;
  const { only, preset, seeds, rehearsal, untilDecided, config, rows = [] } = experiment;
  const rowsByName = Object.fromEntries(
    rows.map(({ row, set, seeds: own }) => [row, { set, ...(own && { seeds: own }) }]),
  );
  return JSON.parse(
    JSON.stringify({ only, preset, seeds, rehearsal, untilDecided, config, rows: rowsByName, versions }),
  ) as Json;
}

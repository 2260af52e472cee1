// The foundation checkpoint as an artifact of the run folder, keyed by its own sha256, so that stages find it among
// their inputs like any other and a run folder holds all its results were made of.
import { copyFileSync, mkdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { sha256, writeFileAtomic, type Experiment } from '@calm-orch/core';
import { manifestName, readArtifact, type Manifest } from './artifact.ts';
import type { Layout } from './layout.ts';

export const foundationFile = 'foundation.safetensors';

/** Copies the checkpoints an experiment's rows start from into artifacts/<sha256>/foundation.safetensors. */
export function importFoundation(layout: Layout, experiment: Experiment): void {
  if (experiment.only === 'foundation') return;
  const paths = new Set(experiment.rows.map((row) => row.config(experiment.seeds[0]!).foundation.checkpoint));
  for (const path of paths) {
    const key = sha256(readFileSync(path));
    if (readArtifact(layout, key) !== null) continue;
    // Of its own: another run may be at the same.
    const staging = `${layout.staging(key)}-${process.pid}`;
    rmSync(staging, { recursive: true, force: true });
    mkdirSync(staging, { recursive: true });
    copyFileSync(path, join(staging, foundationFile));
    const files = [{ path: foundationFile, bytes: statSync(path).size, sha256: key }];
    const manifest: Manifest = { key, kind: 'input', files, result: {}, ingredients: null };
    writeFileAtomic(join(staging, manifestName), `${JSON.stringify(manifest, null, 1)}\n`);
    mkdirSync(join(layout.dir, 'artifacts'), { recursive: true });
    if (readArtifact(layout, key) === null) {
      rmSync(layout.artifact(key), { recursive: true, force: true });
      renameSync(staging, layout.artifact(key));
    } else rmSync(staging, { recursive: true });
  }
}

// All kinds of stages, and where their code is: each role's package keeps a stage of kind `k` in dist/stages/k.js.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { kinds as augmentorKinds } from '@calm-orch/augmentor/kinds';
import { programRoot, sha256, type StageDefinition } from '@calm-orch/core';
import { defaultCacheDir } from '@calm-orch/engine/layout';
import { kinds as evaluatorKinds } from '@calm-orch/evaluator/kinds';
import { kinds as trainerKinds } from '@calm-orch/trainer/kinds';

export const stageKinds: readonly StageDefinition[] = [...augmentorKinds, ...trainerKinds, ...evaluatorKinds];

/** The built module with a kind's stage function; nothing is loaded. */
export function stageEntry({ kind, role }: StageDefinition): string {
  // From src or dist of the package alike: workers always run what is built.
  return fileURLToPath(new URL(`../../dist/stages/${kind}.js`, import.meta.resolve(`@calm-orch/${role}/kinds`)));
}

/** Where the versions of stages' code are remembered, for each folder the program lies in. */
export function codeCacheFile(): string {
  return join(defaultCacheDir(), `code-${sha256(programRoot).slice(0, 16)}.json`);
}

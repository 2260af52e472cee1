// Where the code of stages is: each role's package keeps a stage of kind `k` in dist/stages/k.js.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defaultCacheDir } from '@calm-orch/engine/layout';
import { programRoot, sha256, stageRoles, type Role, type StageKind, type StageRegistry } from '@calm-orch/core';

const photos = `${programRoot}assets/photos`;

/** Folders of files carried with the program that stages of a kind read. */
export const carriedFolders: Readonly<Partial<Record<StageKind, string>>> = { data: photos, degrade: photos };

/** The built module with a kind's stage function; nothing is loaded. */
export function stageEntry(kind: StageKind): string {
  // From src or dist of the package alike: workers always run what is built.
  return fileURLToPath(new URL(`../dist/stages/${kind}.js`, import.meta.resolve(`@calm-orch/${stageRoles[kind]}`)));
}

/** Where the versions of stages' code are remembered, for each folder the program lies in. */
export function codeCacheFile(): string {
  return join(defaultCacheDir(), `code-${sha256(programRoot).slice(0, 16)}.json`);
}

/** Loads a role's stages into this process. */
export async function loadStages(role: Role): Promise<StageRegistry> {
  switch (role) {
    case 'trainer':
      return (await import('@calm-orch/trainer')).stages;
    case 'augmentor':
      return (await import('@calm-orch/augmentor')).stages;
    case 'evaluator':
      return (await import('@calm-orch/evaluator')).stages;
  }
}

// Where the code of stages is: each role's package keeps a stage of kind `k` in dist/stages/k.js. The environment's
// CALM_ORCH_STAGES names one module (a StageRegistry as `stages`) in place of all of them, for tests of the processes.
import { fileURLToPath, pathToFileURL } from 'node:url';
import { join, resolve } from 'node:path';
import { programRoot, sha256, stageRoles, type Role, type StageKind, type StageRegistry } from '@calm-orch/core';

const photos = `${programRoot}assets/photos`;

/** Folders of files carried with the program that stages of a kind read. */
export const carriedFolders: Readonly<Partial<Record<StageKind, string>>> = { data: photos, degrade: photos };

const replacement = (env: NodeJS.ProcessEnv): string | undefined => env['CALM_ORCH_STAGES'] || undefined;

/** The built module with a kind's stage function; nothing is loaded. */
export function stageEntry(kind: StageKind, env: NodeJS.ProcessEnv = process.env): string {
  const other = replacement(env);
  if (other !== undefined) return resolve(other);
  // From src or dist of the package alike: workers always run what is built.
  return fileURLToPath(new URL(`../dist/stages/${kind}.js`, import.meta.resolve(`@calm-orch/${stageRoles[kind]}`)));
}

/** Where the versions of stages' code are remembered, for each folder the program lies in. */
export async function codeCacheFile(): Promise<string> {
  const { defaultCacheDir } = await import('@calm-orch/engine');
  return join(defaultCacheDir(), `code-${sha256(programRoot).slice(0, 16)}.json`);
}

/** Loads a role's stages into this process. */
export async function loadStages(role: Role, env: NodeJS.ProcessEnv = process.env): Promise<StageRegistry> {
  const other = replacement(env);
  if (other !== undefined)
    return ((await import(pathToFileURL(resolve(other)).href)) as { stages: StageRegistry }).stages;
  switch (role) {
    case 'trainer':
      return (await import('@calm-orch/trainer')).stages;
    case 'augmentor':
      return (await import('@calm-orch/augmentor')).stages;
    case 'evaluator':
      return (await import('@calm-orch/evaluator')).stages;
  }
}

/** Whether stages need the engine. */
export function needsEngine(env: NodeJS.ProcessEnv = process.env): boolean {
  return replacement(env) === undefined;
}

// What the program takes from its environment. Tests and chaos break it from outside, or by modules that Node loads before
// it (`--import`); a variable or a signal that is there for them alone would also be there for everybody else.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { repository, workspacePackages } from './sources.ts';

const variables: Readonly<Record<string, string>> = {
  CALM_ORCH_ADDRESS: 'of the coordinator, to its workers',
  CALM_ORCH_BACKEND: 'the engine that is wanted',
  CALM_ORCH_CERTIFICATE_SECONDS: 'how long certificates are good',
  CALM_ORCH_DEBUG: 'stacks of errors',
  CALM_ORCH_DETACHED: 'to the process in the background',
  CALM_ORCH_DIR: 'the run folder',
  CALM_ORCH_GPU_IN_TURNS: 'of the coordinator, to workers that share a GPU',
  CALM_ORCH_HOST: 'of the coordinator, to its trainers',
  CALM_ORCH_INSTANCE: 'of the coordinator, to its workers',
  CALM_ORCH_JOIN: 'a join token',
  CALM_ORCH_METEOR_DIR: "METEOR's own folder",
  CALM_ORCH_TAKEOVER_MS: 'of the coordinator, to its workers',
  CALM_ORCH_TENSORS: 'tensors are streamed',
  CALM_ORCH_TENSOR_ADDRESS: 'of a trainer, to its compute child',
  CALM_ORCH_TENSOR_TOKEN: 'of a trainer, to its compute child',
  CALM_ORCH_TOKEN: 'of the coordinator, to its workers',
  CALM_ORCH_WORDNET_DIR: "WordNet's own folder",
};

const product = workspacePackages()
  .flatMap(({ files }) => files)
  .filter((file) => !file.startsWith('packages/cli/src/chaos/'))
  .map((file) => readFileSync(join(repository, file), 'utf8'));
const found = (pattern: RegExp): string[] => [...new Set(product.flatMap((text) => text.match(pattern) ?? []))].sort();

test('the program reads no variable of its own but those for users and for the processes it starts', () => {
  expect(found(/CALM_ORCH_\w+/g)).toEqual(Object.keys(variables).sort());
});

test('the program takes no signal that schedulers of clusters send for purposes of their own', () => {
  expect(found(/SIGUSR[12]/g)).toEqual([]);
});

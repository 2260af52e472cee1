// Parts of the program that its commands reach through one object: where stages' code is, and the engine. Stories replace
// them before a process begins (`node --import`); nothing in the product does.
import { engineFacts } from '../surroundings/engine-facts.ts';
import { codeCacheFile, stageEntry, stageKinds } from './stage-kinds.ts';

export const parts = { codeCacheFile, engineFacts, stageEntry, stageKinds };

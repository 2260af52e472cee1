// A result has the bits of the engine that computed it, and a stage's key names that engine: no other computes the stage.
import type { Json } from '@calm-orch/core';
import { differencesOf } from '../plan/explain.ts';

/** Whether a worker's engine is the one that a stage's key names, where it names one. */
export function fits(own: string | null, { engine }: { readonly engine: string | null }): boolean {
  return engine === null || own === null || own === engine;
}

/** `instructionSet is "AVX2", not "AVX-512"`. */
export function misfitText(own: string, named: string): string {
  return differencesOf('', JSON.parse(named) as Json, JSON.parse(own) as Json)
    .map(({ what, before, now }) => `${what || 'it'} is ${JSON.stringify(now)}, not ${JSON.stringify(before)}`)
    .join('; ');
}

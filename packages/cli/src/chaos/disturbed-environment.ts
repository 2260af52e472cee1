// The environment of a disturbed run: Node loads the modules that carry its faults before each of its processes, so that
// the product needs no switch for them.
import { join } from 'node:path';
import { plantVariable, type PlantedFault, type PlantedInRun } from './planted-fault.ts';

/** Built, also where this runs from the sources. */
const built = (name: 'breakable' | 'plant'): URL => new URL(`../../dist/chaos/${name}.js`, import.meta.url);

/** There once a bit has flipped in the run in `dir`. */
export const flipped = (dir: string): string => join(dir, 'bit-has-flipped');

/** Of the processes of the run in `dir`: `inject` can break them, and one trains wrongly where a fault is planted. */
export function disturbedEnvironment(
  dir: string,
  planted: PlantedFault | undefined,
  env: NodeJS.ProcessEnv = process.env,
): NodeJS.ProcessEnv {
  const breakable = built('breakable');
  breakable.searchParams.set('run', dir);
  const modules = [breakable, ...(planted ? [built('plant')] : [])];
  return {
    ...env,
    NODE_OPTIONS: [env['NODE_OPTIONS'] ?? '', ...modules.map(({ href }) => `--import ${href}`)].join(' ').trim(),
    ...(planted && { [plantVariable]: JSON.stringify({ ...planted, done: flipped(dir) } satisfies PlantedInRun) }),
  };
}

// Where the files lie that come with the program: experiments, ablations, assets. In a clone the packages stand in its
// folder `packages`; in an installed package they are bundled below its own `node_modules/@calm-orch`.
import { basename, dirname, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of the clone or of the installed package, with a separator at its end. */
export const programRoot = rootAbove(fileURLToPath(new URL('../../../', import.meta.url)));

/** `folder` holds the folder of packages. */
export function rootAbove(folder: string): string {
  return basename(folder) === 'node_modules' ? `${dirname(folder)}${sep}` : folder;
}

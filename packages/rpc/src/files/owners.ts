// Names in a folder that several processes of a host share: what belongs to one of them carries its name, so that the others
// can tell what a process that was killed has left.
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { isOwnerDead } from '../address.ts';

const sign = '~';

export const ownedBy = (what: string, owner: string): string => `${what}${sign}${owner}`;

/** `what` and `owner` of such a name. */
export function splitName(name: string): { readonly what: string; readonly owner: string } {
  const at = name.lastIndexOf(sign);
  return { what: name.slice(0, Math.max(0, at)), owner: name.slice(at + 1) };
}

/** Removes what processes that are gone have left in a folder. */
export function removeOrphans(dir: string): void {
  for (const name of readdirSync(dir))
    if (isOwnerDead(splitName(name).owner)) rmSync(join(dir, name), { recursive: true, force: true });
}

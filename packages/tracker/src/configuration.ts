// What a recorded configuration says of a trial. Configurations are the core's; only what every version of them has is read.
import { hashOf, type Json } from '@calm-orch/core';

interface Resolved {
  readonly rehearsal?: boolean;
  readonly config?: Json;
  readonly rows?: readonly { readonly row: string; readonly set?: Json; readonly rehearsed?: Json }[];
}

/** Hash of all that is set for trials of the row but their seeds. */
export function configurationOf(resolved: Json, row: string): string {
  const { config = null, rows = [] } = resolved as Resolved;
  const { set = null, rehearsed = null } = rows.find((one) => one.row === row) ?? {};
  return hashOf({ config, set, rehearsed });
}

export function isRehearsal(resolved: Json): boolean {
  return (resolved as Resolved).rehearsal === true;
}

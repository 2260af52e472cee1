// Rows of other people's outputs. They are written by `calm-orch import`, the one writer besides coordinators.
import { and, eq } from 'drizzle-orm';
import { canonicalJson } from '@calm-orch/core';
import type { Store } from '../database/database.ts';
import { imports } from '../database/schema.ts';
import type { ImportRecord } from '../types.ts';

/** Replaces what was imported before under the same name for the same table and kind. */
export function recordImport({ db, clock }: Store, { table, metrics, ...record }: ImportRecord): void {
  const row = { ...record, tableId: table, metrics: canonicalJson(metrics), createdMs: clock() };
  db.insert(imports)
    .values(row)
    .onConflictDoUpdate({ target: [imports.experiment, imports.tableId, imports.name, imports.kind], set: row })
    .run();
}

/** By table, name and kind. */
export function listImports({ db }: Store, experiment: string): ImportRecord[] {
  return db
    .select()
    .from(imports)
    .where(eq(imports.experiment, experiment))
    .orderBy(imports.tableId, imports.name, imports.kind)
    .all()
    .map(({ tableId: table, metrics, createdMs: _, ...record }) => ({
      ...record,
      table,
      metrics: JSON.parse(metrics) as ImportRecord['metrics'],
    }));
}

/** How many rows went. */
export function removeImports({ db }: Store, experiment: string, name: string): number {
  return db
    .delete(imports)
    .where(and(eq(imports.experiment, experiment), eq(imports.name, name)))
    .run().changes;
}

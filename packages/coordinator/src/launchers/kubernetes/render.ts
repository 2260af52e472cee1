// Manifests for people, and for `kubectl`, before anything is started.
import { roles, type Role } from '@calm-orch/core';
import { stringify } from 'yaml';
import { jobOf, secretOf, type KubeOptions } from './manifests.ts';

/** What a run of an experiment would put into the cluster, as YAML. The cluster is not asked. */
export function renderManifests(
  experiment: string,
  counts: Readonly<Record<Role, number>>,
  options: KubeOptions,
  dir: string,
): string {
  const run = { id: `${experiment}-1`, uid: '00000000', dir };
  const documents = roles.flatMap((role) => {
    const job = { role, number: 1, slots: Array.from({ length: counts[role] }, (_, index) => index) };
    const tokens = job.slots.map(() => 'made when the run begins');
    return job.slots.length === 0 ? [] : [secretOf(run, job, options, tokens), jobOf(run, job, options)];
  });
  const note = "# The run's number, the eight digits after it and the tokens are made when it begins.\n";
  return (
    note +
    documents.map((document) => `---\n${stringify(document, { lineWidth: 0, aliasDuplicateObjects: false })}`).join('')
  );
}

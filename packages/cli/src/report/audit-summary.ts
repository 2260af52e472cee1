// What `audit` finds, in a few numbers.
import type { ReportAudit } from '@calm-orch/dashboard';
import type { RunRecord, Tracker } from '@calm-orch/tracker';

/** null: no training stage has succeeded. */
export async function auditSummary(tracker: Tracker, run: RunRecord): Promise<ReportAudit | null> {
  const { auditRun } = await import('@calm-orch/coordinator');
  const { parts } = await import('../run/parts.ts');
  const { ok, stages } = auditRun(tracker, run.id, parts.stageKinds);
  if (stages.length === 0) return null;
  const sum = (of: (stage: (typeof stages)[number]) => number): number =>
    stages.reduce((total, stage) => total + of(stage), 0);
  return {
    isOk: ok,
    numStages: stages.length,
    applied: sum(({ applied }) => applied),
    demanded: sum(({ steps, shards }) => steps * shards),
    superseded: sum(({ superseded }) => superseded),
    problems: stages.flatMap(({ kind, key, problems }) => problems.map((one) => `${kind} ${key.slice(0, 8)}: ${one}`)),
  };
}

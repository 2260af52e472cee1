// Proof from the ledger that every sample of every step is in the weights exactly once.
import type { ArgumentsCamelCase, Argv } from 'yargs';
import { columns } from '@calm-orch/report';
import { openTracker } from '@calm-orch/tracker';
import type { GlobalOptions } from '../cli.ts';
import { jsonOption } from '../options/json-option.ts';
import { namedRun } from '../options/named-run.ts';
import { printJson, printLine } from '../output.ts';

interface Options extends GlobalOptions {
  run?: string;
  json: boolean;
}

export const command = {
  builder: (args: Argv<GlobalOptions>) =>
    args
      .positional('run', { type: 'string', describe: 'A run or experiment [default: the last run]' })
      .option('json', jsonOption)
      .example('$0 audit', 'the last run')
      .example('$0 audit smoke-1 --json', 'for scripts; exit code 1 when something is missing or counted twice'),
  handler: async ({ dir, run: wanted, json }: ArgumentsCamelCase<Options>) => {
    const { auditRun } = await import('@calm-orch/coordinator');
    const { parts } = await import('../run/parts.ts');
    const tracker = openTracker(dir, { access: 'read' });
    try {
      const { id } = namedRun(tracker, wanted);
      const audit = auditRun(tracker, id, parts.stageKinds);
      if (!audit.ok) process.exitCode = 1;
      if (json) return printJson(audit);
      const rows = audit.stages.map((stage) => [
        `${stage.kind} ${stage.key.slice(0, 8)}`,
        `${stage.applied} of ${stage.steps * stage.shards}`,
        String(stage.superseded),
        String(stage.digests),
        stage.workers.join(', '),
        stage.ok ? (stage.exact ? 'ok' : 'ok *') : 'NOT OK',
      ]);
      printLine(columns([['stage', 'shards of steps', 'given up', 'digests', 'computed by', ''], ...rows]).join('\n'));
      for (const { kind, key, problems } of audit.stages)
        for (const problem of problems) printLine(`${kind} ${key.slice(0, 8)}: ${problem}`);
      if (audit.stages.some(({ ok, exact }) => ok && !exact))
        printLine(
          '* trained by an earlier version: no step is missing; order and samples of the steps were not recorded then',
        );
      printLine(
        audit.ok
          ? `\nRun ${id}: every sample of every step entered the weights exactly once (${audit.stages.length} training stages).`
          : `\nRun ${id}: NOT every sample entered the weights exactly once.`,
      );
    } finally {
      tracker.close();
    }
  },
};

// Why each stage of a run was executed or reused.
import type { ArgumentsCamelCase, Argv } from 'yargs';
import { openTracker } from '@calm-orch/tracker';
import type { GlobalOptions } from '../cli.ts';
import { jsonOption } from '../options/json-option.ts';
import { namedRun } from '../options/named-run.ts';
import { printJson, printLine } from '../output.ts';
import { noSuchStage } from '../views/show-stage.ts';

interface Options extends GlobalOptions {
  run?: string;
  stage?: string;
  json: boolean;
}

export const command = {
  builder: (args: Argv<GlobalOptions>) =>
    args
      .positional('run', { type: 'string', describe: 'A run or experiment [default: the last run]' })
      .positional('stage', { type: 'string', describe: 'Only this kind of stage, or the key that begins so' })
      .option('json', jsonOption)
      .example('$0 explain', 'the last run')
      .example('$0 explain smoke-2 finetune-score', 'some of its stages'),
  handler: async ({ dir, run: wanted, stage, json }: ArgumentsCamelCase<Options>) => {
    const { explainRun, layoutOf } = await import('@calm-orch/coordinator');
    const tracker = openTracker(dir, { access: 'read' });
    try {
      const { id } = namedRun(tracker, wanted);
      const explained = explainRun(tracker, layoutOf(dir), id, stage);
      if (explained.length === 0) throw noSuchStage(id, stage!);
      if (json) return printJson({ run: id, stages: explained });
      for (const { key, label, execution, firstRun, nearest, differences, exchange, gone } of explained) {
        const how = execution === 'executed' ? 'executed' : `reused from ${firstRun}`;
        printLine(`${label} (${key.slice(0, 8)}): ${how}`);
        for (const how of exchange) printLine(`  ${how}`);
        if (gone) printLine('  its artifact is gone, so there is nothing to compare');
        else if (nearest === null) printLine('  the first of its kind in this run folder');
        else {
          const same = differences.length === 0 ? ': equal' : ' in:';
          printLine(`  differs from ${nearest.slice(0, 8)}, the earlier one most like it,${same}`);
        }
        for (const { what, before, now } of differences) printLine(`    ${what}: ${shown(before)} -> ${shown(now)}`);
      }
    } finally {
      tracker.close();
    }
  },
};

/** Hashes are cut short. */
function shown(value: unknown): string {
  if (typeof value === 'string' && /^[0-9a-f]{16,}$/.test(value)) return value.slice(0, 8);
  return value === null ? 'none' : JSON.stringify(value);
}

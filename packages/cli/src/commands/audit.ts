// Proof from the ledger that every sample of every step is in the weights exactly once; and, with `--replay`, that stretches
// of the training give the recorded digests again.
import type { ArgumentsCamelCase, Argv } from 'yargs';
import { columns } from '@calm-orch/report';
import { CalmError } from '@calm-orch/core';
import { openTracker } from '@calm-orch/tracker';
import type { GlobalOptions } from '../cli.ts';
import { jsonOption } from '../options/json-option.ts';
import { namedRun } from '../options/named-run.ts';
import { printJson, printLine } from '../output.ts';
import type { Replay } from '../replay/replay.ts';

interface Options extends GlobalOptions {
  run?: string;
  replay?: number;
  seed: number;
  json: boolean;
}

/** Ctrl-C leaves no process and no temporary folder. */
function endedBySignal(): AbortSignal {
  const end = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => end.abort());
  return end.signal;
}

function replayLines({ seed, ok, stretches, replayed, detection }: Replay): string[] {
  const words = (digests: readonly string[]): string => (digests.length === 0 ? 'none' : digests.join(' and '));
  const rows = replayed.map(({ kind, key, first, end, differing }) => [
    `${kind} ${key.slice(0, 8)}`,
    `steps ${first} to ${end}`,
    differing.length === 0 ? 'agrees' : 'DIFFERS',
  ]);
  const differences = replayed.flatMap(({ kind, key, differing }) =>
    differing.map(
      ({ step, recorded, computed }) =>
        `${kind} ${key.slice(0, 8)}: digest after step ${step}: recorded ${words(recorded)}, computed ${words(computed)}`,
    ),
  );
  const found = detection.map(({ altered, probability }) => `${altered}: ${(100 * probability).toFixed(1)} %`);
  return [
    `\nReplayed ${replayed.length} of ${stretches} stretches (seed ${seed}): ${ok ? 'all agree' : 'NOT all agree'}.`,
    ...(rows.length === 0 ? [] : [columns(rows)]).flat(),
    ...differences,
    `So many altered stretches would have been found with this probability: ${found.join(', ')}.`,
  ];
}

export const command = {
  builder: (args: Argv<GlobalOptions>) =>
    args
      .positional('run', { type: 'string', describe: 'A run or experiment [default: the last run]' })
      .option('replay', {
        type: 'number',
        requiresArg: true,
        describe: 'Compute so many stretches of the training again and compare their digests (docs/audit.md)',
      })
      .option('seed', { type: 'number', requiresArg: true, default: 0, describe: 'Which stretches' })
      .option('json', jsonOption)
      .example('$0 audit', 'the last run')
      .example(
        '$0 audit smoke-1 --replay 5 --seed 7',
        'five stretches are trained again; exit code 1 where one differs',
      )
      .example('$0 audit smoke-1 --json', 'for scripts; exit code 1 when something is missing or counted twice'),
  handler: async ({ dir, run: wanted, replay: count, seed, json }: ArgumentsCamelCase<Options>) => {
    for (const [name, value] of Object.entries({ replay: count ?? 0, seed }))
      if (!(Number.isSafeInteger(value) && value >= 0))
        throw new CalmError('invalid_argument', `--${name}: expected a whole number from 0 up, got ${value}`);
    const { auditRun, layoutOf } = await import('@calm-orch/coordinator');
    const { parts } = await import('../run/parts.ts');
    const tracker = openTracker(dir, { access: 'read' });
    try {
      const run = namedRun(tracker, wanted);
      const { id } = run;
      const audit = auditRun(tracker, id, parts.stageKinds);
      const log = (line: string): void => void process.stderr.write(`${line}\n`);
      const replay =
        count === undefined
          ? null
          : await (
              await import('../replay/replay.ts')
            ).replayRun(tracker, run, audit.stages, {
              layout: layoutOf(dir),
              ...{ count, seed, log, signal: endedBySignal() },
            });
      if (!audit.ok || replay?.ok === false) process.exitCode = 1;
      if (json) return printJson({ ...audit, ok: audit.ok && replay?.ok !== false, ...(replay && { replay }) });
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
      if (replay !== null) for (const line of replayLines(replay)) printLine(line);
    } finally {
      tracker.close();
    }
  },
};

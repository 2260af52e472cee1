// Shows that nothing that dies changes a result.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ArgumentsCamelCase, Argv } from 'yargs';
import { CalmError, ignoresHangup } from '@calm-orch/core';
import type { GlobalOptions } from '../cli.ts';
import { flipKinds, plantedKinds, type PlantedKind } from '../chaos/planted-fault.ts';
import { experimentFile, setOption } from '../options/experiment-options.ts';
import { jsonOption } from '../options/json-option.ts';
import { printJson, printLine } from '../output.ts';

interface Options extends GlobalOptions {
  experiment: string;
  faults?: number;
  seed: number;
  trainers: number;
  gangMinLeft: number;
  hangTimeout: number;
  set: string[];
  selfTest?: string;
  json: boolean;
}

/** Without a value: `any`. @throws CalmError `invalid_argument` for what is no kind */
function kindOf(wanted: string | undefined): PlantedKind | 'any' | null {
  if (wanted === undefined || wanted === '') return wanted === undefined ? null : 'any';
  const kind = plantedKinds.find((each) => each === wanted);
  if (kind !== undefined) return kind;
  throw new CalmError('invalid_argument', `--self-test: expected nothing or ${plantedKinds.join(', ')}, got ${wanted}`);
}

/** What a flipped bit needs: whole replicas, or slices of the optimizer and checkpoints to replay from. */
function settingsOf(kind: PlantedKind | 'any' | null): string[] {
  if (kind === 'flip-replica') return ['train.optimizer=replicated'];
  return kind === 'flip-slice' ? ['train.optimizer=partitioned', 'train.keepCheckpoints=1000'] : [];
}

export const command = {
  builder: (args: Argv<GlobalOptions>) =>
    args
      .positional('experiment', { type: 'string', demandOption: true, describe: experimentFile })
      .option('faults', {
        type: 'number',
        requiresArg: true,
        describe: 'Faults to inject [default: 20; with a flipped bit 0]',
      })
      .option('seed', { type: 'number', requiresArg: true, default: 0, describe: 'Which faults, and when' })
      .option('trainers', { type: 'number', requiresArg: true, default: 2, describe: 'Trainers of both runs' })
      .option('gang-min-left', {
        type: 'number',
        requiresArg: true,
        default: 0,
        describe: 'Seconds a stage must have left for an idle trainer to join it',
      })
      .option('hang-timeout', {
        type: 'number',
        requiresArg: true,
        default: 15,
        describe: 'Seconds without progress after which a computation is replaced',
      })
      .option('set', setOption)
      .option('self-test', {
        type: 'string',
        describe: `Plant a fault in the training of the disturbed run; exit code 0 when it is found (${plantedKinds.join(', ')}) [default: one of the first three]`,
      })
      .option('json', { ...jsonOption, describe: `${jsonOption.describe}; what happens on stderr` })
      .example('$0 chaos experiments/smoke.yaml --faults 20 --seed 7', 'exit code 1 when anything differs'),
  handler: async (options: ArgumentsCamelCase<Options>): Promise<void> => {
    const { dir, experiment, seed, trainers, gangMinLeft, hangTimeout, json } = options;
    const selfTest = kindOf(options.selfTest);
    const { faults: numFaults = flipKinds.some((kind) => kind === selfTest) ? 0 : 20 } = options;
    for (const [name, value] of Object.entries({ faults: numFaults, seed }))
      if (!(Number.isSafeInteger(value) && value >= 0))
        throw new CalmError('invalid_argument', `--${name}: expected a whole number from 0 up, got ${value}`);
    const { chaos } = await import('../chaos/chaos.ts');
    const say = (line: string): void => (json ? process.stderr.write(`${line}\n`) : printLine(line)) as void;
    const cancel = new AbortController();
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => cancel.abort());
    // The run it started has no terminal of its own, and would go on.
    if (!ignoresHangup()) process.on('SIGHUP', () => cancel.abort());
    const numbers = { trainers, 'gang-min-left': gangMinLeft, 'hang-timeout': hangTimeout };
    const report = await chaos({
      program: fileURLToPath(new URL('../../bin/calm-orch.js', import.meta.url)),
      experiment: [experiment, ...[...options.set, ...settingsOf(selfTest)].flatMap((each) => ['--set', each])],
      processes: Object.entries(numbers).flatMap(([name, value]) => [`--${name}`, String(value)]),
      dir: join(dir, `chaos-${seed}`),
      numFaults,
      seed,
      selfTest,
      onLine: say,
      signal: cancel.signal,
    });
    const { faults, fingerprintsEqual, tablesEqual, metricsEqual, ledgerOk, resumes } = report;
    const { planted } = report;
    const isUndisturbed = fingerprintsEqual && tablesEqual && metricsEqual && ledgerOk;
    const isAsExpected = (planted?.found ?? true) && (isUndisturbed || (planted && planted.kind !== 'flip-replica'));
    if (!isAsExpected) process.exitCode = 1;
    if (json) return printJson(report);
    const verdict = (holds: boolean): string => (holds ? 'equal' : 'DIFFERENT');
    printLine(
      `${faults.length} faults, ${resumes} resumes: fingerprints ${verdict(fingerprintsEqual)}, tables ${verdict(tablesEqual)}, ` +
        `metrics ${verdict(metricsEqual)}, ledger ${ledgerOk ? 'ok' : 'NOT OK'}.`,
    );
    for (const problem of report.problems) printLine(`  ${problem}`);
    if (planted !== undefined)
      printLine(
        `Planted: ${planted.kind} at step ${planted.step} of ${planted.stage}. ` +
          (planted.found ? 'It was found.' : 'It was NOT found.'),
      );
  },
};

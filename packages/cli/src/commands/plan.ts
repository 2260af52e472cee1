// What a run would do, without doing it: stages shared between trials and experiments, and what the run folder has already.
import { join } from 'node:path';
import type { ArgumentsCamelCase, Argv } from 'yargs';
import { CalmError, hashOf, presets, type TrialConfig } from '@calm-orch/core';
import type { PlanSources } from '@calm-orch/coordinator';
import { makeRehearsalModels } from '../run/rehearsal-models.ts';
import { columns } from '@calm-orch/report';
import { hasTracker, openTracker } from '@calm-orch/tracker';
import type { GlobalOptions } from '../cli.ts';
import { jsonOption } from '../options/json-option.ts';
import { needsOf, throwNeeds } from '../surroundings/check-needs.ts';
import { checkSurroundings } from '../surroundings/check-surroundings.ts';
import { checkDisk } from '../surroundings/disk.ts';
import {
  experimentFile,
  loadNamed,
  withExperimentOptions,
  type ExperimentOptions,
} from '../options/experiment-options.ts';
import { printJson, printLine } from '../output.ts';
import { plural } from '../progress/format.ts';
import { parts } from '../run/parts.ts';
import { costsOf, largestConfig, type Machine } from '../views/costs.ts';
import { renderCosts } from '../views/costs-text.ts';
import { fullRunOf, renderFullRun, renderWork } from '../views/full-run.ts';

interface Options extends GlobalOptions, ExperimentOptions {
  experiments: string[];
  preset?: TrialConfig['preset'];
  gpus: number;
  gpuMemory: number;
  gflops?: number;
  linkGbps?: number;
  diskGbs?: number;
  json: boolean;
}

export const command = {
  builder: (args: Argv<GlobalOptions>) =>
    withExperimentOptions(args)
      .positional('experiments', {
        type: 'string',
        array: true,
        demandOption: true,
        describe: `${experimentFile}; several are planned as if run one after the other in the run folder`,
      })
      .option('preset', {
        choices: Object.keys(presets) as TrialConfig['preset'][],
        describe: "Sizes of the models and lengths of training, instead of the files'",
      })
      .option('gpus', { type: 'number', requiresArg: true, default: 8, describe: 'GPUs the costs are shared among' })
      .option('gpu-memory', { type: 'number', requiresArg: true, default: 80, describe: 'Memory of each, GB' })
      .option('gflops', {
        type: 'number',
        requiresArg: true,
        describe: 'GFLOP/s of one GPU, for the time [default: a matrix product is timed here]',
      })
      .option('link-gbps', {
        type: 'number',
        requiresArg: true,
        describe: 'Gbit/s at which a trainer receives from the others, for the time of exchanges [default: not timed]',
      })
      .option('disk-gbs', {
        type: 'number',
        requiresArg: true,
        describe: 'GB/s of the disk, for the time of a checkpoint [default: not timed]',
      })
      .option('until-decided', { type: 'boolean', hidden: true })
      .check(({ 'until-decided': untilDecided }) => {
        if (untilDecided === undefined) return true;
        throw new CalmError(
          'invalid_argument',
          '--until-decided: how many seeds it takes only the results tell; --seeds 0,1,2,3,4,5,6,7 plans the most of it',
        );
      })
      .check(({ gpus, 'gpu-memory': memory, gflops, 'link-gbps': link, 'disk-gbs': disk }) => {
        const rates = [
          ['--gflops', 'GFLOP/s', gflops],
          ['--link-gbps', 'Gbit/s', link],
          ['--disk-gbs', 'GB/s', disk],
        ] as const;
        for (const [option, unit, rate] of rates)
          if (rate !== undefined && !(rate > 0))
            throw new CalmError('invalid_argument', `${option}: expected ${unit} above 0, got ${rate}`);
        if (!(Number.isSafeInteger(gpus) && gpus > 0))
          throw new CalmError('invalid_argument', `--gpus: expected a whole number of at least 1, got ${gpus}`);
        if (!(memory > 0)) throw new CalmError('invalid_argument', `--gpu-memory: expected GB above 0, got ${memory}`);
        return true;
      })
      .option('json', jsonOption)
      .example('$0 plan experiments/*.yaml', 'what sharing saves')
      .example('$0 plan experiments/ablation-mfam.yaml --preset paper --gpus 8', 'what the sizes of the paper cost'),
  handler: async (options: ArgumentsCamelCase<Options>) => {
    const { dir, experiments, json, preset, gpus, gpuMemory, gflops, linkGbps, diskGbs } = options;
    const { checkArtifacts, countStages, layoutOf, planExperiment, planSources } =
      await import('@calm-orch/coordinator');
    const { datasetIdentity, photosIdentity } = await import('@calm-orch/datasets');
    const facts = await parts.engineFacts((line) => process.stderr.write(`${line}\n`), new AbortController().signal);
    const sources = await planSources({
      kinds: parts.stageKinds,
      stageEntry: parts.stageEntry,
      engine: facts.identity,
      datasetIdentity,
      photosIdentity,
      hashCache: join(dir, 'hashes.json'),
      codeCache: parts.codeCacheFile(),
    });
    const loaded = await Promise.all(experiments.map((path) => loadNamed(path, options, preset)));
    const [needNotes, stops] = [new Set<string>(), new Set<string>()];
    for (const experiment of loaded) {
      await makeRehearsalModels(experiment);
      const needs = await needsOf(experiment);
      const [unnamed, others] = [true, false].map((is) =>
        needs.problems.filter(({ isUnnamed = false }) => isUnnamed === is),
      );
      throwNeeds({ ...needs, problems: others! });
      for (const { text } of unnamed!) stops.add(text);
      for (const note of needs.notes) needNotes.add(note);
    }
    const planned: PlanSources = { ...sources, foundation: foundationOr(sources, stops.size > 0) };
    const plans = loaded.map((experiment) => planExperiment(experiment, planned));
    const isRehearsal = loaded.every((experiment) => experiment.rehearsal);
    const only = loaded.every((experiment) => experiment.only !== null);
    const config = await largestConfig(loaded);
    const machine: Machine = {
      gpus,
      gpuMemoryGb: gpuMemory,
      ...{ linkGbps, diskGbs },
      gflops:
        gflops === undefined
          ? { value: await (await import('../surroundings/matmul-rate.ts')).measureGflops(), source: 'measured' }
          : { value: gflops, source: 'given' },
    };
    const all = await costsOf(config, machine);
    // The foundation is no trial: what stages of trials would cost says nothing about it.
    const costs = only ? { ...all, stageFlops: [] } : all;
    const tracker = hasTracker(dir) ? openTracker(dir, { access: 'read' }) : null;
    try {
      const stages = plans.flatMap((plan) => plan.stages);
      const checked = tracker === null ? null : await checkArtifacts(tracker, layoutOf(dir), stages);
      const isDone = (key: string): boolean => checked?.whole.has(key) === true;
      const counts = countStages(plans, isDone);
      const stop = (error: unknown): void => {
        if (!(error instanceof CalmError)) throw error;
        stops.add(error.message);
      };
      for (const [i, plan] of plans.entries()) {
        await checkSurroundings(plan, isDone).catch(stop);
        await checkDisk(plan, loaded[i]!, isDone, dir).catch(stop);
      }
      for (const reason of stops) process.stderr.write(`A run would stop at once: ${reason}\n`);
      const fullRuns = await Promise.all(
        loaded.filter((one) => one.only === null).map((one) => fullRunOf(one, sources, machine)),
      );
      if (json) return printJson({ experiments, ...counts, costs, ...(fullRuns.length > 0 && { fullRuns }) });
      const rows = counts.kinds.map(({ kind, naive, unique, done }) => [kind, naive, unique, done].map(String));
      const { naive, unique, done } = counts.total;
      printLine(columns([['stage', 'one by one', 'shared', 'done before'], ...rows]).join('\n'));
      printLine(
        `\n${plural(counts.numTrials, 'trial')} in ${plural(experiments.length, 'experiment')}: ${naive} stages one by one, ` +
          `${unique} when equal ones are shared, ${done} of them done in ${dir}: ${unique - done} to execute.`,
      );
      if (!isRehearsal) printLine(`\n${renderCosts(costs)}`);
      const named = loaded.filter((one) => one.only === null).map(({ name }) => name);
      fullRuns.forEach((full, i) => printLine(`\n${isRehearsal ? renderFullRun(full) : renderWork(named[i]!, full)}`));
    } finally {
      for (const note of [...needNotes, ...(sources.notes?.() ?? [])]) process.stderr.write(`note: ${note}\n`);
      tracker?.close();
    }
  },
};

/** Without the preset's checkpoints stages are counted all the same; none of them is done. */
function foundationOr({ foundation }: PlanSources, areMissing: boolean): PlanSources['foundation'] {
  return areMissing ? (config) => ({ key: hashOf(['not there', config]), file: config.checkpoint }) : foundation;
}

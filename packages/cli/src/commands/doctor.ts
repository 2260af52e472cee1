import { resolve } from 'node:path';
import type { ArgumentsCamelCase, Argv } from 'yargs';
import type { Missing } from '@calm-orch/engine';
import type { GlobalOptions } from '../cli.ts';
import { jsonOption } from '../options/json-option.ts';
import { isEnough, limitText, machineLimits, type MachineLimit } from '../surroundings/machine-limits.ts';
import { kubeOptions, lookAtCluster, type ClusterReport } from '../surroundings/kubernetes.ts';
import { checkNativeModules, type NativeModule } from '../surroundings/native-modules.ts';
import { printJson, printLine } from '../output.ts';

interface Options extends GlobalOptions {
  launcher?: 'kubernetes';
  kubeNamespace?: string;
  json: boolean;
}

export const command = {
  builder: (args: Argv<GlobalOptions>) =>
    args
      .option('launcher', {
        choices: ['kubernetes'] as const,
        describe: 'Also ask the cluster: whether it answers, and which runs have something there',
      })
      .option('kube-namespace', kubeOptions['kube-namespace'])
      .option('json', jsonOption)
      .example('$0 doctor', 'finishes an engine install that was cut short, then reports')
      .example('$0 doctor --json', 'for scripts: engine, devices, cores, gflops, modules, limits, missing'),
  handler: async ({ json, dir, launcher, kubeNamespace }: ArgumentsCamelCase<Options>) => {
    const cluster = launcher === undefined ? null : await lookAtCluster(resolve(dir), kubeNamespace);
    const modules = await checkNativeModules();
    const limits = machineLimits({ dir });
    const { doctor, renderDoctor } = await import('@calm-orch/engine');
    const found = await doctor({ log: (line) => void process.stderr.write(`${line}\n`) });
    const missing = [...found.missing, ...modules.flatMap(missingModule), ...limits.flatMap(missingLimit)];
    missing.push(...(cluster === null ? [] : leftovers(cluster)));
    const report = {
      ...found,
      modules,
      limits: limits.map((limit) => ({ ...limit, ok: isEnough(limit) })),
      missing,
      ...(cluster && { cluster }),
    };
    if (json) printJson(report);
    else {
      const loaded = modules.filter(({ problem }) => problem === null).map(({ module }) => module);
      const rows = limits.map((limit, i) => [i === 0 ? 'limits' : '', limitText(limit)] as const);
      printLine(renderDoctor(report, [['modules', loaded.join(', ') || 'none'], ...rows, ...clusterRows(cluster)]));
    }
    // Something to mend is no failure; having nothing to compute with is.
    if (report.engine === null || modules.some(({ problem }) => problem !== null)) process.exitCode = 1;
  },
};

function missingModule({ module, problem }: NativeModule): readonly Missing[] {
  return problem === null ? [] : [{ what: module, ...problem }];
}

function missingLimit(limit: MachineLimit): readonly Missing[] {
  if (isEnough(limit)) return [];
  const { what, danger, remedy } = limit;
  return [{ what: `room (${what})`, why: `${limitText(limit)}; ${danger}`, remedy }];
}

/** What is left in a cluster of runs of this folder that are not at work. */
function leftovers({ namespace, runs }: ClusterReport): readonly Missing[] {
  return runs
    .filter(({ status }) => status !== null && status !== 'running')
    .map(({ run, status, selector }) => ({
      what: `an end of run ${run} in the cluster`,
      why: `the run is ${status}, its Jobs are still there`,
      remedy: `\`calm-orch resume ${run}\` goes on with them; kubectl delete jobs,secrets -n ${namespace} -l ${selector}`,
    }));
}

function clusterRows(cluster: ClusterReport | null): (readonly [string, string])[] {
  if (cluster === null) return [];
  const { server, namespace, runs } = cluster;
  const told = runs.map(({ run, dir, status }) => `${run} (${status ?? `of another run folder, ${dir}`})`);
  return [['cluster', `${server}, namespace ${namespace}; runs there: ${told.join(', ') || 'none'}`]];
}

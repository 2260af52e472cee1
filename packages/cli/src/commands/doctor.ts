import type { ArgumentsCamelCase, Argv } from 'yargs';
import type { Missing } from '@calm-orch/engine';
import type { GlobalOptions } from '../cli.ts';
import { jsonOption } from '../options/json-option.ts';
import { isEnough, limitText, machineLimits, type MachineLimit } from '../surroundings/machine-limits.ts';
import { checkNativeModules, type NativeModule } from '../surroundings/native-modules.ts';
import { printJson, printLine } from '../output.ts';

interface Options extends GlobalOptions {
  json: boolean;
}

export const command = {
  builder: (args: Argv<GlobalOptions>) =>
    args
      .option('json', jsonOption)
      .example('$0 doctor', 'finishes an engine install that was cut short, then reports')
      .example('$0 doctor --json', 'for scripts: engine, devices, cores, gflops, modules, limits, missing'),
  handler: async ({ json, dir }: ArgumentsCamelCase<Options>) => {
    const modules = await checkNativeModules();
    const limits = machineLimits({ dir });
    const { doctor, renderDoctor } = await import('@calm-orch/engine');
    const found = await doctor({ log: (line) => void process.stderr.write(`${line}\n`) });
    const missing = [...found.missing, ...modules.flatMap(missingModule), ...limits.flatMap(missingLimit)];
    const report = { ...found, modules, limits: limits.map((limit) => ({ ...limit, ok: isEnough(limit) })), missing };
    if (json) printJson(report);
    else {
      const loaded = modules.filter(({ problem }) => problem === null).map(({ module }) => module);
      const rows = limits.map((limit, i) => [i === 0 ? 'limits' : '', limitText(limit)] as const);
      printLine(renderDoctor(report, [['modules', loaded.join(', ') || 'none'], ...rows]));
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

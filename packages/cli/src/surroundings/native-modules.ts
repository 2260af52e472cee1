// Every package with compiled code, loaded once and made to work: what `doctor` looks at. The engine's own binding is
// not here: the engine is probed in a process of its own.
import { openSqlite } from '@calm-orch/tracker';
import { nativeProblem, type NativeProblem } from './native-error.ts';

const modules: Readonly<Record<string, () => Promise<void>>> = {
  'better-sqlite3': async () => void openSqlite(':memory:').close(),
  sharp: async () => void (await import('@calm-orch/datasets')),
  esbuild: async () => (await import('@calm-orch/coordinator')).tryBundler(),
};

/** A package and what is wrong with it; null: nothing. */
export interface NativeModule {
  readonly module: string;
  readonly problem: Omit<NativeProblem, 'module'> | null;
}

export async function checkNativeModules(load = modules): Promise<readonly NativeModule[]> {
  const checked: NativeModule[] = [];
  for (const [module, work] of Object.entries(load)) {
    try {
      await work();
      checked.push({ module, problem: null });
    } catch (error) {
      checked.push({ module, problem: problemOf(module, error) });
    }
  }
  return checked;
}

function problemOf(module: string, error: unknown): Omit<NativeProblem, 'module'> {
  const found = nativeProblem(error);
  if (found === null) {
    const reason = (error instanceof Error ? error.message : String(error)).split('\n')[0]!;
    return { why: `does not work (${reason})`, remedy: 'run `npm install` again where calm-orch is installed' };
  }
  // What the package itself lacks may be one of another name.
  const { why, remedy } = found;
  return { why: found.module === module ? why : `cannot be used: ${found.module} ${why}`, remedy };
}

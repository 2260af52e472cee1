// What stages need besides their inputs, looked for before any starts: a key in the environment, METEOR's folder.
import { CalmError, type OpenaiConfig } from '@calm-orch/core';
import type { Plan } from '@calm-orch/coordinator';

/** @throws CalmError for the first stage that is not done and would fail for it. */
export async function checkSurroundings(
  { stages }: Pick<Plan, 'stages'>,
  isDone: (key: string) => boolean,
  env: NodeJS.ProcessEnv = process.env,
): Promise<void> {
  const checked = new Set<string>();
  for (const { key, kind, label, config } of stages) {
    const { openai, evaluate } = config as { openai?: OpenaiConfig; evaluate?: { meteorDir?: string } };
    const needed = openai?.baseUrl ?? evaluate?.meteorDir;
    if (needed === undefined || checked.has(needed) || isDone(key)) continue;
    checked.add(needed);
    try {
      // Only now: most experiments need neither.
      if (kind === 'augment') (await import('@calm-orch/augmentor')).apiKeyOf(openai!, env);
      else await (await import('@calm-orch/evaluator')).readMeteorResources({ meteorDir: evaluate!.meteorDir });
    } catch (error) {
      if (!(error instanceof CalmError)) throw error;
      throw new CalmError(error.code, `${label} could not be done: ${error.message}`, { cause: error });
    }
  }
}

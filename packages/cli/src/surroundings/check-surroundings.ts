// What stages need besides their inputs, looked for before any starts: a folder for temporary files, a key in the
// environment, METEOR's folder, a detector's package.
import { CalmError, temporaryFolder, type AugmentConfig, type OpenaiConfig } from '@calm-orch/core';
import type { Plan, PlanStage } from '@calm-orch/coordinator';

/** @throws CalmError for the first stage that is not done and would fail for it. */
export async function checkSurroundings(
  { stages }: Pick<Plan, 'stages'>,
  isDone: (key: string) => boolean,
  env: NodeJS.ProcessEnv = process.env,
): Promise<void> {
  const checked = new Set<string>();
  for (const stage of stages) {
    for (const [needed, check] of needsOf(stage, env)) {
      if (checked.has(needed) || isDone(stage.key)) continue;
      checked.add(needed);
      try {
        await check();
      } catch (error) {
        if (!(error instanceof CalmError)) throw error;
        throw new CalmError(error.code, `${stage.label} could not be done: ${error.message}`, { cause: error });
      }
    }
  }
}

/** What a stage needs, by a name that is the same for the same need, and what looks for it. */
function needsOf({ kind, config }: PlanStage, env: NodeJS.ProcessEnv): [needed: string, check: () => Promise<void>][] {
  const { augment, openai, evaluate } = config as {
    augment?: AugmentConfig;
    openai?: OpenaiConfig;
    evaluate?: { meteorDir?: string };
  };
  const needs: [string, () => Promise<void>][] = [['a temporary folder', async () => void temporaryFolder()]];
  // The code of workers is imported only now: most experiments need none of it here.
  if (openai) {
    const setting = kind === 'augment' ? 'labels: openai' : 'evaluate.judge: openai';
    needs.push([
      openai.baseUrl,
      async () => void (await import('@calm-orch/datasets/language-model')).apiKeyOf(openai, env, setting),
    ]);
  }
  if (kind === 'augment') {
    if (augment?.foreground === 'detection' && augment.groups.includes('subject'))
      needs.push(['detector', async () => void (await import('@calm-orch/augmentor')).readDetectorFiles()]);
  }
  const meteorDir = evaluate?.meteorDir;
  if (meteorDir !== undefined)
    needs.push([
      meteorDir,
      async () => void (await (await import('@calm-orch/evaluator')).readMeteorResources({ meteorDir })),
    ]);
  return needs;
}

// Tables of a run, and two runs side by side, judged on the artifacts that are whole; judgements are kept in the user's cache folder.
import { existsSync } from 'node:fs';
import { damageOf, damageText } from '@calm-orch/coordinator/damage';
import { layoutOf } from '@calm-orch/coordinator/layout';
import { defaultCacheDir } from '@calm-orch/engine/layout';
import {
  compareRuns,
  judgeTables,
  type JudgeOptions,
  type RunComparison,
  type Table,
  type WholeArtifact,
} from '@calm-orch/report';
import type { RunRecord, RunStageRecord, Tracker } from '@calm-orch/tracker';

/**
 * Those with columns. A damaged artifact is left out: its numbers would pass for measured ones.
 * @param onDamage Told of each. @default it is said on stderr
 */
export async function judgedTables(
  tracker: Tracker,
  run: RunRecord,
  dir: string,
  onDamage: (sentence: string) => void = sayDamage,
): Promise<Table[]> {
  const tables = await judgeTables(tracker, run, judgedBy(tracker, [run], dir, onDamage));
  return tables.filter(({ metrics }) => metrics.length > 0);
}

/** Two runs side by side, by what is whole of both. @param parts Points of a curve at most. */
export function comparedRuns(
  tracker: Tracker,
  runs: readonly [RunRecord, RunRecord],
  dir: string,
  { onDamage = sayDamage, ...parts }: { readonly onDamage?: typeof sayDamage; readonly parts?: number } = {},
): Promise<RunComparison> {
  return compareRuns(tracker, ...runs, { ...judgedBy(tracker, runs, dir, onDamage), ...parts });
}

const sayDamage = (sentence: string): void => void process.stderr.write(`calm-orch: ${sentence}\n`);

function judgedBy(tracker: Tracker, runs: readonly RunRecord[], dir: string, onDamage: typeof sayDamage): JudgeOptions {
  const layout = layoutOf(dir);
  const told = new Set<string>();
  const artifactOf = ({ kind, key }: RunStageRecord): WholeArtifact | null => {
    const folder = layout.artifact(key);
    if (!existsSync(folder)) return null;
    const files = tracker.findSucceededStage(key)?.artifacts ?? null;
    const damage = damageOf(layout, key, 'reuse', files);
    if (damage.length === 0) return { dir: folder, files };
    const what = `${kind} ${key.slice(0, 8)}: ${damageText(damage)}`;
    const { path } = runs.find(({ id }) => tracker.listRunStages(id).some((stage) => stage.key === key))!;
    if (!told.has(key)) onDamage(`${what}; it is left out (\`calm-orch run ${path}\` makes it again)`);
    told.add(key);
    return null;
  };
  return { artifactOf, cacheDir: userCache() };
}

/** null where this user has no cache folder. */
function userCache(): string | null {
  try {
    return defaultCacheDir();
  } catch {
    return null;
  }
}

// A run's tables, judged on the artifacts that are whole; judgements are kept in the user's cache folder.
import { existsSync } from 'node:fs';
import { damageOf, damageText } from '@calm-orch/coordinator/damage';
import { layoutOf } from '@calm-orch/coordinator/layout';
import { defaultCacheDir } from '@calm-orch/engine/layout';
import { judgeTables, type Table, type WholeArtifact } from '@calm-orch/report';
import type { RunRecord, RunStageRecord, Tracker } from '@calm-orch/tracker';

/**
 * Those with columns. A damaged artifact is left out: its numbers would pass for measured ones.
 * @param onDamage Told of each. @default it is said on stderr
 */
export async function judgedTables(
  tracker: Tracker,
  run: RunRecord,
  dir: string,
  onDamage: (sentence: string) => void = (sentence) => void process.stderr.write(`calm-orch: ${sentence}\n`),
): Promise<Table[]> {
  const layout = layoutOf(dir);
  const artifactOf = ({ kind, key }: RunStageRecord): WholeArtifact | null => {
    const folder = layout.artifact(key);
    if (!existsSync(folder)) return null;
    const files = tracker.findSucceededStage(key)?.artifacts ?? null;
    const damage = damageOf(layout, key, 'reuse', files);
    if (damage.length === 0) return { dir: folder, files };
    const what = `${kind} ${key.slice(0, 8)}: ${damageText(damage)}`;
    onDamage(`${what}; it is left out (\`calm-orch run ${run.path}\` makes it again)`);
    return null;
  };
  const tables = await judgeTables(tracker, run, { artifactOf, cacheDir: userCache() });
  return tables.filter(({ metrics }) => metrics.length > 0);
}

/** null where this user has no cache folder. */
function userCache(): string | null {
  try {
    return defaultCacheDir();
  } catch {
    return null;
  }
}

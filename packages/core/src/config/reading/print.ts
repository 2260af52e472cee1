// A resolved experiment as YAML, in the order of the schema, as `show --config` prints it.
import { Document, isMap, isScalar, visit } from 'yaml';
import type { Json } from '../../order/canonical.ts';
import type { ResolvedExperiment, TableSpec } from '../experiment.ts';
import { trialConfigSchema } from '../schema.ts';

/** Stored JSON has sorted keys; people read a configuration in the order it is written in. */
export function experimentYaml(resolved: Json): string {
  const experiment = resolved as unknown as ResolvedExperiment;
  const { name, title, only, preset, seeds, trainers, augmentors, evaluators, table, tables, config, rows } =
    experiment;
  const { rehearsal, untilDecided, looks } = experiment;
  const ordered = trialConfigSchema.omit({ seed: true }).safeParse(config);
  const head = {
    name,
    title,
    ...(rehearsal && { rehearsal }),
    ...(only ? { only } : {}),
    preset,
    seeds,
    ...(untilDecided && { untilDecided }),
    ...(looks && { looks }),
    trainers,
    augmentors,
    evaluators,
  };
  const shown = ({ id, title: tableTitle, metrics, footnotes, baselines }: TableSpec) => ({
    id,
    title: tableTitle,
    metrics,
    footnotes,
    ...(baselines && { baselines }),
  });
  const document = new Document({
    ...head,
    table: shown(table),
    ...(tables && { tables: tables.map(shown) }),
    config: ordered.success ? ordered.data : config,
    rows: rows.map(({ row, table: own, set, paper, rehearsed, seeds: ownSeeds }) => ({
      row,
      ...(own && { table: own }),
      ...(ownSeeds && { seeds: ownSeeds }),
      set,
      paper,
      ...(rehearsed && { rehearsed }),
    })),
  });
  visit(document, {
    Seq: (_key, seq) => void (seq.flow = seq.items.every((item) => isScalar(item) && String(item.value).length < 40)),
    Pair: (_key, { key, value }) => {
      if (isScalar(key) && isMap(value) && ['set', 'paper', 'taps'].includes(String(key.value))) value.flow = true;
    },
  });
  return document.toString({ lineWidth: 120, flowCollectionPadding: true });
}

// Where what a column of a table shows was measured.
import type { StageKind } from '../stage.ts';
import { commentMetrics, scoreMetrics, suggestMetrics, type TableMetric } from './names.ts';

/** The kinds of stages whose artifacts hold what a metric was measured on; a trial has one of them. */
export function stagesOfMetric(metric: TableMetric): readonly StageKind[] {
  if (metric === 'SRCC') return ['evaluate-score', 'evaluate-personal'];
  if (scoreMetrics.includes(metric)) return ['evaluate-score'];
  if (commentMetrics.includes(metric)) return ['evaluate-comment'];
  if (suggestMetrics.includes(metric)) return ['evaluate-suggest'];
  // A column of a run that another version recorded: its values are shown, without intervals.
  return [];
}

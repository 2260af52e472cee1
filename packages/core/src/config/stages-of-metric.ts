// Where what a column of a table shows was measured.
import type { StageKind } from '../stage.ts';
import type { TableMetric } from './names.ts';

/** The kinds of stages whose artifacts hold what a metric was measured on; a trial has one of them. */
export function stagesOfMetric(metric: TableMetric): readonly StageKind[] {
  switch (metric) {
    case 'PLCC':
    case 'RMSE':
      return ['evaluate-score'];
    case 'SRCC':
      return ['evaluate-score', 'evaluate-personal'];
    case 'noise':
    case 'blur':
    case 'darker':
    case 'brighter':
    case 'dull':
    case 'crop':
    case 'average':
      return ['evaluate-suggest'];
    case 'BLEU-1':
    case 'BLEU-2':
    case 'BLEU-3':
    case 'BLEU-4':
    case 'ROUGE-L':
    case 'CIDEr':
    case 'METEOR':
      return ['evaluate-comment'];
    default:
      // A column of a run that an older version recorded: its values are shown, without intervals.
      metric satisfies never;
      return [];
  }
}

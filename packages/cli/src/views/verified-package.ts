// What is said of a package that was verified.
import type { VerifiedPackage } from '@calm-orch/share';
import { plural } from '../progress/format.ts';

/** Problems are for a screen; JSON has them all. */
const shownProblems = 20;

export function verifiedText({ run, ok, problems, recorded, ...counts }: VerifiedPackage): string {
  const { files, stages, numbers, tables, verdicts } = counts;
  const size = [
    plural(files, 'file'),
    `${plural(numbers, 'number')} of ${plural(stages, 'stage')} measured again`,
    `${plural(tables, 'table')} and ${plural(verdicts, 'verdict')} made again`,
  ].join(', ');
  const lines = problems
    .slice(0, shownProblems)
    .map(
      ({ file, where, expected, found }) =>
        `${file}${where === '' ? '' : ` (${where})`}: expected ${shown(expected)}, found ${shown(found)}`,
    );
  return [
    ...lines,
    ...(problems.length > shownProblems ? [`… and ${problems.length - shownProblems} more (--json has all)`] : []),
    ok ? `Run ${run}: all follows from its predictions (${size}).` : `${plural(problems.length, 'problem')} (${size}).`,
    ...(recorded.length === 0 ? [] : [`Recorded alone, not measured again: ${recorded.join('; ')}.`]),
  ].join('\n');
}

function shown(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? 'nothing');
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}

// The texts of progress: pure functions of a view, for terminals (a block that is redrawn) and for pipes (lines).
import stringWidth from 'fast-string-width';
import type { RunView, StageView, WorkerView } from '@calm-orch/coordinator';
import { padText } from '@calm-orch/report';
import { cutText } from './cut-text.ts';
import { bar, duration, plural, rate } from './format.ts';

const barWidth = 16;

/** At most `rows` lines of at most `columns` characters. */
export function liveBlock(
  view: RunView,
  { columns, rows }: { readonly columns: number; readonly rows: number },
): string[] {
  const running = view.stages.filter(({ state }) => state === 'running');
  const labelWidth = Math.max(0, ...running.map(({ label }) => stringWidth(label)));
  const stages = running.map((stage) => {
    const share = shareOf(stage);
    return `  ${padText(stage.label, labelWidth)}  ${bar(share, barWidth)}  ${stageNumbers(stage)}`;
  });
  const workers = wrap(view.workers.map(workerText), columns - 2).map((line) => `  ${line}`);
  const room = Math.max(1, rows - 2 - workers.length);
  const hidden = stages.length - room;
  const shown = hidden > 0 ? [...stages.slice(0, room - 1), `  and ${plural(hidden + 1, 'more stage')}`] : stages;
  return [summary(view), ...shown, ...workers].slice(0, Math.max(1, rows - 1)).map((line) => cutText(line, columns));
}

/** One line for each running stage. */
export function plainLines(view: RunView): string[] {
  const running = view.stages.filter(({ state }) => state === 'running');
  return [summary(view), ...running.map((stage) => `${stage.label}: ${stageNumbers(stage)}`)];
}

export function summary({ runId, stages, elapsedMs, leftMs }: RunView): string {
  const count = (state: StageView['state']): number => stages.filter((stage) => stage.state === state).length;
  const parts = [
    `${runId}: ${count('succeeded')} of ${plural(stages.length, 'stage')}`,
    ...(count('failed') > 0 ? [`${count('failed')} failed`] : []),
    ...(count('skipped') > 0 ? [`${count('skipped')} skipped`] : []),
    `${duration(elapsedMs)} gone`,
    ...(leftMs === null ? [] : [`about ${duration(leftMs)} left`]),
  ];
  return parts.join(', ');
}

function stageNumbers(stage: StageView): string {
  const { numDone, numItems, step, totalSteps, loss, samplesPerSecond, elapsedMs, leftMs } = stage;
  const parts = [
    ...(numItems > 1 ? [`item ${numDone}/${numItems}`] : []),
    ...(step === null ? [] : [`step ${step}/${totalSteps}`]),
    ...(loss === null ? [] : [`loss ${loss.toFixed(3)}`]),
    ...(samplesPerSecond === null ? [] : [`${rate(samplesPerSecond)} samples/s`]),
    ...(leftMs === null ? [] : [`${duration(leftMs)} left`]),
  ];
  return parts.length > 0 ? parts.join(', ') : `for ${duration(elapsedMs)}`;
}

function shareOf({ numDone, numItems, step, totalSteps }: StageView): number {
  if (numItems > 1) return numDone / numItems;
  return step === null ? 0 : step / Math.max(1, totalSteps ?? 0);
}

function workerText({ role, index, stage }: WorkerView): string {
  return `${role} ${index}: ${stage === undefined ? 'starting' : (stage ?? 'idle')}`;
}

function wrap(texts: readonly string[], columns: number): string[] {
  const lines: string[] = [];
  for (const text of texts) {
    const last = lines.at(-1);
    if (last !== undefined && stringWidth(last) + 3 + stringWidth(text) <= columns)
      lines[lines.length - 1] = `${last} · ${text}`;
    else lines.push(text);
  }
  return lines;
}

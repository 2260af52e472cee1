// Workers over time as shapes: a lane for each name, in it the processes, what they held, and signs for what happened.
// Pure: from the server's answer to pixels.
import type { GangChange, Lease, WorkerLine } from '../../api/timeline.ts';
import { placeAt, type TimeAxis } from './time-axis.ts';

export const laneHeight = 26;

export interface Bar {
  readonly x: number;
  readonly width: number;
  /** What it says when it is pointed at. */
  readonly title: string;
}

export interface LeaseBar extends Bar {
  /** Name of a colour of page.css. */
  readonly color: string;
  readonly status: Lease['status'];
  /** Written in it, where there is room. */
  readonly text: string;
  /** Key of its stage. */
  readonly stage: string;
}

export interface Sign {
  readonly x: number;
  readonly what: 'lost' | 'failed' | 'again' | 'gang' | 'finished' | 'killed' | 'replaced';
  readonly title: string;
}

export interface Lane {
  readonly worker: string;
  readonly processes: readonly Bar[];
  readonly leases: readonly LeaseBar[];
  readonly signs: readonly Sign[];
}

export interface LaneInput {
  readonly workers: readonly WorkerLine[];
  readonly leases: readonly Lease[];
  readonly gangs: readonly GangChange[];
  /** Of a stage, by key. */
  readonly labels: ReadonlyMap<string, { readonly kind: string; readonly label: string }>;
  /** Where what has not ended is drawn to: now, or the end of the run. */
  readonly nowMs: number;
}

/** What a kind of stage is part of, with its colour; the legend's order. */
export const families: readonly (readonly [name: string, color: string])[] = [
  ['foundation', '--text'],
  ['data', '--sky'],
  ['augment', '--orange'],
  ['degrade', '--orange'],
  ['encode', '--purple'],
  ['pretrain', '--green'],
  ['finetune', '--blue'],
  ['evaluate', '--vermillion'],
  ['baselines', '--quiet'],
];

export const familyOf = (kind: string): string => families.find(([name]) => kind.startsWith(name))?.[0] ?? kind;
const colorOf = (kind: string): string => families.find(([name]) => kind.startsWith(name))?.[1] ?? '--quiet';

/** Trainers first, then augmentors and evaluators, by their numbers. */
const roles = ['trainer', 'augmentor', 'evaluator'];
function byPlace(a: string, b: string): number {
  const [[roleA = '', indexA], [roleB = '', indexB]] = [a.split(' '), b.split(' ')];
  return roles.indexOf(roleA) - roles.indexOf(roleB) || Number(indexA) - Number(indexB);
}

export function lanesOf({ workers, leases, gangs, labels, nowMs }: LaneInput, axis: TimeAxis): Lane[] {
  const names = new Set([...workers, ...leases].map(({ worker }) => worker));
  const isSeen = (startMs: number, endMs: number): boolean => endMs >= axis.fromMs && startMs <= axis.toMs;
  const bar = (startMs: number, endMs: number, title: string): Bar => {
    const x = placeAt(axis, startMs);
    return { x, width: Math.max(1, placeAt(axis, endMs) - x), title };
  };
  const ofLane = (worker: string): Lane => {
    const processes: Bar[] = [];
    const bars: LeaseBar[] = [];
    const signs: Sign[] = [];
    const sign = (atMs: number, what: Sign['what'], title: string): void => {
      if (isSeen(atMs, atMs)) signs.push({ x: placeAt(axis, atMs), what, title });
    };
    for (const one of workers.filter((line) => line.worker === worker)) {
      const [startMs, endMs] = [Date.parse(one.joined), one.ended === null ? nowMs : Date.parse(one.ended)];
      if (isSeen(startMs, endMs)) processes.push(bar(startMs, endMs, `${worker}, process ${one.pid} on ${one.host}`));
      if (one.ended !== null && one.ending !== null)
        sign(endMs, one.ending, `${worker} (process ${one.pid}) ${one.ending}: ${one.reason}`);
    }
    for (const one of leases.filter((lease) => lease.worker === worker)) {
      const [startMs, endMs] = [Date.parse(one.started), one.ended === null ? nowMs : Date.parse(one.ended)];
      const { kind, label } = labels.get(one.stage) ?? { kind: '', label: one.stage.slice(0, 8) };
      const attempt = one.attempt === 1 ? '' : `, attempt ${one.attempt}`;
      const what = `${label}, item ${one.item}${attempt}`;
      if (one.attempt > 1) sign(startMs, 'again', `leased again: ${what}`);
      if (one.status === 'lost' || one.status === 'failed')
        sign(endMs, one.status, `${what}: ${one.status}: ${one.error ?? ''}`);
      if (!isSeen(startMs, endMs)) continue;
      const { status, stage } = one;
      const drawn = { ...bar(startMs, endMs, `${what}: ${status}`), color: colorOf(kind), status, stage, text: label };
      const last = bars.at(-1);
      const joined = last && joinedOf(last, drawn);
      if (joined) bars[bars.length - 1] = joined;
      else bars.push(drawn);
    }
    for (const { at, workers: members, generation } of gangs)
      if (members.includes(worker))
        sign(
          Date.parse(at),
          'gang',
          members.length === 1
            ? `alone again (roster ${generation})`
            : `gang of ${members.length}: ${members.join(', ')} (roster ${generation})`,
        );
    return { worker, processes, leases: bars, signs };
  };
  return [...names].sort(byPlace).map(ofLane);
}

const narrow = 3;

/** Items of one stage that follow each other in too few pixels are one bar. */
function joinedOf(last: LeaseBar, next: LeaseBar): LeaseBar | undefined {
  const isOne = last.stage === next.stage && last.status === next.status && next.x - (last.x + last.width) < 1;
  if (!isOne || next.width >= narrow) return undefined;
  return { ...last, width: next.x + next.width - last.x, title: `${last.text}: several items, ${last.status}` };
}

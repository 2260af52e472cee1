// A state as a word with a sign before it: it can be told without its colour.
import type { RunLine, StageState } from '../../api/runs.ts';

const signs: Readonly<Record<StageState | RunLine['status'], string>> = {
  queued: '○',
  running: '◐',
  done: '●',
  succeeded: '●',
  reused: '↺',
  failed: '✕',
  interrupted: '!',
  cancelled: '–',
};

export function StateBadge({ state }: { readonly state: StageState | RunLine['status'] }) {
  return (
    <span class={`state ${state}`}>
      <span aria-hidden="true">{signs[state]}</span> {state}
    </span>
  );
}

// The stages of a run in order of its plan: how each came to be, how long it took, how often it was tried.
import { useState } from 'preact/hooks';
import type { StageLine, StageState } from '../../api/runs.ts';
import { took } from '../parts/format.ts';
import { StateBadge } from '../parts/state-badge.tsx';
import { addressOf } from '../place.ts';

interface Props {
  readonly run: string;
  readonly stages: readonly StageLine[];
  /** Key of the one that is shown. */
  readonly shown: string | undefined;
}

const order: readonly StageState[] = ['running', 'failed', 'done', 'reused', 'queued', 'cancelled'];

export function StageList({ run, stages, shown }: Props) {
  const [only, setOnly] = useState<StageState | null>(null);
  const counts = order.flatMap((state) => {
    const count = stages.filter((stage) => stage.state === state).length;
    return count === 0 ? [] : [{ state, count }];
  });
  const listed = only === null ? stages : stages.filter(({ state }) => state === only);
  return (
    <div class="stages">
      <div class="chips" role="group" aria-label="Show stages that are">
        {counts.map(({ state, count }) => (
          <button
            key={state}
            type="button"
            aria-pressed={only === state}
            onClick={() => setOnly(only === state ? null : state)}
          >
            <StateBadge state={state} /> {count}
          </button>
        ))}
      </div>
      <div class="scroll tall" tabIndex={0} role="region" aria-label="Stages">
        <table>
          <thead>
            <tr>
              <th scope="col">Stage</th>
              <th scope="col">State</th>
              <th scope="col" class="number">
                Took
              </th>
              <th scope="col" class="number">
                Attempts
              </th>
            </tr>
          </thead>
          <tbody>
            {listed.map((stage) => (
              <tr key={stage.key} class={stage.key === shown ? 'shown' : undefined}>
                <th scope="row">
                  <a
                    href={addressOf({ page: 'run', run, ...(stage.key !== shown && { stage: stage.key }) })}
                    aria-expanded={stage.key === shown}
                    data-key={stage.key}
                  >
                    {stage.label}
                  </a>
                </th>
                <td>
                  <StateBadge state={stage.state} />
                </td>
                <td class="number">{took(stage)}</td>
                <td class={`number ${stage.numAttempts > stage.numItems ? 'more' : ''}`}>
                  {stage.numAttempts === 0 ? '' : stage.numAttempts}
                  {stage.numItems > 1 && stage.numAttempts > 0 ? ` for ${stage.numItems} items` : ''}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </div>
  );
}

// What the ledger says of the run's training: whether every step is in the weights exactly once. It is counted when asked
// for: of long training it takes seconds.
import { useState } from 'preact/hooks';
import type { AuditAnswer } from '../../api/timeline.ts';
import { useAnswer } from '../data/ask.ts';
import { shortKey } from '../parts/format.ts';
import { Problem } from '../parts/problem.tsx';

export function Ledger({ run }: { readonly run: string }) {
  const [isAsked, setAsked] = useState(false);
  const { data, error, again } = useAnswer<AuditAnswer>(isAsked ? `/api/runs/${encodeURIComponent(run)}/audit` : null);
  return (
    <section aria-labelledby="ledger">
      <h2 id="ledger">Ledger</h2>
      <div class="controls">
        <button type="button" onClick={() => (isAsked ? again() : setAsked(true))}>
          {isAsked ? 'Count again' : 'Count the steps of training'}
        </button>
        <p class="quiet count" role="status">
          {data === null ? (isAsked && error === null ? 'Counting…' : '') : verdictOf(data)}
        </p>
      </div>
      {error !== null && <Problem text={error} />}
      {data !== null && data.stages.length > 0 && <Counts {...data} />}
    </section>
  );
}

function verdictOf({ ok, stages }: AuditAnswer): string {
  if (stages.length === 0) return 'No training stage has succeeded yet.';
  return ok
    ? 'Every sample of every step entered the weights exactly once.'
    : 'Not every sample of every step entered the weights exactly once.';
}

function Counts({ stages }: AuditAnswer) {
  const heads = ['Demanded', 'Recorded', 'Missing', 'Repeated', 'Given up'];
  return (
    <div class="scroll tall" tabIndex={0} role="region" aria-label="Steps of training, times shards of a batch">
      <table>
        <caption class="quiet">Steps times shards of a batch</caption>
        <thead>
          <tr>
            <th scope="col">Stage</th>
            {heads.map((head) => (
              <th key={head} scope="col" class="number">
                {head}
              </th>
            ))}
            <th scope="col">Computed by</th>
          </tr>
        </thead>
        <tbody>
          {stages.map((one) => (
            <tr key={one.stage}>
              <th scope="row">
                {one.label} <span class="quiet">{shortKey(one.stage)}</span>
                {one.problems.map((problem) => (
                  <div key={problem} class="more">
                    {problem}
                  </div>
                ))}
                {!one.exact && <div class="quiet">by an earlier version: order and samples were not recorded</div>}
              </th>
              {[one.demanded, one.recorded, one.missing, one.repeated, one.givenUp].map((count, i) => (
                <td key={heads[i]} class={`number ${count > 0 && (i === 2 || i === 3) ? 'more' : ''}`}>
                  {count}
                </td>
              ))}
              <td>{one.workers.join(', ')}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

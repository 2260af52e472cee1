// What a run is known by: how it can be made again, where it was made, what was proved of it, its keys and configuration.
import type { ReportData } from '../../api/report.ts';
import { took } from '../parts/format.ts';
import { StateBadge } from '../parts/state-badge.tsx';

export function Reproduce({ reproduce: { command, caveat }, environment }: ReportData) {
  return (
    <section aria-labelledby="reproduce">
      <h2 id="reproduce">How to make it again</h2>
      <pre class="command" tabIndex={0} role="region" aria-label="Command">
        {command}
      </pre>
      {caveat !== null && <p class="problem">{caveat}</p>}
      <p class="quiet">The same configuration, data, code and engine give the same fingerprints, to the bit.</p>
      <dl class="facts">
        {environment.map(([what, value]) => (
          <div key={what}>
            <dt>{what}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

export function Fingerprints({ trials }: ReportData) {
  return (
    <section aria-labelledby="fingerprints">
      <h2 id="fingerprints">Fingerprints</h2>
      <p class="quiet">sha256 of each trial's final trained weights.</p>
      <div class="scroll" tabIndex={0} role="region" aria-label="Fingerprints of trials">
        <table>
          <thead>
            <tr>
              <th scope="col">Trial</th>
              <th scope="col">Status</th>
              <th scope="col">Fingerprint</th>
            </tr>
          </thead>
          <tbody>
            {trials.map(({ row, seed, status, fingerprint }) => (
              <tr key={`${row} ${seed}`}>
                <th scope="row">
                  {row}, seed {seed}
                </th>
                <td>
                  <StateBadge state={status} />
                </td>
                <td class="code">{fingerprint ?? '–'}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

export function Ledger({ audit, run }: ReportData) {
  return (
    <section aria-labelledby="ledger">
      <h2 id="ledger">Ledger</h2>
      {audit === null && <p class="nothing">No training stage has ended yet.</p>}
      {audit !== null && (
        <p>
          {audit.isOk
            ? `Every sample of every step entered the weights exactly once: ${audit.applied} of ${audit.demanded} shards of steps in ${audit.numStages} training stages`
            : `NOT every sample entered the weights exactly once: ${audit.applied} of ${audit.demanded} shards of steps in ${audit.numStages} training stages`}
          {audit.superseded > 0 && `; ${audit.superseded} more were computed on weights that were given up`}.{' '}
          <span class="quiet code">calm-orch audit {run.run}</span>
        </p>
      )}
      {audit !== null && audit.problems.length > 0 && (
        <ul class="problem">
          {audit.problems.map((problem) => (
            <li key={problem}>{problem}</li>
          ))}
        </ul>
      )}
    </section>
  );
}

/** More are too many to read. */
const maxStages = 500;

export function Stages({ stages }: ReportData) {
  const counts = new Map<string, number>();
  for (const { state } of stages) counts.set(state, (counts.get(state) ?? 0) + 1);
  return (
    <section aria-labelledby="stages">
      <h2 id="stages">Stages</h2>
      <p>{[...counts].map(([state, count]) => `${count} ${state}`).join(', ')}.</p>
      <details>
        <summary>
          Their keys{stages.length > maxStages && `, of the first ${maxStages}`}: a hash of all that can change a
          stage's output
        </summary>
        <div class="scroll" tabIndex={0} role="region" aria-label="Stages and their keys">
          <table>
            <thead>
              <tr>
                <th scope="col">Stage</th>
                <th scope="col">State</th>
                <th scope="col" class="number">
                  Took
                </th>
                <th scope="col">Key</th>
              </tr>
            </thead>
            <tbody>
              {stages.slice(0, maxStages).map((stage) => (
                <tr key={stage.key}>
                  <th scope="row">{stage.label}</th>
                  <td>
                    <StateBadge state={stage.state} />
                  </td>
                  <td class="number">{took(stage)}</td>
                  <td class="code">{stage.key}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </details>
    </section>
  );
}

export function Configuration({ run, config }: ReportData) {
  return (
    <section aria-labelledby="configuration">
      <h2 id="configuration">Configuration</h2>
      <p class="quiet">
        sha256 <span class="code">{run.hash}</span>
      </p>
      <details>
        <summary>What the experiment resolved to</summary>
        <pre tabIndex={0} role="region" aria-label="Configuration">
          {config}
        </pre>
      </details>
    </section>
  );
}

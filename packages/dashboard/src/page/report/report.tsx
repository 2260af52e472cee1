// The report of a run: one page to read, keep and print. It is drawn once, by the command, and holds no script.
import type { ReportData } from '../../api/report.ts';
import type { TablesAnswer } from '../../api/tables.ts';
import { numStyles } from '../charts/series.ts';
import { took } from '../parts/format.ts';
import { Problem } from '../parts/problem.tsx';
import { StateBadge } from '../parts/state-badge.tsx';
import { PaperTable } from '../tables/paper-table.tsx';
import { BandChart } from './band-chart.tsx';
import { Configuration, Fingerprints, Ledger, Reproduce, Stages } from './facts.tsx';
import { Photographs, Suggestions } from './photographs.tsx';

interface Props {
  readonly data: ReportData;
  /** `data.tables` laid out. */
  readonly tables: TablesAnswer['tables'];
}

export function Report({ data, tables }: Props) {
  const { run, unfinished, damaged, charts, photographs, suggestions, version } = data;
  return (
    <main>
      <div class="head">
        <h1>{run.title}</h1>
        <StateBadge state={run.status} />
        <p class="quiet">
          Run {run.run} · started {utc(run.started)}
          {run.ended !== null && `, took ${took(run)}`}
          {run.resumes > 0 && ` · resumed ${run.resumes} ${run.resumes === 1 ? 'time' : 'times'}`}
        </p>
      </div>
      {run.isRehearsal && <Problem text="A rehearsal: its numbers mean nothing." />}
      {[...unfinished, ...damaged].map((text) => (
        <Problem key={text} text={text} />
      ))}
      {tables.length === 0 && <p class="nothing">This run has no table.</p>}
      {tables.map(({ layout, json }) => (
        <PaperTable key={json.table} id={json.table} layout={layout} verdicts={json.verdicts ?? []} />
      ))}
      {tables.length > 0 && (
        <details>
          <summary>All numbers at full precision, as `calm-orch tables --format json` prints them</summary>
          <pre id="tables-json" class="json" tabIndex={0} role="region" aria-label="Tables as JSON">
            {JSON.stringify(
              tables.map(({ json }) => json),
              null,
              1,
            )}
          </pre>
        </details>
      )}
      {charts.length > 0 && (
        <section aria-labelledby="curves">
          <h2 id="curves">Curves</h2>
          <p class="quiet">
            A line is the mean over seeds, a band reaches from the least to the greatest of them; of many steps each
            place is the mean of its own.
          </p>
          <div class="charts">
            {charts.flatMap(({ stage, metric, rows }) =>
              partsOf(rows, numStyles).map((part, i, { length }) => (
                <BandChart
                  key={`${stage} ${metric} ${i}`}
                  title={`${metric} of ${stage}${length > 1 ? ` (${i + 1} of ${length})` : ''}`}
                  rows={part}
                />
              )),
            )}
          </div>
        </section>
      )}
      {photographs !== null && <Photographs {...photographs} />}
      {suggestions !== null && <Suggestions {...suggestions} />}
      <Reproduce {...data} />
      <Fingerprints {...data} />
      <Ledger {...data} />
      <Stages {...data} />
      <Configuration {...data} />
      <footer class="quiet">
        Written by calm-orch {version}: `calm-orch report {run.run}`.
      </footer>
    </main>
  );
}

const utc = (iso: string | null): string => (iso === null ? 'not yet' : `${iso.slice(0, 16).replace('T', ' ')} UTC`);

function partsOf<T>(all: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(all.length / size) }, (_, i) => all.slice(i * size, (i + 1) * size));
}

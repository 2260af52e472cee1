// A photograph of one's own: dropped or chosen, sent to the server, which keeps nothing of it, and looked at by the models of
// a trial. It is asked about again when another trial is chosen.
import { useEffect, useState } from 'preact/hooks';
import type { ModelsAnswer, TriedAnswer } from '../../api/try.ts';
import { ask, useAnswer } from '../data/ask.ts';
import { useNews } from '../data/live.ts';
import { bytes } from '../parts/format.ts';
import { Problem } from '../parts/problem.tsx';
import { replacePlace, type TryPlace } from '../place.ts';
import { DropZone } from './drop-zone.tsx';
import { Tried } from './tried.tsx';

type Trial = ModelsAnswer['trials'][number];

type State =
  | { readonly what: 'nothing' }
  | { readonly what: 'asking'; readonly cancel: () => void }
  | { readonly what: 'answered'; readonly tried: TriedAnswer }
  | { readonly what: 'refused'; readonly why: string };

export function TryPage({ place }: { readonly place: TryPlace }) {
  const { data, error, again } = useAnswer<ModelsAnswer>('/api/models');
  useNews((news) => news.what === 'run' && news.trials.length > 0 && again(), again, [again]);
  const [file, setFile] = useState<File | null>(null);
  const trials = data?.trials ?? [];
  const trial = place.trial ?? trials[0] ?? null;
  const state = useTried(file, trial, data?.maxUploadBytes ?? null);
  return (
    <>
      <div class="head">
        <h1>Try</h1>
        <p class="quiet">What a trained model says of a photograph of yours. The photograph is kept nowhere.</p>
      </div>
      {error !== null && <Problem text={error} />}
      {data !== null && trials.length === 0 && (
        <p class="nothing">
          No run here has a trained model yet: <code>calm-orch run experiments/ablation-mfam.yaml</code> trains some.
        </p>
      )}
      {trial !== null && (
        <>
          <TrialChoice trials={trials} trial={trial} />
          <DropZone onFile={setFile} maxBytes={data?.maxUploadBytes ?? null} />
          <div aria-live="polite">
            {state.what === 'asking' && (
              <p class="nothing">
                Looking at {file?.name} …{' '}
                <button type="button" onClick={state.cancel}>
                  Cancel
                </button>
              </p>
            )}
            {state.what === 'refused' && <Problem text={state.why} />}
            {state.what === 'answered' && <Tried tried={state.tried} name={file!.name} />}
          </div>
        </>
      )}
    </>
  );
}

function useTried(file: File | null, trial: Trial | null, maxBytes: number | null): State {
  const [state, setState] = useState<State>({ what: 'nothing' });
  const { run, row, seed } = trial ?? {};
  useEffect(() => {
    if (file === null || run === undefined || row === undefined || maxBytes === null) return;
    if (file.size > maxBytes) {
      // It would be sent in vain.
      const why = `${file.name} has ${bytes(file.size)}; up to ${bytes(maxBytes)} are read: choose a smaller copy.`;
      return setState({ what: 'refused', why });
    }
    const over = new AbortController();
    setState({ what: 'asking', cancel: () => (over.abort(), setState({ what: 'nothing' })) });
    const query = new URLSearchParams({ row, seed: String(seed) }).toString();
    ask<TriedAnswer>(`/api/runs/${encodeURIComponent(run)}/try?${query}`, over.signal, {
      method: 'POST',
      body: file,
    }).then(
      (tried) => setState({ what: 'answered', tried }),
      (thrown: unknown) => {
        if (over.signal.aborted) return;
        // Without an answer there is only the browser's word, which says nothing.
        const isCut = thrown instanceof TypeError;
        const why = isCut ? 'The photograph could not be read or sent: choose it again.' : (thrown as Error).message;
        setState({ what: 'refused', why });
      },
    );
    return () => over.abort();
  }, [file, run, row, seed, maxBytes]);
  return state;
}

const nameOf = ({ run, row, seed }: Trial): string => JSON.stringify([run, row, seed]);

function TrialChoice({ trials, trial }: { readonly trials: readonly Trial[]; readonly trial: Trial }) {
  // One that the address names may be older than those that are listed.
  const all = trials.some((one) => nameOf(one) === nameOf(trial)) ? trials : [trial, ...trials];
  return (
    <div class="controls">
      <label>
        <span>Model</span>
        <select
          value={nameOf(trial)}
          onChange={({ currentTarget }) => {
            const [run, row, seed] = JSON.parse(currentTarget.value) as [string, string, number];
            replacePlace({ page: 'try', trial: { run, row, seed } });
          }}
        >
          {[...new Set(all.map(({ run }) => run))].map((run) => (
            <optgroup key={run} label={run}>
              {all
                .filter((one) => one.run === run)
                .map((one) => (
                  <option key={nameOf(one)} value={nameOf(one)}>
                    {one.row}, seed {one.seed} ({run})
                  </option>
                ))}
            </optgroup>
          ))}
        </select>
      </label>
    </div>
  );
}

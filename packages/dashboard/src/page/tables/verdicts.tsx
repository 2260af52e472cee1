// What became of the paper's claims: each comparison's interval drawn on one axis, beside the paper's effect.
import type { Layout, Verdict } from '../../api/tables.ts';
import { Interval, scaleOf } from '../parts/interval.tsx';

interface Props {
  readonly layout: Layout;
  readonly verdicts: readonly Verdict[];
}

export function Verdicts({ layout: { claims }, verdicts }: Props) {
  if (claims.length === 0) return null;
  return (
    <div class="verdicts">
      {claims.map(({ isOwn, verdicts: lines }) => (
        <Claims
          key={isOwn}
          heading={isOwn ? 'Our claims' : "The paper's claims"}
          lines={lines}
          verdicts={verdicts.filter(({ own = false }) => own === isOwn)}
        />
      ))}
      <Key />
    </div>
  );
}

interface ClaimsProps {
  readonly heading: string;
  readonly lines: Layout['claims'][number]['verdicts'];
  /** Of the same claims, in the same order. */
  readonly verdicts: readonly Verdict[];
}

function Claims({ heading, lines, verdicts }: ClaimsProps) {
  return (
    <>
      <h2>{heading}</h2>
      <ul>
        {lines.map((line, i) => {
          // Metrics differ in size: each claim has an axis of its own.
          const { comparisons, metric } = verdicts[i]!;
          const scale = scaleOf(comparisons);
          const evidence = (j: number): string => line.comparisons[j]?.evidence ?? line.evidence;
          return (
            <li key={line.claim}>
              <p>
                <span class={`verdict ${wordClass(line.verdict)}`}>{line.verdict}</span> {line.claim}
                {comparisons.length !== 1 && <span class="quiet"> ({line.evidence})</span>}
              </p>
              {comparisons.map((one, j) => (
                <div key={one.than} class="comparison">
                  <span class="than">
                    {metric}, than {one.than}
                    {comparisons.length > 1 && `: ${one.verdict}`}
                  </span>
                  <Interval {...one} scale={scale} label={evidence(j)} />
                  <span class="quiet evidence">{evidence(j)}</span>
                </div>
              ))}
            </li>
          );
        })}
      </ul>
    </>
  );
}

function Key() {
  return (
    <p class="quiet key" aria-hidden="true">
      <svg width="34" height="12" class="interval">
        <line class="bar" x1="2" x2="32" y1="6" y2="6" />
        <circle class="ours" cx="17" cy="6" r="3.5" />
      </svg>{' '}
      ours, 95 % interval{' '}
      <svg width="14" height="14" class="interval">
        <path class="theirs" d="M7 1 L13 7 L7 13 L1 7 Z" />
      </svg>{' '}
      the paper{' '}
      <svg width="4" height="14" class="interval">
        <line class="zero" x1="2" x2="2" y1="0" y2="14" />
      </svg>{' '}
      no difference
    </p>
  );
}

const wordClass = (verdict: string): string => verdict.split(/[ ,]/)[0]!;

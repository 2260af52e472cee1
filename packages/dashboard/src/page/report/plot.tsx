// The frame of a drawing that needs no script: lines stretch with the window, words keep their size.
import type { ComponentChildren } from 'preact';
import { tickText, type Axis } from '@calm-orch/report/axis';

interface Props {
  readonly x: Axis;
  readonly y: Axis;
  /** Says what is drawn to those who do not see it. */
  readonly label: string;
  readonly xLabel: string;
  readonly isSquare?: boolean;
  /** In an SVG of 100 x 100, y downwards. */
  readonly children: ComponentChildren;
}

export function Plot({ x, y, label, xLabel, isSquare = false, children }: Props) {
  return (
    <div class={`plot${isSquare ? ' square' : ''}`} role="img" aria-label={label}>
      <svg viewBox="0 0 100 100" preserveAspectRatio="none">
        {y.ticks.map((tick) => (
          <path key={tick} class="grid" d={`M0 ${place(100 - y.percent(tick))}H100`} />
        ))}
        {x.ticks.map((tick) => (
          <path key={tick} class="grid" d={`M${place(x.percent(tick))} 0V100`} />
        ))}
        {children}
      </svg>
      {y.ticks.map((tick) => (
        <span key={tick} class="tick y" style={{ bottom: `${place(y.percent(tick))}%` }}>
          {tickText(tick)}
        </span>
      ))}
      {x.ticks.map((tick) => (
        <span key={tick} class="tick x" style={{ left: `${place(x.percent(tick))}%` }}>
          {tickText(tick)}
        </span>
      ))}
      <span class="tick name">{xLabel}</span>
    </div>
  );
}

/** A coordinate: a twentieth of a percent is less than a pixel. */
export const place = (percent: number): number => Number(percent.toFixed(2));

// Times and spans as people read them.

const two = (value: number): string => String(value).padStart(2, '0');

/** `2026-05-04 13:07:09`, local time. */
export function localTime(iso: string): string {
  const date = new Date(iso);
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** `0.4 s`, `12 s`, `3 m 05 s`, `2 h 07 m`; empty before the end. */
export function took({ started, ended }: { readonly started: string | null; readonly ended: string | null }): string {
  if (started === null || ended === null) return '';
  const seconds = (Date.parse(ended) - Date.parse(started)) / 1000;
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} m ${two(whole % 60)} s`;
  return `${Math.floor(whole / 3600)} h ${two(Math.floor((whole % 3600) / 60))} m`;
}

/** Four digits; `–` for what is no number. */
export function shortNumber(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return '–';
  const size = Math.abs(value);
  return size !== 0 && (size < 1e-3 || size >= 1e5) ? value.toExponential(2) : value.toPrecision(4);
}

/** `3.2 GB`, of 1,000 each. */
export function bytes(count: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  const power = Math.min(units.length - 1, count < 1 ? 0 : Math.floor(Math.log10(count) / 3));
  return `${(count / Number(`1e${3 * power}`)).toFixed(power === 0 ? 0 : 1)} ${units[power]}`;
}

/** Hashes are cut short. */
export const shortKey = (key: string): string => key.slice(0, 8);

/** The log that `trainer 0` writes. */
export const logName = (worker: string): string => worker.replace(' ', '-');

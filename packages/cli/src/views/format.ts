// Small pieces of text output: times, durations, curves.

/** `2026-05-04 13:07:09`, local time. */
export function localTime(ms: number): string {
  const date = new Date(ms);
  const two = (value: number) => String(value).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** For scripts. */
export const isoTime = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString());

/** `0.4 s`, `12 s`, `3 m 05 s`, `2 h 07 m`. */
export function duration(ms: number): string {
  const seconds = ms / 1000;
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  const two = (value: number) => String(value).padStart(2, '0');
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} m ${two(whole % 60)} s`;
  return `${Math.floor(whole / 3600)} h ${two(Math.floor((whole % 3600) / 60))} m`;
}

const bars = '▁▂▃▄▅▆▇█';

/** A curve as one line of at most `width` bars, each the mean of its part; NaN leaves a gap. */
export function sparkline(values: readonly number[], width = 24): string {
  const parts = Math.min(width, values.length);
  const means = Array.from({ length: parts }, (_, part) => {
    const slice = values.slice(
      Math.floor((part * values.length) / parts),
      Math.floor(((part + 1) * values.length) / parts),
    );
    return slice.reduce((sum, value) => sum + value, 0) / slice.length;
  });
  const finite = means.filter(Number.isFinite);
  const [low, high] = [Math.min(...finite), Math.max(...finite)];
  const bar = (mean: number) => bars[high === low ? 0 : Math.round(((mean - low) / (high - low)) * (bars.length - 1))]!;
  return means.map((mean) => (Number.isFinite(mean) ? bar(mean) : ' ')).join('');
}

/** `9.71 TB`, `48.5 GB`, `312 MB`: of 1000 each, three digits. */
export function byteSize(bytes: number): string {
  const units = ['MB', 'GB', 'TB', 'PB'];
  let [value, unit] = [bytes / 1e6, 0];
  while (value >= 999.5 && unit < units.length - 1) [value, unit] = [value / 1000, unit + 1];
  return `${value >= 99.95 ? value.toFixed(0) : value.toPrecision(3)} ${units[unit]}`;
}

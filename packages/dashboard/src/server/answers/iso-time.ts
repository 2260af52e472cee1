/** UTC, as in `2026-05-04T12:00:00.000Z`; null where there is none. */
export const isoTime = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString());

// A page of a list.
import { CalmError } from '@calm-orch/core';

export interface Page {
  /** @default all */
  readonly limit?: number;
  /** How many come before. @default 0 */
  readonly offset?: number;
}

/** As SQLite takes it. @throws CalmError `invalid_argument` */
export function checkPage({ limit = Number.MAX_SAFE_INTEGER, offset = 0 }: Page): Required<Page> {
  for (const [name, value] of Object.entries({ limit, offset }))
    if (!Number.isSafeInteger(value) || value < 0)
      throw new CalmError('invalid_argument', `${name}: expected a whole number from 0 up, got ${value}`);
  return { limit, offset };
}

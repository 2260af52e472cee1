import type { TrialConfig } from '@calm-orch/core';

/** What METEOR may read besides the texts; in the slice only where it is given. */
export function meteorSlice({ meteorDir }: TrialConfig['evaluate']): { meteorDir?: string } {
  return meteorDir === null ? {} : { meteorDir };
}

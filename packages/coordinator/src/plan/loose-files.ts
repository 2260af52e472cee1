// Which slices of the configuration name files of this machine that are no artifacts.
import type { Json, TrialConfig } from '@calm-orch/core';

/** Datasets, a folder of one's own photographs, METEOR's folder. */
export function namesLooseFiles(slice: Json): boolean {
  const { data, evaluate } = slice as unknown as {
    readonly data?: Partial<TrialConfig['data']>;
    readonly evaluate?: { readonly meteorDir?: string };
  };
  return data?.source === 'files' || (data?.unlabeledDir ?? null) !== null || evaluate?.meteorDir !== undefined;
}

// Which commit of a clone runs: recorded with a run, part of no key.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { programRoot } from '@calm-orch/core';

/** The commit's hash, with `-dirty` where files differ from it; null: the program is no clone, or there is no git. */
export function programCommit(): string | null {
  if (!existsSync(join(programRoot, '.git'))) return null;
  try {
    const asked = ['describe', '--always', '--dirty', '--abbrev=40', '--exclude', '*'];
    return execFileSync('git', asked, {
      cwd: programRoot,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return null;
  }
}

// The members of a configuration that are paths of this machine. `~` in them is replaced where they were written, so that a
// stored run has none and does not depend on whose home folder it is resumed in.
import { CalmError } from '../../errors.ts';
import { expandHome } from '../../files/user-path.ts';
import type { Override } from './resolve.ts';
import type { Problem } from './yaml-position.ts';

const pathKey =
  /^(foundation\.(checkpoint|vision|vision336|llm|qformer|projector)|data\.(unlabeledDir|roots)|evaluate\.meteorDir)$/;

/** The overrides with `~` replaced, and a problem for each whose path cannot be. */
export function withoutTilde(overrides: readonly Override[]): { overrides: Override[]; problems: Problem[] } {
  const problems: Problem[] = [];
  const expanded = overrides.map((override): Override => {
    if (!pathKey.test(override.key)) return override;
    try {
      return { ...override, value: expandedIn(override.value) };
    } catch (error) {
      if (!(error instanceof CalmError)) throw error;
      problems.push({ at: override.at, message: error.message });
      return override;
    }
  });
  return { overrides: expanded, problems };
}

/** `data.roots` is a mapping of paths. */
function expandedIn(value: unknown): unknown {
  if (typeof value === 'string') return expandHome(value);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, expandedIn(member)]));
}

// Whether the chain of a stage's digests is whole: every link follows from the one before it, and each step that should have
// a digest has one.
import { digestedSteps } from '@calm-orch/core';
import { linkAfter, noLink, type StateLink } from '@calm-orch/tracker';

const shown = 5;

/** In words; none where all is well, and where an earlier version has trained the stage and no link was recorded. */
export function chainProblems(stageKey: string, steps: number, links: readonly StateLink[]): string[] {
  if (links.length === 0) return [];
  const demanded = new Set(digestedSteps(steps));
  const broken = links.flatMap((link, i) => {
    const before = links[i - 1]?.link ?? noLink;
    const follows = link.position === i && link.link === linkAfter(before, stageKey, link);
    return follows
      ? []
      : [`the digest after step ${link.step} (link ${link.position}) does not follow from the link before it`];
  });
  const told = new Map<number, StateLink[]>();
  for (const link of links) told.set(link.step, [...(told.get(link.step) ?? []), link]);
  const differing = [...told].flatMap(([step, same]) =>
    same.length === 1
      ? []
      : [
          `the state after step ${step} has ${same.length} digests (attempt ${same.map(({ attempt }) => attempt).join(', ')})`,
        ],
  );
  const missing = [...demanded]
    .filter((step) => !told.has(step))
    .map((step) => `the digest after step ${step} is missing`);
  const extra = [...told.keys()].filter((step) => !demanded.has(step)).map((step) => `step ${step} has a digest and should have none`); // prettier-ignore
  return [broken, differing, missing, extra].flatMap((each) => each.slice(0, shown));
}

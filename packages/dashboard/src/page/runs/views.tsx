// The two lists of what has been run: runs, and trials grouped by everything but their seed.
import { addressOf } from '../place.ts';

export function Views({ shown }: { readonly shown: 'runs' | 'groups' }) {
  const views = { runs: 'Runs', groups: 'Trials over seeds' } as const;
  return (
    <ul class="links views">
      {(['runs', 'groups'] as const).map((page) => (
        <li key={page}>
          <a href={addressOf({ page })} aria-current={page === shown ? 'true' : undefined}>
            {views[page]}
          </a>
        </li>
      ))}
    </ul>
  );
}

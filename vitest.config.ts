import { configDefaults, defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

// Tests run on the TypeScript sources of every package; child processes they start run the built `dist`.
const conditions = ['@calm-orch/source', 'node', 'import', 'default'];

const notDaily = [...configDefaults.exclude, 'test/nightly/**'];
/** Runs that several files look at. */
export const madeOnce = './test/e2e/made-once.ts';
const endToEnd = 'test/e2e/**/*.test.ts';
/** A process has one engine, and what its first test does to it, or to its memory, the next would meet. */
const alone = ['packages/{engine,model,trainer,augmentor,evaluator}/src/**/*.test.ts', 'test/large-json.test.ts'];

/** What takes minutes comes first: one that begins last would leave the other workers without work. */
const longest = ['test/stories/', ...['gangs', 'page-compare-try', 'report'].map((name) => `test/e2e/${name}.test.ts`)];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const index = longest.findIndex((part) => moduleId.includes(part));
      return index < 0 ? longest.length : index;
    };
    return (await super.sort(files)).sort((a, b) => rank(a) - rank(b));
  }
}

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    // A test whose assertions all stand in a loop over an empty list, or behind an early return, fails. A busy machine takes
    // many times as long as a quiet one to show what is waited for.
    expect: { requireAssertions: true, poll: { timeout: 30_000 } },
    pool: 'forks',
    maxWorkers: 3,
    sequence: { sequencer: LongestFirst },
    testTimeout: 600_000,
    hookTimeout: 180_000,
    projects: [
      { extends: true, test: { name: 'alone', include: alone, exclude: notDaily } },
      // The others share processes: loading the same modules anew for each file took a tenth of all time.
      {
        extends: true,
        test: {
          name: 'shared',
          include: ['packages/*/src/**/*.test.ts', 'test/**/*.test.ts'],
          exclude: [...notDaily, endToEnd, ...alone],
          isolate: false,
        },
      },
      // Real training, a real browser, real installs: `npm run test:e2e`.
      {
        extends: true,
        test: {
          name: 'e2e',
          include: [endToEnd],
          exclude: notDaily,
          isolate: false,
          globalSetup: madeOnce,
        },
      },
    ],
  },
});

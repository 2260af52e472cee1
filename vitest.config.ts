import { configDefaults, defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

// Tests run on the TypeScript sources of every package; child processes they start run the built `dist`.
const conditions = ['@calm-orch/source', 'node', 'import', 'default'];

/** Stories take minutes and come first: one that begins last would leave the other workers without work. */
class StoriesFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const isStory = ({ moduleId }: TestSpecification): boolean => moduleId.includes('/test/stories/');
    return [...sorted.filter(isStory), ...sorted.filter((file) => !isStory(file))];
  }
}

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    include: ['packages/*/src/**/*.test.ts', 'test/**/*.test.ts'],
    exclude: [...configDefaults.exclude, 'test/nightly/**'],
    // A test whose assertions all stand in a loop over an empty list, or behind an early return, fails. A busy machine takes
    // many times as long as a quiet one to show what is waited for.
    expect: { requireAssertions: true, poll: { timeout: 30_000 } },
    pool: 'forks',
    maxWorkers: 3,
    sequence: { sequencer: StoriesFirst },
    testTimeout: 180_000,
    hookTimeout: 180_000,
  },
});

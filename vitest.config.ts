import { configDefaults, defineConfig } from 'vitest/config';

// Tests run on the TypeScript sources of every package; child processes they start run the built `dist`.
const conditions = ['@calm-orch/source', 'node', 'import', 'default'];

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
    testTimeout: 180_000,
    hookTimeout: 180_000,
  },
});

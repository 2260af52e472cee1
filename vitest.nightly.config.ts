import { defineConfig, mergeConfig } from 'vitest/config';
import config, { madeOnce } from './vitest.config.ts';

const { projects: _, ...test } = config.test!;

// What takes minutes or gigabytes: `npm run test:nightly`, one file at a time.
export default mergeConfig(
  { ...config, test },
  defineConfig({
    test: {
      include: ['test/nightly/**/*.test.ts'],
      globalSetup: madeOnce,
      maxWorkers: 1,
      testTimeout: 1_200_000,
      hookTimeout: 300_000,
    },
  }),
);

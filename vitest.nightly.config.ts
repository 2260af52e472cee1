import { defineConfig, mergeConfig } from 'vitest/config';
import config from './vitest.config.ts';

// What takes too long for every change: `npm run test:nightly`.
export default mergeConfig(
  { ...config, test: { ...config.test, include: [], exclude: [] } },
  defineConfig({ test: { include: ['test/nightly/**/*.test.ts'] } }),
);

// Prettier owns the layout; ESLint looks for what the compiler lets through: promises nobody waits for, switches that
// forget a case, values of type any. tsconfig.check.json gives it the types of sources and tests in one program
// (the page, which runs in browsers, has its own), tsconfig.scripts.json what can be known of plain JavaScript.
import js from '@eslint/js';
import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';

/** For files that handle values without types. */
const unchecked = Object.fromEntries(
  ['assignment', 'member-access', 'argument', 'call', 'return'].map((what) => [
    `@typescript-eslint/no-unsafe-${what}`,
    'off',
  ]),
);

/** A promise nobody waits for takes its error to the end of the process: each is awaited, returned or caught. */
const noFloatingPromises = {
  '@typescript-eslint/no-floating-promises': ['error', { ignoreVoid: false, ignoreIIFE: false }],
  '@typescript-eslint/no-misused-promises': 'error',
};

export default defineConfig(
  { ignores: ['**/dist/', '**/node_modules/', '**/generated/', '**/fixtures/', 'runs/', 'coverage/'] },
  js.configs.recommended,
  {
    files: ['**/*.ts', '**/*.tsx'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: {
      parserOptions: {
        project: ['./tsconfig.check.json', './packages/dashboard/src/page/tsconfig.json'],
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      ...noFloatingPromises,
      '@typescript-eslint/consistent-type-imports': ['error', { disallowTypeAnnotations: false }],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/only-throw-error': 'error',
      // Async functions without await keep one signature among others that need it.
      '@typescript-eslint/require-await': 'off',
      // Interfaces here are written with methods and filled with plain functions; `this` is used in few classes only.
      '@typescript-eslint/unbound-method': 'off',
      'no-restricted-imports': ['error', { patterns: ['@calm-orch/*/src/*', '@calm-orch/*/dist/*'] }],
    },
  },
  {
    // tfjs-node's addon and its generated protobuf classes have no types.
    files: ['packages/engine/src/graph/{graph,graph-session,trace}.ts'],
    rules: unchecked,
  },
  {
    // What a test reads back (JSON, a database row) is checked by its expectations.
    files: ['**/*.test.ts', '**/*.test-util.ts'],
    rules: unchecked,
  },
  {
    files: ['**/*.js'],
    plugins: { '@typescript-eslint': tseslint.plugin },
    rules: noFloatingPromises,
    languageOptions: {
      parser: tseslint.parser,
      parserOptions: { project: './tsconfig.scripts.json', tsconfigRootDir: import.meta.dirname },
      globals: {
        console: 'readonly',
        process: 'readonly',
        performance: 'readonly',
        URL: 'readonly',
        Buffer: 'readonly',
        setTimeout: 'readonly',
        clearTimeout: 'readonly',
        fetch: 'readonly',
      },
    },
  },
);

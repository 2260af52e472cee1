// A result may depend on nothing but its inputs: what draws randomness from outside, or reads the clock where results
// are computed, is found here.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { repository, workspacePackages } from './sources.ts';

const packages = workspacePackages();
const linesMatching = (names: readonly string[], pattern: RegExp): string[] =>
  packages
    .filter(({ name }) => names.includes(name))
    .flatMap(({ files }) => files)
    .flatMap((file) =>
      readFileSync(join(repository, file), 'utf8')
        .split('\n')
        .flatMap((line, i) =>
          pattern.test(line) && !/^\s*(\/\/|\*|\/\*)/.test(line) ? [`${file}:${String(i + 1)} ${line.trim()}`] : [],
        ),
    );

describe('results', () => {
  it('raise nothing to a power by `**` or Math.pow, whose bits depend on the version of Node', () => {
    const names = ['core', 'model', 'datasets', 'augmentor', 'trainer', 'evaluator'];
    // Squares, and whole powers of two, are exact everywhere; costs are printed and enter no result.
    const exact = /\*\* 2\b|\b2 \*\* -?\d|2 \*\* (shift|weightBits|precisionBits|attempt|\(exponent - 15\)|Math\.ceil)/;
    const found = linesMatching(names, /\S \*\* \S|Math\.pow/).filter((line) => !exact.test(line));
    expect(found.filter((line) => !line.startsWith('packages/model/src/costs/'))).toEqual([]);
  });

  it('draw no randomness outside the seeded generator', () => {
    const names = packages.map(({ name }) => name);
    expect(linesMatching(names, /Math\.random\(/)).toEqual([]);
  });

  it('read no clock where they are computed', () => {
    expect(linesMatching(['core', 'model', 'datasets'], /Date\.now\(|new Date\(\)/)).toEqual([]);
  });
});

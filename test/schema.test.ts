// The JSON Schema of experiment files, as editors read it: current, complete, and of one mind with the program.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { Ajv, type ErrorObject } from 'ajv';
import { parse } from 'yaml';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadExperiment } from '@calm-orch/core/config';
import { repository } from './rules/sources.ts';

const file = join(repository, 'schemas/experiment.schema.json');
const schema = JSON.parse(readFileSync(file, 'utf8')) as Record<string, Record<string, { description?: string }>>;
const validate = new Ajv({ allErrors: true, strict: false, formats: { uri: true } }).compile(schema);
const errorsOf = (yaml: string): ErrorObject[] => (validate(parse(yaml)) ? [] : validate.errors!);
const folder = join(repository, 'experiments');
const experiments = readdirSync(folder).filter((name) => name.endsWith('.yaml'));

let dir: string;
beforeAll(() => void (dir = mkdtempSync(join(tmpdir(), 'calm-orch-schema-'))));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

test('it is made of the schema that the program checks by (`npm run gen:schema` makes it anew)', () => {
  const made = execFileSync(process.execPath, ['scripts/build-schema.js', '--print'], { cwd: repository });
  expect(readFileSync(file, 'utf8')).toBe(String(made));
});

test('every member and every setting says what it is for', () => {
  const { properties, definitions } = schema;
  const without = [properties!, definitions!].flatMap((each) =>
    Object.entries(each).flatMap(([name, { description }]) => ((description ?? '').length > 5 ? [] : name)),
  );
  expect(without).toEqual([]);
  expect(Object.keys(definitions!).length).toBeGreaterThan(150);
  expect(definitions!['finetuneScore.steps']!.description).toMatch(
    /^Optimizer updates\. Default: \d+ \(nano\), \d+ \(paper\)\.$/,
  );
});

describe('experiments that come with the program', () => {
  test.each(experiments)('%s names it in its first line and is valid', (name) => {
    const text = readFileSync(join(folder, name), 'utf8');
    const [, path] = /^# yaml-language-server: \$schema=(\S+)\n/.exec(text) ?? [];
    expect(resolve(folder, path ?? '')).toBe(file);
    expect(errorsOf(text)).toEqual([]);
  });
});

/** What is wrong, where an editor underlines it, and what it says; the program refuses the same. */
const wrong: readonly [yaml: string, at: string, says: RegExp, word?: string][] = [
  ['presett: nano\nrows: [{row: a}]', '', /must NOT have additional properties/, 'presett'],
  ['preset: pico\nrows: [{row: a}]', '/preset', /must be equal to one of the allowed values/],
  ['seeds: [-1]\nrows: [{row: a}]', '/seeds/0', /must be >= 0/],
  ['trainers: many\nrows: [{row: a}]', '/trainers', /must be integer/],
  ['metrics: [PLC]\nrows: [{row: a}]', '/metrics/0', /must be equal to one of the allowed values/],
  ['rows: [{row: a, set: {mfam.qeries: 4}}]', '/rows/0/set', /must NOT have additional properties/, 'mfam.qeries'],
  ['rows: [{row: a, set: {mfam: {queries: 0}}}]', '/rows/0/set/mfam/queries', /must be > 0/],
  ['rows: [{row: a}]\nset: {seed: 1}', '/set', /must NOT have additional properties/, 'seed'],
  ['rows: [{row: a}]\nset: {finetuneScore.steps: 1.5}', '/set/finetuneScore.steps', /must be integer/],
];

test.each(wrong)('what an editor is told of %j', (yaml, at, says, word) => {
  const errors = errorsOf(yaml).filter(
    ({ keyword }) => !['if', 'anyOf', 'type'].includes(keyword) || says.source.includes('integer'),
  );
  const found = errors.find(({ instancePath, message }) => instancePath === at && says.test(message ?? ''));
  expect(found, JSON.stringify(errors)).toBeDefined();
  if (word !== undefined) expect(found!.params).toMatchObject({ additionalProperty: word });
  const path = join(dir, 'x.yaml');
  writeFileSync(path, yaml);
  expect(() => loadExperiment(path)).toThrow(/x\.yaml:\d+:\d+: /);
});

test('settings are written nested or with dots, wherever the program takes them', () => {
  const yaml = `rows:
  - row: a
    set: { mfam: { taps.low: 1, queries: 4 }, data.numTrain: 60, personal: { train: { photos: 60 } } }
    presets: { paper: { mfam.levels: [all] } }
set:
`;
  expect(errorsOf(yaml).map(({ instancePath }) => instancePath)).toContain('/rows/0/presets/paper/mfam.levels/0');
  const fine = yaml.replace('[all]', '[thematic]');
  expect(errorsOf(fine)).toEqual([]);
  const path = join(dir, 'nested.yaml');
  writeFileSync(path, fine);
  expect(loadExperiment(path).rows[0]!.config(0).mfam).toMatchObject({ queries: 4, taps: { low: 1 } });
  expect(dirname(path)).toBe(dir);
});

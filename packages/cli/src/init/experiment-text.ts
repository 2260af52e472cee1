// An experiment file as `init` writes it: each member with what it is for and its default, as the JSON Schema says it.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { programRoot } from '@calm-orch/core/program-root';
import type { TrialConfig } from '@calm-orch/core';

export const schemaFile = join(programRoot, 'schemas/experiment.schema.json');

export interface Chosen {
  readonly title?: string;
  /** As the file names it, and as it is found from anywhere. */
  readonly ablation: string;
  readonly ablationPath: string;
  /** Of the ablation. */
  readonly allRows: readonly string[];
  /** null: all. */
  readonly rows: readonly string[] | null;
  readonly preset: TrialConfig['preset'];
  readonly seeds: readonly number[];
  readonly trainers: number | null;
  /** `key=value`, the value as YAML. */
  readonly set: readonly string[];
}

/** What people change first; the values shown are the preset's. */
const usual = [
  'data.numTrain',
  'data.numTest',
  'data.numUnlabeled',
  'pretrainSsl.steps',
  'pretrainGeneric.steps',
  'finetuneComment.steps',
  'finetuneScore.steps',
  'finetuneScore.batchSize',
  'finetuneScore.peakLearningRate',
  'mfam.queries',
  'mfam.taps',
  'evaluate.numComments',
] as const;

interface Described {
  readonly description?: string;
}
interface Schema {
  readonly properties: Readonly<Record<string, Described>>;
  readonly definitions: Readonly<Record<string, Described>>;
}

const width = 100;

/** `schema`: how the file names the JSON Schema. `config`: the preset's values. */
export function experimentText(chosen: Chosen, schema: string, config: Readonly<Record<string, unknown>>): string {
  const { properties, definitions } = JSON.parse(readFileSync(schemaFile, 'utf8')) as Schema;
  const { title, ablation, allRows, rows, preset, seeds, trainers, set } = chosen;
  /** A member that was chosen, or its usual value as a comment. */
  const member = (name: string, value: string | null, otherwise: string, more = ''): string => {
    const text = `${properties[name]?.description ?? ''}${more}`;
    return `${comment(text)}\n${value === null ? `# ${name}: ${otherwise}` : `${name}: ${value}`}`;
  };
  const list = (values: readonly (string | number)[]): string => `[${values.map(quoted).join(', ')}]`;
  const asked = new Map(
    set.map((text) => [text.slice(0, text.indexOf('=')).trim(), text.slice(text.indexOf('=') + 1).trim()]),
  );
  const setting = (key: string): string => {
    const value = asked.get(key);
    const usualValue = key.split('.').reduce<unknown>((at, part) => (at as never)?.[part], config);
    const line = value === undefined ? `# ${key}: ${flow(usualValue)}` : `${key}: ${value}`;
    return `${comment(definitions[key]?.description ?? '', '  ')}\n  ${line}`;
  };
  const keys = [...asked.keys(), ...usual.filter((key) => !asked.has(key))];
  return [
    `# yaml-language-server: $schema=${schema}\n` +
      comment(
        'Made by `calm-orch init`. What stands behind a # is not set: take the # away to change it. `calm-orch show --config` prints this file resolved, `plan` says what it costs, `run` runs it.',
      ),
    member('title', title === undefined ? null : quoted(title), 'My experiment'),
    member('ablation', quoted(ablation), ''),
    member('rows', rows === null ? null : list(rows), list(allRows), ` This ablation has ${allRows.join(', ')}.`),
    member('preset', preset, 'nano'),
    member('seeds', list(seeds), '[0]'),
    member('trainers', trainers === null ? null : String(trainers), '8'),
    member('augmentors', null, '2'),
    member('evaluators', null, '1'),
    `${comment(properties['set']?.description ?? '')}\nset:`,
    ...keys.map(setting),
  ]
    .join('\n\n')
    .concat('\n');
}

/** As YAML has it on one line. */
const flow = (value: unknown): string =>
  JSON.stringify(value)
    .replaceAll(/"(\w+)":/g, '$1: ')
    .replaceAll(',', ', ');

/** As YAML has it in a list, too: what is no plain word of a few letters is quoted. */
const quoted = (value: string | number): string =>
  typeof value === 'number' || (/^[a-z./][\w./+-]*$/i.test(value) && !/^(true|false|null|yes|no|on|off)$/i.test(value))
    ? String(value)
    : JSON.stringify(value);

function comment(text: string, indent = ''): string {
  const lines: string[] = [];
  for (const word of text.split(/\s+/)) {
    const last = lines.at(-1);
    if (last !== undefined && `${indent}${last} ${word}`.length <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(`# ${word}`);
  }
  return lines.map((line) => indent + line).join('\n');
}

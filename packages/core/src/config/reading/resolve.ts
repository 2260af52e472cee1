// From a preset and overrides to one trial's complete configuration, checked member by member and across members.
import { isAbsolute, join, resolve } from 'node:path';
import { CalmError } from '../../errors.ts';
import type { Json } from '../../order/canonical.ts';
import { power } from '../../order/power.ts';
import { programRoot } from '../../program-root.ts';
import { withoutTilde } from './home-paths.ts';
import { trainingStages, withStepsOnly } from '../budgets.ts';
import { storeOf } from '../hidden-states.ts';
import { presets } from '../presets.ts';
import { trialConfigSchema, type TrialConfig } from '../schema.ts';
import { suggestion } from '../suggest.ts';
import { leafKeys, problemsOf, schemaAt } from './validate.ts';
import { throwProblems, type Problem } from './yaml-position.ts';

/** One member set; `at` says where, for messages (file:line:column or a flag). */
export interface Override {
  readonly key: string;
  readonly value: unknown;
  readonly at: string;
}

const ownWords: Readonly<Record<string, string>> = {
  seed: 'name seeds with `seeds: [0, 1]` or --seeds',
  preset: 'name the preset with `preset: nano` in the experiment file',
};

const overridable = leafKeys(trialConfigSchema).filter((key) => !(key in ownWords));

/** `{ 'mfam.taps': { low: 0 } }` -> `mfam.taps.low`: every leaf with its own place. */
export function flattenOverrides(
  set: Readonly<Record<string, unknown>>,
  locate: (path: readonly string[]) => string,
): Override[] {
  const visit = (value: unknown, path: readonly string[]): Override[] => {
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    const members = isObject ? Object.entries(value) : [];
    if (members.length > 0) return members.flatMap(([key, member]) => visit(member, [...path, key]));
    return [{ key: path.join('.'), value, at: locate(path) }];
  };
  return Object.entries(set).flatMap(([key, value]) => visit(value, [key]));
}

/** Of one `set`: training that is given in steps and in epochs. */
export function budgetProblems(set: readonly Override[]): Problem[] {
  return trainingStages.flatMap((stage) => {
    const [steps, epochs] = ['steps', 'epochs'].map((unit) => set.find(({ key }) => key === `${stage}.${unit}`));
    if (steps === undefined || epochs === undefined) return [];
    return [{ at: epochs.at, message: `\`${stage}\` has steps and epochs: give one of them` }];
  });
}

/** What is wrong with each override by itself: unknown key, wrong type, out of range. */
export function overrideProblems(overrides: readonly Override[]): Problem[] {
  return overrides.flatMap(({ key, value, at }): Problem[] => {
    const own = ownWords[key];
    if (own) return [{ at, message: `\`${key}\` is not set here: ${own}` }];
    if (!overridable.includes(key)) {
      const isGroup = overridable.some((leaf) => leaf.startsWith(`${key}.`));
      const hint = isGroup
        ? `: set its members, as in \`${overridable.find((leaf) => leaf.startsWith(`${key}.`))}\``
        : '';
      return [{ at, message: `unknown key \`${key}\`${hint || suggestion(key, overridable)}` }];
    }
    return problemsOf(schemaAt(trialConfigSchema, key.split('.'))!, value, () => at, key.split('.'));
  });
}

/**
 * The preset under its overrides (the last of equal keys wins), for one seed. A relative `foundation.checkpoint` is
 * taken from the root of this repository, other relative places from the working directory.
 * Throws CalmError `invalid_config` naming all problems.
 */
export function resolveTrial(
  preset: keyof typeof presets,
  overrides: readonly Override[] | Readonly<Record<string, Json>>,
  seed: number,
): TrialConfig {
  const written = Array.isArray(overrides)
    ? (overrides as readonly Override[])
    : flattenOverrides(overrides as Record<string, Json>, (path) => path.join('.'));
  const { overrides: list, problems } = withoutTilde(written);
  throwProblems([...problems, ...overrideProblems(list)]);
  const config = applyOverrides({ preset, seed, ...presets[preset] }, list);
  throwProblems(crossProblems(config, list));
  return toTrial(config);
}

/** What stages are planned from: steps counted, places of files absolute, hidden states stored or not. */
export function toTrial(config: TrialConfig): TrialConfig {
  const encode = { ...config.encode, store: storeOf(config) };
  return withAbsolutePaths(withStepsOnly({ ...config, encode }));
}

/** A copy with the overrides applied, of steps and epochs the last; nothing is checked. */
export function applyOverrides<T extends object>(config: T, overrides: readonly Pick<Override, 'key' | 'value'>[]): T {
  const copy = structuredClone(config);
  for (const { key, value } of overrides) {
    const path = key.split('.');
    const last = path.pop()!;
    const parent = path.reduce<Record<string, unknown>>(
      (at, part) => at[part] as Record<string, unknown>,
      copy as never,
    );
    parent[last] = structuredClone(value);
    if (last === 'steps') delete parent['epochs'];
  }
  return copy;
}

const absolute = (path: string | null): string | null => (path === null ? null : resolve(path));

function withAbsolutePaths(config: TrialConfig): TrialConfig {
  const { checkpoint, vision336, ...places } = config.foundation;
  const { unlabeledDir } = config.data;
  return {
    ...config,
    foundation: {
      checkpoint: isAbsolute(checkpoint) ? checkpoint : join(programRoot, checkpoint),
      vision: absolute(config.vision.imageSize === 336 ? (vision336 ?? places.vision) : places.vision),
      vision336: null,
      llm: absolute(places.llm),
      qformer: absolute(places.qformer),
      projector: absolute(places.projector),
    },
    data: { ...config.data, unlabeledDir: absolute(unlabeledDir) },
    evaluate: { ...config.evaluate, meteorDir: absolute(config.evaluate.meteorDir) },
  };
}

/** Tokens of a question about two photographs with its answer, about. */
const textOfPair = 64;

/** What no single member shows. A problem stands where the last override of a key it names was written. */
export function crossProblems(
  config: TrialConfig,
  overrides: readonly Override[],
  fallback: string = config.preset,
): Problem[] {
  const problems: Problem[] = [];
  const check = (holds: boolean, keys: readonly string[], message: string) => {
    const origin = overrides.findLast(({ key }) => keys.includes(key));
    if (!holds) problems.push({ at: origin?.at ?? fallback, message });
  };
  const divides = (whole: string, part: string) => {
    const [a, b] = [numberAt(config, whole), numberAt(config, part)];
    check(a % b === 0, [whole, part], `${whole} must be a multiple of ${part} (got ${a} and ${b})`);
  };
  for (const stage of trainingStages) divides(`${stage}.batchSize`, 'train.stepShards');
  divides('vision.imageSize', 'vision.patchSize');
  divides('vision.hiddenSize', 'vision.numHeads');
  divides('mfam.hiddenSize', 'mfam.numHeads');
  divides('llm.hiddenSize', 'llm.numHeads');
  divides('llm.numHeads', 'llm.numKeyValueHeads');
  const headSize = config.llm.hiddenSize / config.llm.numHeads;
  const headKeys = ['llm.hiddenSize', 'llm.numHeads'];
  check(
    headSize % 2 === 0,
    headKeys,
    `llm.hiddenSize / llm.numHeads must be even for rotary positions (got ${headSize})`,
  );
  const { accumulation, stepShards } = config.train;
  check(
    Number.isInteger(Math.log2(accumulation)) && stepShards % accumulation === 0,
    ['train.accumulation', 'train.stepShards'],
    `train.accumulation must be a power of two that divides train.stepShards (got ${accumulation} and ${stepShards})`,
  );
  const { numLayers } = config.vision;
  for (const [level, tap] of Object.entries(config.mfam.taps)) {
    const keys = [`mfam.taps.${level}`, 'vision.numLayers'];
    check(tap <= numLayers, keys, `mfam.taps.${level} must be at most vision.numLayers (got ${tap} and ${numLayers})`);
  }
  for (const [key, list] of [
    ['mfam.levels', config.mfam.levels] as const,
    ['augment.groups', config.augment.groups] as const,
    ['lora.targets', config.lora.targets] as const,
  ]) {
    check(new Set(list).size === list.length, [key], `${key} names something twice (got ${list.join(', ')})`);
  }
  check(
    config.questions.mix.comments !== 0,
    ['questions.mix.comments'],
    'questions.mix.comments must be more than 0, or null: comments need steps too (got 0)',
  );
  const { vision, mfam, llm, questions } = config;
  const patches = power(vision.imageSize / vision.patchSize, 2);
  const tokensPerImage = (levels: TrialConfig['mfam']['levels']): number =>
    levels.reduce((sum, level) => sum + (level === 'thematic' ? patches : mfam.queries), 0);
  const perImage = tokensPerImage(mfam.levels);
  check(
    !questions.use ||
      config.data.source === 'studio' ||
      questions.mix.comparisons === 0 ||
      2 * perImage + textOfPair < llm.maxPositions,
    ['questions.mix.comparisons', 'vision.imageSize', 'mfam.queries', 'llm.maxPositions'],
    `questions.mix.comparisons must be 0: two photographs of ${perImage} tokens and a question are more than llm.maxPositions (${llm.maxPositions})`,
  );
  const { levels: personalLevels, contextSize, joining } = config.personal;
  check(
    personalLevels.every((level) => config.mfam.levels.includes(level)) || !config.evaluate.personal,
    ['personal.levels', 'mfam.levels'],
    `personal.levels must be among mfam.levels (got ${personalLevels.join(', ')} and ${config.mfam.levels.join(', ')})`,
  );
  const ofImages = (contextSize + 1) * tokensPerImage(personalLevels);
  check(
    ofImages < config.llm.maxPositions || !config.evaluate.personal,
    ['personal.contextSize', 'personal.levels', 'llm.maxPositions'],
    `${contextSize + 1} photographs of an episode take ${ofImages} tokens without any text, llm.maxPositions is ${config.llm.maxPositions}: take fewer photographs (personal.contextSize), levels (personal.levels) or queries, or smaller images`,
  );
  check(
    joining === 0 || joining > contextSize,
    ['personal.joining', 'personal.contextSize'],
    `personal.joining must be 0 or more than personal.contextSize (got ${joining} and ${contextSize})`,
  );
  check(
    config.data.source === 'studio' || config.data.unlabeledDir === null,
    ['data.unlabeledDir', 'data.source'],
    "data.unlabeledDir joins the embedded data's pool only, and would not be used beside other data: leave out --data, or the folder",
  );
  check(
    (config.data.source === 'files') === Object.keys(config.data.roots).length > 0,
    ['data.source', 'data.roots'],
    'data.source is files with the roots of --data FILE, and studio without: embedded data and files never mix',
  );
  const { numComments, scoreReadout, split } = config.evaluate;
  check(
    config.scoreAnswer === 'number' || scoreReadout === 'levels',
    ['scoreAnswer', 'evaluate.scoreReadout'],
    `evaluate.scoreReadout must be levels where scoreAnswer is level (got ${scoreReadout}): a word is no number`,
  );
  check(
    split === 'test' || config.data.numVal > 0,
    ['evaluate.split', 'data.numVal'],
    'evaluate.split is val, and data.numVal is 0: name how many photographs choose',
  );
  const [numEvaluated, most] =
    split === 'val' ? (['data.numVal', config.data.numVal] as const) : (['data.numTest', config.data.numTest] as const);
  check(
    numComments <= most,
    ['evaluate.numComments', numEvaluated],
    `evaluate.numComments must be at most ${numEvaluated} (got ${numComments} and ${most})`,
  );
  return problems;
}

function numberAt(config: TrialConfig, key: string): number {
  return key.split('.').reduce<unknown>((at, part) => (at as Record<string, unknown>)[part], config) as number;
}

/** `--set key=value`: the value is read as YAML, so lists and numbers are written as in a file. */
export function parseAssignment(text: string, parse: (yaml: string) => unknown): Override {
  const equals = text.indexOf('=');
  if (equals <= 0)
    throw new CalmError('invalid_argument', `--set ${text}: expected key=value, as in --set finetuneScore.steps=100`);
  const key = text.slice(0, equals).trim();
  if (text.slice(equals + 1).trim() === '~')
    throw new CalmError(
      'invalid_argument',
      `--set ${text}: to YAML a bare ~ is null; write null, or the home folder as ${key}=~/`,
    );
  try {
    return { key, value: parse(text.slice(equals + 1)), at: `--set ${text}` };
  } catch (error) {
    throw new CalmError('invalid_argument', `--set ${text}: the value is no YAML`, { cause: error });
  }
}

// From an experiment to its stages: every trial's stages, equal keys merged, inputs before those who read them.
// A key hashes all that can change a stage's output: kind, configuration slice, keys of the inputs, code, engine, and
// files it reads that are no artifact. Planning loads no stage and no TensorFlow.
import {
  canonicalJson,
  hashOf,
  seedsOf,
  stageLabel,
  type Experiment,
  type FoundationConfig,
  type Json,
  type Role,
  type StageDefinition,
  type StageKind,
  type StageSpec,
  type GradientExchange,
  type OptimizerPlacement,
} from '@calm-orch/core';
import type { TrialRef } from '@calm-orch/tracker';
import type { Foundation } from './foundation-artifact.ts';
import { namesLooseFiles } from './loose-files.ts';
import { addStages, type AddStage } from './trial-stages.ts';

export interface PlanStage extends StageSpec {
  readonly role: Role;
  /** Several trainers may compute its steps together. */
  readonly isShared: boolean;
  /** For people: `finetune-score all seed 1`. */
  readonly label: string;
  /** Trials that need it. */
  readonly trials: readonly TrialRef[];
  /** Place in `Plan.seeds` of the first seed that needs it. */
  readonly seedPlace: number;
  readonly cost: number;
  /** What was hashed into the key. */
  readonly ingredients: Json;
  /** Hashes of the modules of its code. */
  readonly modules: Readonly<Record<string, string>>;
  /** That its key names, canonical JSON; null: none. */
  readonly engine: string | null;
  readonly checkpointEveryMs: number;
  /** Of training, that stay. */
  readonly keepCheckpoints: number;
  readonly optimizer: OptimizerPlacement;
  readonly exchange: GradientExchange;
  /** It reads files that are no artifacts, or may: who does not see the coordinator's file systems cannot compute it. */
  readonly readsLooseFiles: boolean;
  /** Shards of a training step. */
  readonly numShards: number;
}

export interface Plan {
  readonly trials: readonly TrialRef[];
  /** In the order they are worked off. */
  readonly seeds: readonly number[];
  readonly stages: readonly PlanStage[];
}

/** What plans and keys depend on beside the experiment. */
export interface PlanSources {
  /** All kinds of stages. */
  readonly kinds: readonly StageDefinition[];
  /** Hash of the code a stage runs. */
  code(kind: StageKind): string;
  /** Hashes of the modules that code is made of, to tell which has changed; not part of a key. */
  modules?(kind: StageKind): Readonly<Record<string, string>>;
  /** Back end, version, ... of the engine that trainers and evaluators compute with. */
  readonly engine: Json;
  /** The pretrained models and the key of their artifact. */
  foundation(config: FoundationConfig): Foundation;
  /** What identifies files a stage reads that are neither configuration nor artifact; null: none. */
  files(definition: StageDefinition, config: Json): Json;
  /** Sentences about what could not be read of the folders asked for so far. */
  notes?(): readonly string[];
}

type Draft = Omit<PlanStage, 'label' | 'trials' | 'seedPlace'> & { readonly trials: TrialRef[]; seedPlace: number };

/** Artifacts of augmentors name the photographs that were read for them where these lie. */
const passesOn = (input: Draft | undefined): boolean => input?.role === 'augmentor' && input.readsLooseFiles;

export function planExperiment(experiment: Experiment, sources: PlanSources): Plan {
  const drafts = new Map<string, Draft>();
  const trials: TrialRef[] = [];
  const tables = new Set<string>();
  const seeds = seedsOf(experiment);
  const goalsOf = (what: StageDefinition['goalOf']) => sources.kinds.filter(({ goalOf }) => goalOf === what);
  for (const { row, table = '', config: configOf, seeds: own = experiment.seeds } of experiment.rows)
    for (const seed of own) {
      const config = configOf(seed);
      const trial: TrialRef = { row, seed };
      const foundation = experiment.only === null ? sources.foundation(config.foundation) : null;
      const seedPlace = seeds.indexOf(seed);
      const { checkpointEverySeconds, keepCheckpoints, optimizer, exchange, stepShards } = config.train;
      const add: AddStage = (definition, inputs) => {
        const { kind, role, budget, goalOf } = definition;
        // Through JSON, so that what is hashed is exactly what the worker gets.
        const slice = JSON.parse(canonicalJson(definition.slice(config, inputs))) as Json;
        const engine = role === 'augmentor' ? null : sources.engine;
        const ingredients: Json = {
          kind,
          config: slice,
          inputs,
          code: sources.code(kind),
          files: sources.files(definition, slice),
          engine,
        };
        const key = hashOf(ingredients);
        const draft = drafts.get(key) ?? {
          key,
          kind,
          role,
          isShared: budget !== undefined,
          config: slice,
          inputs,
          numItems: definition.numItems?.(config) ?? 1,
          cost: definition.cost(config),
          ingredients,
          trials: [],
          seedPlace,
          modules: sources.modules?.(kind) ?? {},
          engine: engine === null ? null : canonicalJson(engine),
          checkpointEveryMs: checkpointEverySeconds * 1000,
          keepCheckpoints: budget === undefined ? 0 : keepCheckpoints,
          optimizer,
          exchange,
          readsLooseFiles:
            namesLooseFiles(slice) ||
            Object.values(inputs).some(
              (input) => (input === foundation?.key && 'sources' in foundation) || passesOn(drafts.get(input)),
            ),
          numShards: stepShards,
        };
        draft.seedPlace = Math.min(draft.seedPlace, seedPlace);
        drafts.set(key, draft);
        if (goalOf !== 'table' && !draft.trials.includes(trial)) draft.trials.push(trial);
        return key;
      };
      const { only } = experiment;
      const tableGoals = tables.has(table) ? [] : goalsOf('table');
      const goals =
        only === null ? [...tableGoals, ...goalsOf('trial')] : sources.kinds.filter(({ kind }) => kind === only);
      const given: Record<string, string> = foundation === null ? {} : { foundation: foundation.key };
      addStages(sources.kinds, goals, config, given, add);
      tables.add(table);
      trials.push(trial);
    }
  const stages = [...drafts.values()].map((draft) => ({ ...draft, label: stageLabel(draft, trials) }));
  return { trials, seeds, stages };
}

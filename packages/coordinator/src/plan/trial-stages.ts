// Which stages one trial needs: its goals, and before each stage those that make its inputs. What a kind reads, of the
// trial's configuration and of other stages, stands in its definition (packages/<role>/src/stages/<kind>.kind.ts).
// In short, the foundation left out, with stored hidden states; with `encode.store: none` nothing is encoded apart, and the
// stages that read hidden states compute them from what `encode` would have read:
//
//   data                 labeled, comments, generic, unlabeled, questions, validation: each by itself
//   augment              data unlabeled
//   encode               labeled, generic, questions, validation: data of that name (the studio's questions are about labelled
//                        photographs); ssl: data unlabeled, augment; personal: data-personal;
//                        real: degrade
//   pretrain-generic     data generic, encode generic
//   pretrain-ssl         data unlabeled, augment, encode ssl
//   finetune-comment     data labeled, comments and questions, encode labeled and questions, pretrain-generic, pretrain-ssl
//   finetune-score       data labeled, encode labeled, finetune-comment
//   finetune-personal    data-personal, encode personal, finetune-score
//   evaluate-score       data labeled, encode labeled, finetune-score
//   evaluate-comment     data labeled and comments, encode labeled, finetune-comment
//   evaluate-suggest     degrade, encode real, finetune-comment
//   evaluate-personal    data-personal, encode personal, finetune-score, finetune-personal
//   baselines            data labeled, encode labeled; baselines-comment: data comments too; once per table
//   evaluations and baselines on the studio's validation split: data validation, encode validation beside those
import { CalmError, type StageDefinition, type TrialConfig } from '@calm-orch/core';

type Keys = Readonly<Record<string, string>>;

/** Adds a stage to the plan, or finds it there, and returns its key. `inputs`: input name -> key. */
export type AddStage = (definition: StageDefinition, inputs: Keys) => string;

/**
 * Adds the goals a trial has a use for and all that they need, each stage once, inputs before those who read them.
 * @param given Keys of artifacts that are there already, by kind.
 */
export function addStages(
  kinds: readonly StageDefinition[],
  goals: readonly StageDefinition[],
  trial: TrialConfig,
  given: Keys,
  add: AddStage,
): void {
  const byName = new Map(kinds.map((definition) => [nameOf(definition), definition]));
  const keys = new Map<string, string | null>(Object.entries(given));
  /** The key of what the kind makes; null: the trial has no use for it. */
  const keyOf = (name: string): string | null => {
    const known = keys.get(name);
    if (known !== undefined) return known;
    const definition = byName.get(name);
    if (definition === undefined) throw new CalmError('internal', `no kind of stage makes the input "${name}"`);
    let key: string | null = null;
    if (definition.isNeeded?.(trial) !== false) {
      const inputs = Object.entries(definition.inputs ?? {}).map(([input, maker]) => [input, keyOf(maker)] as const);
      key = add(definition, Object.fromEntries(inputs.filter((input): input is [string, string] => input[1] !== null)));
    }
    keys.set(name, key);
    return key;
  };
  for (const goal of goals) keyOf(nameOf(goal));
}

function nameOf({ kind, variant }: StageDefinition): string {
  return variant === undefined ? kind : `${kind} ${variant}`;
}

// What the program knows of a kind of stage before it loads the kind's code. Every kind has its definition beside its code
// (packages/<role>/src/stages/<kind>.kind.ts); planning, leases and audit know kinds by these alone.
import type { TableMetric } from './config/names.ts';
import type { TrainingConfig, TrialConfig } from './config/schema.ts';
import type { Role, StageFunction, StageKind } from './stage.ts';

/** Members of a trial's configuration that say how long something is trained. */
export type TrainingBudget = {
  [Member in keyof TrialConfig]: TrialConfig[Member] extends TrainingConfig ? Member : never;
}[keyof TrialConfig];

export interface StageDefinition {
  readonly kind: StageKind;
  /** Tells several definitions of a kind apart; their slices name it as `what`. */
  readonly variant?: string;
  readonly role: Role;
  /** Planned for each trial, or once for each table. @default only where something planned reads it */
  readonly goalOf?: 'trial' | 'table';
  /** Whether a trial has a use for it; without, it is nobody's input either. @default always */
  isNeeded?(trial: TrialConfig): boolean;
  /** Input name -> the kind that makes it, with the variant: `encode labeled`. @default none */
  readonly inputs?: Readonly<Record<string, string>>;
  /** Folder of the program whose files it reads beside its inputs. */
  readonly carriedFolder?: string;
  /**
   * Where the slice has steps and batch size. Such a stage may be computed by several trainers together; its result does
   * not depend on how many. @default it is no training, or one trainer's
   */
  readonly budget?: TrainingBudget;
  /** The slice of the configuration it reads; nothing else of it may influence the result. `keys`: of the inputs. */
  slice(trial: TrialConfig, keys: Readonly<Record<string, string>>): object;
  /** Pieces that are leased one by one. @default 1 */
  numItems?(trial: TrialConfig): number;
  /** Estimated worker time, as often as a sample of a step of self-supervision takes (2 ms), on the nano preset. */
  cost(trial: TrialConfig): number;
  /** Columns of tables that are measured on the test items in its artifact. @default none */
  readonly metrics?: readonly TableMetric[];
  load(): Promise<StageFunction>;
}

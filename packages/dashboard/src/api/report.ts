// What the report of a run shows: plain values. Nothing in it depends on when it is written.
import type { RunChart, Table } from '@calm-orch/report';
import type { RunLine, StageLine, TrialLine } from './runs.ts';

export interface ReportData {
  /** Of calm-orch. */
  readonly version: string;
  readonly run: RunLine & { readonly resumes: number; readonly hash: string; readonly isRehearsal: boolean };
  /** Why something may be missing, in sentences; none of a run that has succeeded. */
  readonly unfinished: readonly string[];
  readonly tables: readonly Table[];
  /** What of the artifacts could not be used. */
  readonly damaged: readonly string[];
  readonly charts: readonly RunChart[];
  /** null: no photograph was scored or commented on (yet), or nothing of that is left. */
  readonly photographs: ReportPhotographs | null;
  /** null: no suggestion was asked for, or none is left. */
  readonly suggestions: ReportSuggestions | null;
  readonly trials: readonly TrialLine[];
  readonly stages: readonly StageLine[];
  /** null: nothing is trained yet. */
  readonly audit: ReportAudit | null;
  readonly environment: readonly (readonly [what: string, value: string])[];
  readonly reproduce: ReportCommand;
  /** YAML, as `show --config` prints it. */
  readonly config: string;
}

/** A row and a seed in words. */
type TrialWords = string;

export interface ReportPicture {
  /** A data URL. */
  readonly source: string;
  readonly width: number;
  readonly height: number;
}

export interface ReportPhotographs {
  /** `null`: nobody scored (commented on) them. */
  readonly scoredBy: TrialWords | null;
  readonly commentedBy: TrialWords | null;
  readonly split: 'test' | 'val';
  readonly numScored: number;
  /** Those that best, typical and worst were found among: of those scored the ones with comments, where there are enough. */
  readonly numRanked: number;
  /** At most 1,000, evenly over the true scores. */
  readonly points: readonly (readonly [truth: number, prediction: number])[];
  readonly shown: readonly ReportPhotograph[];
}

export interface ReportPhotograph {
  readonly id: string;
  /** Best, typical or worst of those that were scored, or commented on. */
  readonly why: 'best' | 'typical' | 'worst';
  /** Or why there is none. */
  readonly picture: ReportPicture | string;
  readonly truth: number | null;
  readonly prediction: number | null;
  readonly comment: string | null;
  readonly references: readonly string[];
}

export interface ReportSuggestions {
  readonly askedOf: TrialWords;
  /** `keywords`, or the name of a model. */
  readonly judge: string;
  readonly shown: readonly {
    readonly degradation: string;
    readonly picture: ReportPicture | string;
    readonly answer: string;
    /** Whether the judge found the degradation named. */
    readonly isRight: boolean;
  }[];
}

export interface ReportAudit {
  readonly isOk: boolean;
  readonly numStages: number;
  /** Pairs of step and shard: in the weights, demanded, computed on weights that were given up. */
  readonly applied: number;
  readonly demanded: number;
  readonly superseded: number;
  readonly problems: readonly string[];
}

export interface ReportCommand {
  readonly command: string;
  /** Whether the command resolves to this run's configuration here and now; else why not. */
  readonly caveat: string | null;
}

/** What the command that writes the report lends it: what other commands print, and photographs. */
export type LentToReport = Pick<
  ReportData,
  'version' | 'tables' | 'damaged' | 'photographs' | 'suggestions' | 'audit' | 'reproduce'
>;

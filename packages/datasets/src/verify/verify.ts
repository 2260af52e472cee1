// Reads the datasets of this machine and reports: counts beside the published ones, images missing or unreadable, AVA's
// test images where training could meet them. A dataset in another form than its reader knows is an error; anything else
// is a finding.
import { CalmError, datasetNames, leftOutNote, walkFolder, type DatasetName, type DatasetRoots } from '@calm-orch/core';
import { readAva, type Ava } from '../ava/read.ts';
import { checkImage } from '../images/check-image.ts';
import { publishedCounts, surveyors, type Survey, type SurveyContext } from './survey.ts';

export interface DatasetReport {
  readonly dataset: DatasetName;
  readonly root: string;
  /** `ok`; `absent`: a folder or file is not there; `broken`: a file has another form or may not be read. */
  readonly status: 'ok' | 'absent' | 'broken';
  /** Why not `ok`: 'file:line: …' where it is broken. */
  readonly reason: string | null;
  readonly counts: Readonly<Record<string, number>>;
  readonly published: Readonly<Record<string, number>>;
  readonly warnings: readonly string[];
  /** With `decode`: files that begin like an image but do not decode. */
  readonly undecodable: readonly { readonly path: string; readonly reason: string }[];
}

export interface VerifyOptions {
  /** Only this one. */
  readonly only?: DatasetName;
  /** Decode every image, too. @default false */
  readonly decode?: boolean;
  readonly onDataset?: (name: DatasetName) => void;
}

export async function verifyDatasets(roots: DatasetRoots, options: VerifyOptions = {}): Promise<DatasetReport[]> {
  const { only, decode = false, onDataset } = options;
  let ava: Ava | null | undefined;
  const context: SurveyContext = {
    ava: () => (ava ??= roots.AVA === undefined ? null : readAva(roots.AVA)),
  };
  const reports: DatasetReport[] = [];
  for (const dataset of datasetNames) {
    const root = roots[dataset];
    if (root === undefined || (only !== undefined && only !== dataset)) continue;
    onDataset?.(dataset);
    const { survey, ...outcome } = await surveyed(dataset, root, context);
    const undecodable = decode ? await undecodableOf(survey.images) : [];
    const { counts, warnings } = survey;
    reports.push({ dataset, root, ...outcome, counts, published: publishedCounts[dataset], warnings, undecodable });
  }
  return reports;
}

const nothing: Survey = { counts: {}, warnings: [], images: [] };

async function surveyed(
  dataset: DatasetName,
  root: string,
  context: SurveyContext,
): Promise<Pick<DatasetReport, 'status' | 'reason'> & { readonly survey: Survey }> {
  try {
    const survey = await surveyors[dataset](root, context);
    const note = leftOutNote(dataset, walkFolder(root).leftOut);
    return {
      status: 'ok',
      reason: null,
      survey: { ...survey, warnings: [...survey.warnings, ...(note ? [note] : [])] },
    };
  } catch (error) {
    if (!(error instanceof CalmError) || !['bad_data', 'io', 'not_found'].includes(error.code)) throw error;
    return { status: error.code === 'not_found' ? 'absent' : 'broken', reason: error.message, survey: nothing };
  }
}

async function undecodableOf(images: readonly string[]): Promise<{ path: string; reason: string }[]> {
  const found: { path: string; reason: string }[] = [];
  for (const path of images) {
    const reason = await checkImage(path);
    if (reason !== null) found.push({ path, reason });
  }
  return found;
}

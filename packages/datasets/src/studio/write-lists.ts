// Everything of the artifacts of the stages `data` that is not an image: labels, captions, conversations, the index of the
// unlabelled pool, the latent traits (for baselines only) and the manifest.
import { join } from 'node:path';
import {
  assertNever,
  CalmError,
  writeFileAtomic,
  type DataConfig,
  type DataPart,
  type InputUse,
} from '@calm-orch/core';
import { writeAvaCaptions } from '../ava-captions/captions-file.ts';
import { meanOfVotes } from '../ava/rows.ts';
import { writeAvaTexts } from '../ava/write.ts';
import { writeConversations } from '../llava/conversations.ts';
import { maskFileOf } from '../images/masks.ts';
import { heldOutPhotos, trainingPhotos } from '../photos/photo-list.ts';
import { userFolderUse, userPhotoNames } from '../photos/photo-folder.ts';
import { PhotoShelf, poolSources, type SkippedPhoto } from '../photos/sources.ts';
import {
  genericImageName,
  studioPaths,
  testIdsOf,
  unlabeledImagePath,
  unlabeledMaskPath,
  validationId,
  type UnlabeledEntry,
} from '../catalog/layout.ts';
import { labeledRecord, photographedIds, type LabeledRecord } from './labeled.ts';
import { studioRecord, studioScene } from './photo.ts';
import { questionsOn } from './questions.ts';
import { render } from './render.ts';
import { objectKinds, places, type Scene } from './scene.ts';
import { traitNames } from './taste.ts';

export interface WriteListOptions {
  readonly part: DataPart;
  readonly data: DataConfig;
  readonly outputDir: string;
  readonly signal?: AbortSignal;
  /** Told of every photograph that is looked at: a user's folder may hold many. */
  readonly onPhoto?: () => void;
}

/** Writes the lists of a part under `outputDir`; what could not join the unlabelled pool. */
export async function writeStudioList({
  part,
  data,
  outputDir,
  signal,
  onPhoto,
}: WriteListOptions): Promise<readonly SkippedPhoto[]> {
  switch (part) {
    case 'labeled':
      writeAva(labeledRecords(data), outputDir);
      writeTraits(labeledRecords(data), outputDir);
      return [];
    case 'validation':
      writeAva(validationRecords(data), outputDir);
      writeTraits(validationRecords(data), outputDir);
      writeCaptions(validationRecords(data), outputDir);
      return [];
    case 'comments':
      writeComments(data, outputDir);
      return [];
    case 'generic':
      writeGeneric(data, outputDir);
      return [];
    case 'questions':
      writeQuestions(data, outputDir);
      return [];
    case 'unlabeled':
      return writeUnlabeled(data, outputDir, signal, onPhoto);
    default:
      return assertNever(part);
  }
}

async function writeUnlabeled(
  data: DataConfig,
  outputDir: string,
  signal: AbortSignal | undefined,
  onPhoto: (() => void) | undefined,
): Promise<readonly SkippedPhoto[]> {
  const { index, skipped } = await indexUnlabeled(data, signal, onPhoto);
  const folder = data.unlabeledDir === null ? null : userFolderUse(data.unlabeledDir);
  if (folder !== null && !index.some(({ source }) => source === 'user'))
    throw new CalmError(
      'bad_data',
      `data.unlabeledDir: no photograph of ${data.unlabeledDir} can be used: ${skipped[0]?.reason ?? 'there is none'}`,
    );
  writeJson(join(outputDir, studioPaths.unlabeledIndex), index);
  writeJson(join(outputDir, studioPaths.manifest), manifestOf(data, index, skipped, folder));
  return skipped;
}

interface Records {
  readonly records: readonly (LabeledRecord & { readonly id: number })[];
  readonly testIds: readonly number[];
  readonly isTest: ReadonlySet<number>;
}

/** The labelled photographs' records, and which of them are of the test split. */
function labeledRecords(data: DataConfig): Records {
  const testIds = testIdsOf(data);
  const ids = Array.from({ length: data.numTrain + data.numTest }, (_, i) => i + 1);
  const photographed = photographedIds(data);
  const records = ids.map((id) => ({ id, ...labeledRecord(data.seed, id, photographed.has(id)) }));
  return { records, testIds, isTest: new Set(testIds) };
}

/** Rendered scenes, as the test photographs are; all of their artifact is evaluated on, and stands on its test list. */
function validationRecords({ seed, numVal }: DataConfig): Records {
  const testIds = Array.from({ length: numVal }, (_, i) => validationId(i));
  const records = testIds.map((id) => ({ id, ...studioRecord(seed, 'validation', id) }));
  return { records, testIds, isTest: new Set(testIds) };
}

export function writeLabeled(data: DataConfig, outputDir: string): void {
  writeAva(labeledRecords(data), outputDir);
}

function writeAva({ records, testIds, isTest }: Records, outputDir: string): void {
  const names = [...places.map(({ name }) => name), ...objectKinds.map(({ name }) => name)];
  writeAvaTexts(join(outputDir, studioPaths.ava), {
    rows: records.map(({ id, votes, scene }) => ({
      index: id,
      id,
      votes,
      // 0: no tag.
      tags: scene === null ? [0, 0] : [scene.place + 1, places.length + scene.subject.kind + 1],
      challenge: 1,
    })),
    testIds,
    trainIds: records.map(({ id }) => id).filter((id) => !isTest.has(id)),
    tags: Object.fromEntries(names.map((name, i) => [i + 1, name])),
    challenges: { 1: 'Studio' },
  });
}

export function writeComments(data: DataConfig, outputDir: string): void {
  writeCaptions(labeledRecords(data), outputDir);
}

function writeCaptions({ records, isTest }: Records, outputDir: string): void {
  writeAvaCaptions(
    join(outputDir, studioPaths.avaCaptions),
    records.map(({ id, comments }) => ({ id, split: isTest.has(id) ? 'test' : 'train', captions: comments })),
  );
}

function writeQuestions(data: DataConfig, outputDir: string): void {
  const { records, isTest } = labeledRecords(data);
  const tagsOf = (scene: Scene | null): string[] =>
    scene === null ? [] : [places[scene.place]!.name, objectKinds[scene.subject.kind]!.name];
  writeConversations(
    join(outputDir, studioPaths.questions),
    records
      .filter(({ id }) => !isTest.has(id))
      .map(({ id, traits, votes, scene }) => ({
        id: String(id),
        image: `${id}.jpg`,
        turns: questionsOn({ traits, meanScore: meanOfVotes(votes), tags: tagsOf(scene) }).flatMap(
          ({ question, answer }, i) => [
            { from: 'human' as const, value: i === 0 ? `<image>\n${question}` : question },
            { from: 'gpt' as const, value: answer },
          ],
        ),
      })),
  );
}

function writeTraits({ records }: Records, outputDir: string): void {
  const lines = records.map(({ id, traitVector }) => [id, ...traitVector.map((value) => value.toFixed(6))].join(','));
  writeFileAtomic(
    join(outputDir, studioPaths.traits),
    [['image_id', ...traitNames].join(','), ...lines].map((line) => `${line}\n`).join(''),
  );
}

export function writeGeneric(data: DataConfig, outputDir: string): void {
  const conversations = Array.from({ length: data.numGeneric }, (_, i) => {
    const image = genericImageName(i + 1);
    const { caption } = studioRecord(data.seed, 'generic', i + 1);
    return {
      id: image.slice(6, 15),
      image,
      turns: [
        { from: 'human', value: 'Write a terse but informative summary of the picture.\n<image>' },
        { from: 'gpt', value: caption },
      ] as const,
    };
  });
  writeConversations(join(outputDir, studioPaths.conversations), conversations);
}

async function indexUnlabeled(
  data: DataConfig,
  signal: AbortSignal | undefined,
  onPhoto: () => void = () => {},
): Promise<{ index: UnlabeledEntry[]; skipped: readonly SkippedPhoto[] }> {
  const userNames = userPhotoNames(data.unlabeledDir);
  const shelf = new PhotoShelf(data.unlabeledDir);
  const index: UnlabeledEntry[] = [];
  const placed = new Set<string>();
  for (const [i, source] of poolSources(data, userNames).entries()) {
    if (signal?.aborted) throw new CalmError('cancelled', 'data: cancelled while indexing the unlabelled pool');
    onPhoto();
    if (source.kind === 'user') placed.add(source.name);
    // Only the user's photographs can be unusable; whether one is, decoding tells.
    if (source.kind === 'studio' || (source.kind === 'user' && (await shelf.load(source)) === null)) {
      const { box } = render(studioScene(data.seed, 'unlabeled', i), data.imageSize).subject;
      index.push({ file: unlabeledImagePath(i, 'studio'), source: 'studio', subject: box });
    } else {
      const credit = source.kind === 'photo' ? `${source.photo.author}, ${source.photo.licence}` : source.name;
      const hasMask = source.kind === 'user' && maskFileOf(join(data.unlabeledDir!, source.name)) !== null;
      index.push({
        file: unlabeledImagePath(i, source.kind),
        source: source.kind,
        credit,
        subject: null,
        ...(hasMask && { mask: unlabeledMaskPath(i) }),
      });
    }
  }
  const noRoom = userNames
    .filter((name) => !placed.has(name))
    .map((file) => ({ file, reason: 'no room in the pool; raise data.numUnlabeled' }));
  return { index, skipped: [...shelf.skipped, ...noRoom] };
}

function manifestOf(
  data: DataConfig,
  index: readonly UnlabeledEntry[],
  skipped: readonly SkippedPhoto[],
  folder: InputUse | null,
): object {
  const count = (source: UnlabeledEntry['source']): number => index.filter((entry) => entry.source === source).length;
  return {
    source: data.source,
    seed: data.seed,
    imageSize: data.imageSize,
    counts: {
      unlabeled: index.length,
      unlabeledStudio: count('studio'),
      unlabeledPhotographs: count('photo'),
      unlabeledUser: count('user'),
    },
    credits: trainingPhotos.map(({ name, author, source, licence }) => ({ name, author, source, licence })),
    heldOutPhotographs: {
      note: 'for testing only: neither they nor crops of them are in any training pool',
      names: heldOutPhotos.map(({ name }) => name),
    },
    skippedPhotographs: skipped,
    ...(folder && { unlabeledFolder: { given: folder.given, used: folder.used, left: folder.left } }),
  };
}

function writeJson(path: string, value: unknown): void {
  writeFileAtomic(path, `${JSON.stringify(value, null, 1)}\n`);
}

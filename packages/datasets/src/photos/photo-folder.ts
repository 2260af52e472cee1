// A folder of one's own photographs: what of it is read, and what is told of the rest. Photographs directly in it are read, and
// their masks; sharp decodes these formats the same everywhere, of animations the first picture.
import { statSync } from 'node:fs';
import {
  CalmError,
  inputUseText,
  isHiddenName,
  mistakenFile,
  tallyInput,
  walkFolder,
  type FolderWalk,
  type FoundFile,
  type InputUse,
} from '@calm-orch/core';
import { readingProblem } from '../images/image-problem.ts';
import { isMaskName } from '../images/masks.ts';
import { unreadContent, unreadName } from '../images/unread-format.ts';

const userPhotographName = /\.(jpe?g|png|webp|tiff?|gif|avif)$/i;

/** Names of the user's photographs; none without a folder. Throws not_found where the folder is missing. */
export function userPhotoNames(dir: string | null): string[] {
  if (dir === null) return [];
  return readOf(walkUserFolder(dir)).flatMap(({ name }) => (isMaskName(name) ? [] : [name]));
}

/** How many of the folder's files begin like photographs that are read, and what the others are. Nothing is decoded. */
export function userFolderUse(dir: string): InputUse {
  return useOf(dir, walkUserFolder(dir));
}

function useOf(dir: string, { files, folders, leftOut }: UserFolder): InputUse {
  const tally = tallyInput(dir, folders.length > 0 ? 'files and folders' : 'files');
  const isPhotograph = (name: string): boolean => userPhotographName.test(name) && !isMaskName(name);
  const stems = new Set(files.flatMap(({ name }) => (isPhotograph(name) ? [stemOf(name)] : [])));
  for (const file of files) {
    const { name } = file;
    if (isMaskName(name)) {
      // The mask of a photograph is part of it.
      if (!stems.has(name.slice(0, -'.mask.png'.length))) tally.leave('mask without a photograph', name);
      continue;
    }
    const problem = isPhotograph(name) ? problemOf(file) : (unreadName(name) ?? 'of another kind than photographs');
    if (problem === null) tally.use();
    else tally.leave(problem, name);
  }
  for (const name of folders) tally.leave('folder within it, where nothing is looked for', name);
  for (const { name, reason } of leftOut) tally.leave(reason, name);
  return tally.result();
}

/** The files that are read, and the use made of the folder. @throws CalmError `not_found` where nothing can be used. */
export function usedUserFolder(dir: string): { readonly files: readonly FoundFile[]; readonly use: InputUse } {
  const walk = walkUserFolder(dir);
  const use = useOf(dir, walk);
  if (use.used > 0) return { files: readOf(walk), use };
  const found = use.given === 0 ? `${dir} is empty` : inputUseText(use);
  throw new CalmError('not_found', `data.unlabeledDir: no photograph to use: ${found}`);
}

function problemOf({ path }: FoundFile): string | null {
  const problem = readingProblem(path)?.reason ?? mistakenFile(path);
  return problem === null ? unreadContent(path) : `of which ${problem}`;
}

const stemOf = (name: string): string => name.replace(/\.[^./\\]+$/, '');

type UserFolder = FolderWalk & { readonly folders: readonly string[] };

/** Photographs and masks directly in it. */
const readOf = ({ files }: UserFolder): FoundFile[] => files.filter(({ name }) => userPhotographName.test(name));

function walkUserFolder(dir: string): UserFolder {
  if (!statSync(dir, { throwIfNoEntry: false })?.isDirectory())
    throw new CalmError('not_found', `data.unlabeledDir: no folder ${dir}; name a folder of photographs`);
  const { folders = [], ...walk } = walkFolder(dir, { deep: false });
  return { ...walk, folders: folders.filter((name) => !isHiddenName(name)) };
}

// Which files the pretrained models of a trial are, and how a stage finds them: the coordinator puts either the one
// carried file into the foundation's artifact, or `sources.json`, which names files where they lie (13 GB are not copied).
import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { FoundationConfig } from './config/schema.ts';
import { CalmError } from './errors.ts';
import { walkFolder } from './files/folder-walk.ts';
import { refuseMistakenFile } from './files/mistaken-file.ts';

/** Name of the carried checkpoint within its artifact. */
export const foundationFile = 'foundation.safetensors';
export const foundationSourcesFile = 'sources.json';

export const foundationParts = ['checkpoint', 'vision', 'llm', 'qformer', 'projector'] as const;
export type FoundationPart = (typeof foundationParts)[number];

export interface SourceFile {
  /** Absolute. */
  readonly path: string;
  readonly bytes: number;
  readonly mtimeMs: number;
  readonly sha256: string;
}

/** Where each part is, and the files there as they were when the run was planned. */
export interface FoundationSources {
  readonly parts: { readonly [Part in FoundationPart]?: string };
  readonly files: readonly SourceFile[];
}

/** The part's file or folder; a checkpoint folder stands for its `vision/` and `llm/`. */
export function foundationPaths(config: FoundationConfig): { readonly [Part in FoundationPart]?: string } {
  const { checkpoint, qformer, projector } = config;
  const isFolder = statSync(checkpoint, { throwIfNoEntry: false })?.isDirectory() === true;
  const vision = config.vision ?? (isFolder ? join(checkpoint, 'vision') : null);
  const llm = config.llm ?? (isFolder ? join(checkpoint, 'llm') : null);
  return {
    ...((vision === null || llm === null) && { checkpoint }),
    ...(vision !== null && { vision }),
    ...(llm !== null && { llm }),
    ...(qformer !== null && { qformer }),
    ...(projector !== null && { projector }),
  };
}

/** What of a model folder is ever read. */
const readNames = /^(config\.json|tokenizer\.(json|model)|.*\.safetensors|.*\.bin|.*\.index\.json)$/;

/**
 * The files of a part, sorted: itself, or those of its folder that are read.
 * @throws CalmError `not_found` naming the configuration key; `bad_data` for what stands in place of a file.
 */
export function foundationFiles(part: FoundationPart, path: string): string[] {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat?.isFile() === true) return whole([path]);
  const files = stat?.isDirectory() === true ? walkFolder(path, { deep: false }).files : [];
  const read = files.filter(({ name }) => readNames.test(name));
  if (read.length > 0) return whole(read.map((file) => file.path));
  const remedy =
    part === 'checkpoint'
      ? 'name a safetensors file or a folder with --set foundation.checkpoint=PATH, or rebuild the carried one with `calm-orch run experiments/foundation.yaml`'
      : `name the folder it was downloaded to with --set foundation.${part}=FOLDER`;
  throw new CalmError('not_found', `foundation.${part}: no checkpoint at ${path}; ${remedy}`);
}

/** Gigabytes of a clone without LFS are pointers: told before anything is planned. */
function whole(paths: string[]): string[] {
  paths.forEach(refuseMistakenFile);
  return paths;
}

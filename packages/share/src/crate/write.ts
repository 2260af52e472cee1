// Writes a package: what is recorded, the predictions, and all that is made of these.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { sha256, writeFileAtomic } from '@calm-orch/core';
import type { Table } from '@calm-orch/report';
import { derivedFiles } from './derived.ts';
import { crateMetadata } from './metadata.ts';
import { jsonText, metadataFile, sbomFile, sourceFiles, sumsFile, type Source } from './source.ts';

export interface PackageParts {
  readonly source: Source;
  readonly tables: readonly Table[];
  /** CycloneDX. */
  readonly sbom: unknown;
  /** Files of evaluation stages and of the experiment: where they lie, by path in the package. */
  readonly copied: ReadonlyMap<string, string>;
}

/** All files of the package by path. */
export function packageFiles({ source, tables, sbom, copied }: PackageParts): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>([
    [sourceFiles.run, Buffer.from(jsonText(source.run))],
    [sourceFiles.stages, Buffer.from(jsonText(source.stages))],
    [sourceFiles.environment, Buffer.from(jsonText(source.environment))],
    [sbomFile, Buffer.from(jsonText(sbom))],
    ...[...derivedFiles(source, tables)].map(([path, text]) => [path, Buffer.from(text)] as const),
  ]);
  for (const [path, from] of copied) files.set(path, readFileSync(from));
  files.set(metadataFile, Buffer.from(crateMetadata(source.run, files)));
  return files.set(sumsFile, Buffer.from(sums(files)));
}

/** As `sha256sum` writes and checks them. */
export function sums(files: ReadonlyMap<string, Uint8Array>): string {
  const lines = [...files].filter(([path]) => path !== sumsFile).map(([path, bytes]) => `${sha256(bytes)}  ${path}\n`);
  return lines.sort((a, b) => (a.slice(66) < b.slice(66) ? -1 : 1)).join('');
}

export function writePackage(dir: string, files: ReadonlyMap<string, Uint8Array>): void {
  for (const [path, bytes] of files) writeFileAtomic(join(dir, path), bytes);
}

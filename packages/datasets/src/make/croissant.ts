// What `data make` has written, as a Croissant 1.0 description (JSON-LD): every file of labels with its hash, the photographs of
// each dataset, and as records what AVA's people voted and AVA-Captions' people said.
import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { extname, join } from 'node:path';
import { datasetNames, wholeFilesIn } from '@calm-orch/core';
import { studioPaths } from '../catalog/layout.ts';

export const croissantFile = 'croissant.json';

const context = {
  '@language': 'en',
  '@vocab': 'https://schema.org/',
  citeAs: 'cr:citeAs',
  column: 'cr:column',
  conformsTo: 'dct:conformsTo',
  cr: 'http://mlcommons.org/croissant/',
  data: { '@id': 'cr:data', '@type': '@json' },
  dataType: { '@id': 'cr:dataType', '@type': '@vocab' },
  dct: 'http://purl.org/dc/terms/',
  equivalentProperty: 'cr:equivalentProperty',
  examples: { '@id': 'cr:examples', '@type': '@json' },
  extract: 'cr:extract',
  field: 'cr:field',
  fileObject: 'cr:fileObject',
  fileProperty: 'cr:fileProperty',
  fileSet: 'cr:fileSet',
  format: 'cr:format',
  includes: 'cr:includes',
  isLiveDataset: 'cr:isLiveDataset',
  jsonPath: 'cr:jsonPath',
  key: 'cr:key',
  md5: 'cr:md5',
  parentField: 'cr:parentField',
  path: 'cr:path',
  rai: 'http://mlcommons.org/croissant/RAI/',
  recordSet: 'cr:recordSet',
  references: 'cr:references',
  regex: 'cr:regex',
  repeated: 'cr:repeated',
  replace: 'cr:replace',
  sc: 'https://schema.org/',
  samplingRate: 'cr:samplingRate',
  separator: 'cr:separator',
  source: 'cr:source',
  subField: 'cr:subField',
  transform: 'cr:transform',
};

const mediaTypes: Readonly<Record<string, string>> = {
  '.json': 'application/json',
  '.csv': 'text/csv',
  '.yaml': 'application/yaml',
  '.xlsx': 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
  '.mat': 'application/x-matlab-data',
};
const images: Readonly<Record<string, string>> = {
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.png': 'image/png',
  '.gif': 'image/gif',
};

/** Identifiers hold no white space. */
const idOf = (path: string): string => path.replaceAll(/\s/g, '_');

/** @param dir Of what was made. @param options That decided it. */
export function croissantOf(dir: string, options: { readonly numTrain: number; readonly seed: number }): string {
  // What else may lie in the folder is not ours.
  const files = datasetNames.flatMap((name) => wholeFilesIn(join(dir, name)).map((path) => `${name}/${path}`));
  const typeOf = (path: string): string | undefined => images[extname(path).toLowerCase()];
  const labels = files.filter((path) => typeOf(path) === undefined);
  const sets = new Map<string, string>();
  for (const path of files) {
    const type = typeOf(path);
    if (type !== undefined) sets.set(`${path.split('/')[0]}/**/*${extname(path)}`, type);
  }
  const value = {
    '@context': context,
    '@type': 'sc:Dataset',
    conformsTo: 'http://mlcommons.org/croissant/1.0',
    name: 'calm-orch-studio',
    description: `Rendered photographs with votes and comments in the formats of AVA, AVA-Captions and further datasets, made by \`calm-orch data make\` (size ${options.numTrain}, seed ${options.seed}). No photograph shows anything real.`,
    license: 'https://spdx.org/licenses/Apache-2.0',
    version: '1.0.0',
    citeAs: 'calm-orch, embedded studio data',
    creator: { '@type': 'sc:Organization', name: 'The authors of calm-orch' },
    distribution: [
      ...labels.map((path) => ({
        ...{ '@type': 'cr:FileObject', '@id': idOf(path), name: path, contentUrl: path },
        contentSize: `${statSync(join(dir, path)).size} B`,
        encodingFormat: mediaTypes[extname(path)] ?? 'text/plain',
        sha256: createHash('sha256')
          .update(readFileSync(join(dir, path)))
          .digest('hex'),
      })),
      ...[...sets].map(([pattern, type]) => ({
        ...{ '@type': 'cr:FileSet', '@id': idOf(pattern), name: pattern },
        ...{ encodingFormat: type, includes: pattern },
      })),
    ],
    recordSet: [votes(), captions()],
  };
  return `${JSON.stringify(value, null, 1)}\n`;
}

const field = (set: string, name: string, dataType: string, description: string, source: object) => ({
  ...{ '@type': 'cr:Field', '@id': `${set}/${name}`, name: `${set}/${name}`, description, dataType, source },
});

/** Lines of AVA.txt: number, photograph, votes for 1 to 10, tags, challenge. */
function votes() {
  const fileObject = { '@id': `${studioPaths.ava}/AVA.txt` };
  const column = (at: number): object => ({
    ...{ fileObject, extract: { fileProperty: 'lines' } },
    transform: { regex: `^(?:\\S+ ){${at}}(\\S+).*$` },
  });
  return {
    '@type': 'cr:RecordSet',
    '@id': 'votes',
    name: 'votes',
    description: 'How many people gave a photograph each score, 1 to 10',
    field: [
      field('votes', 'image', 'sc:Integer', 'Photograph: AVA/images/<image>.jpg', column(1)),
      ...Array.from({ length: 10 }, (_, i) =>
        field('votes', `score_${i + 1}`, 'sc:Integer', `Votes for ${i + 1}`, column(i + 2)),
      ),
    ],
  };
}

function captions() {
  const from = (jsonPath: string): object => ({
    fileObject: { '@id': `${studioPaths.avaCaptions}/CLEAN_AVA_FULL_AFTER_SUBJECTIVE_CLEANING.json` },
    extract: { jsonPath },
  });
  return {
    '@type': 'cr:RecordSet',
    '@id': 'captions',
    name: 'captions',
    description: 'Photographs that people commented on, and their split',
    field: [
      field('captions', 'image', 'sc:Integer', 'Photograph: AVA/images/<image>.jpg', from('$.images[*].imgid')),
      field('captions', 'split', 'sc:Text', 'train, val or test', from('$.images[*].split')),
    ],
  };
}

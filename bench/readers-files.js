// Made-up datasets of the published sizes for `bench readers`: label files in their real forms, and files in place of
// images. Where a reader only asks whether an image is there it is empty; where it looks how the image begins it holds
// the first bytes of a JPEG file, and no more.
import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { datasetNames, rng } from '@calm-orch/core';
import {
  aadbAttributes,
  aadbFiles,
  avaCaptionsFile,
  conversationFiles,
  evaFiles,
  flickrAesFiles,
  hashedName,
  icaa17kFiles,
  pccdAspects,
  pccdFiles,
  pexelsImages,
  spaqAttributes,
  spaqFiles,
  spaqScenes,
  tad66kFiles,
  writeAadb,
  writeAvaTexts,
  writeEva,
  writeFlickrAes,
  writeIcaa17k,
  writePccd,
  writePexels,
  writeSpaq,
  writeTad66k,
} from '@calm-orch/datasets';

const head = Buffer.from('ffd8ffe000104a464946000101000001', 'hex');
const empty = Buffer.alloc(0);
const written = 1 << 20;

/**
 * Writes all thirteen datasets below `dir`, each in a folder of its name.
 * @param {number} share of the published numbers of rows; 1: all
 * @param {(name: string) => void} onDataset called before each
 * @returns {Record<string, string>} the root of each
 */
export function writeDatasets(dir, share, onDataset) {
  const size = (published) => Math.max(10, Math.round(published * share));
  for (const name of datasetNames) {
    onDataset(name);
    mkdirSync(join(dir, name), { recursive: true });
    writers[name](join(dir, name), size, imagesBelow(join(dir, name)));
  }
  return Object.fromEntries(datasetNames.map((name) => [name, join(dir, name)]));
}

const count = (n) => Array.from({ length: n }, (_, i) => i);
/** Ids of AVA have up to six digits, in no order. */
const avaId = (i) => 100_000 + ((i * 7919) % 900_001);
const part = (i, of) => (i % of) / (of - 1);
const texts = sentences();
const sentence = (i) => texts[(i * 31) % texts.length];

const writers = {
  AVA(dir, size, image) {
    const rows = count(size(255_530)).map((i) => ({
      index: i + 1,
      id: avaId(i),
      votes: count(10).map((k) => 1 + ((i * (k + 3)) % 37)),
      tags: [1 + (i % 66), (i * 7) % 67],
      challenge: 1 + (i % 1398),
    }));
    const ids = rows.map(({ id }) => id);
    // 70 ids of the real test list have no label.
    const testIds = [...ids.slice(0, size(19_930)), ...count(70).map((i) => i + 1)];
    const names = (n) => Object.fromEntries(count(n).map((i) => [i + 1, `Name_${i}`]));
    const trainIds = ids.slice(size(19_930));
    writeAvaTexts(dir, { rows, testIds, trainIds, tags: names(66), challenges: names(1398) });
    for (const id of ids) image(`images/${id}.jpg`, empty);
  },
  'AVA-Captions'(dir, size) {
    const images = size(230_000);
    writeArray(join(dir, avaCaptionsFile), images, (i) => captioned(i, images), ['{"dataset":"AVA","images":[', ']}']);
  },
  'FLICKR-AES'(dir, size, image) {
    const images = count(size(40_988)).map((i) => `farm${1 + (i % 9)}_${i}_5ee04b.jpg`);
    const ratings = count(size(193_208)).map((i) => ({
      worker: `A${String(i % 210).padStart(13, '0')}`,
      image: images[(i * 7919) % images.length],
      score: 1 + (i % 5),
    }));
    writeFlickrAes(dir, { ratings, scores: new Map(images.map((name, i) => [name, part(i, 11)])) });
    for (const name of images) image(`${flickrAesFiles.images}/${name}`, head);
  },
  PCCD(dir, size, image) {
    const records = count(size(4235)).map((i) => ({
      title: `${i}-photograph_${i}.jpg`,
      description: sentence(i),
      category: 'Landscape',
      texts: Object.fromEntries(pccdAspects.map((aspect, k) => [aspect, `${sentence(i + k)} ${sentence(i - k + 9)}`])),
      scores: pccdAspects.map((_, k) => String(1 + ((i + k) % 10))),
    }));
    writePccd(dir, records);
    for (const { title } of records) image(`${pccdFiles.images}/${title}`, head);
  },
  EVA(dir, size, image) {
    const ids = count(size(5101)).map((i) => avaId(i * 7));
    const votes = count(size(136_943)).map((i) => ({
      imageId: ids[i % ids.length],
      userId: i % 4000,
      score: i % 11,
      marks: count(5).map((k) => 1 + ((i + k) % 4)),
    }));
    writeEva(dir, votes, new Map(ids.map((id, i) => [id, 1 + (i % 6)])));
    for (const id of ids) image(`${evaFiles.images}/${id}.jpg`, head);
  },
  AADB(dir, size, image) {
    const of = (split, n) => count(size(n)).map((i) => ({ split, name: `farm1_${split}_${i}_9c1b2f.jpg`, i }));
    const listed = [...of('train', 8458), ...of('validation', 500), ...of('test', 1000)];
    const attributes = (i) => Object.fromEntries(aadbAttributes.map((name, k) => [name, 2 * part(i + k, 11) - 1]));
    writeAadb(
      dir,
      listed.map(({ split, name, i }) => ({ split, name, score: part(i, 11), attributes: attributes(i) })),
    );
    for (const { name } of listed) image(`${aadbFiles.images}/${name}`, head);
  },
  SPAQ(dir, size, image) {
    const records = count(size(11_125)).map((i) => ({
      name: `${String(i + 1).padStart(5, '0')}.jpg`,
      mos: i % 101,
      attributes: spaqAttributes.map((_, k) => (i + k) % 101),
      scenes: spaqScenes.map((_, k) => (k === i % spaqScenes.length ? 1 : 0)),
    }));
    writeSpaq(dir, records);
    for (const { name } of records) image(`${spaqFiles.images}/${name}`, head);
  },
  TAD66K(dir, size, image) {
    const of = (split, n) => count(size(n)).map((i) => ({ split, image: `${split}${i}@N00_5022.jpg`, i }));
    const records = [...of('train', 52_248), ...of('test', 14_079)];
    writeTad66k(
      dir,
      records.map(({ i, ...record }) => ({ ...record, score: i % 11, theme: `theme-${i % 47}` })),
    );
    for (const record of records) image(`${tad66kFiles.images}/${record.image}`, head);
  },
  ICAA17K(dir, size, image) {
    const of = (split, n) =>
      count(size(n)).map((i) => ({
        id: `${i % 2 === 0 ? 'complementary/red_green' : 'monochromatic/blue'}/${split}${i}.jpg`,
        color: i % 11,
        mos: (i * 3) % 11,
        probability: part(i, 11),
        split,
      }));
    const records = [...of('train', 15_734), ...of('test', 1617)];
    writeIcaa17k(dir, records);
    for (const { id } of records) image(`${icaa17kFiles.images}/${id}`, head);
  },
  Pexels(dir, size, image) {
    const of = (split, n) => count(size(n)).map((i) => `a-bird-on-a-branch-${split}-${i}.jpeg`);
    const lists = { train: of('1', 100_000), validation: of('2', 15_000), test: of('3', 15_000) };
    writePexels(dir, lists);
    for (const name of Object.values(lists).flat()) image(`${pexelsImages}/${hashedName(name)}`, head);
  },
  'LLaVA-Pretrain'(dir, size, image) {
    const name = (i) => `${String(i % 660).padStart(5, '0')}/${String(i).padStart(9, '0')}.jpg`;
    writeConversationSet(dir, 'LLaVA-Pretrain', { rows: size(558_128), bytesPerRow: 181e6 / 558_128, image: name });
    for (let i = 0; i < size(558_128); i++) image(`images/${name(i)}`, empty);
  },
  ShareGPT4V(dir, size, image) {
    const roots = ['coco/train2017', 'llava/llava_pretrain/images', 'sam/images', 'wikiart/images'];
    const name = (i) => `${roots[i % roots.length]}/${String(i).padStart(12, '0')}.jpg`;
    writeConversationSet(dir, 'ShareGPT4V', { rows: size(102_025), bytesPerRow: 134e6 / 102_025, image: name });
    for (let i = 0; i < size(102_025); i++) image(`data/${name(i)}`, empty);
  },
  'LLaVA-Mix665k'(dir, size, image) {
    const roots = ['coco/train2017', 'gqa/images', 'ocr_vqa/images', 'textvqa/train_images', 'vg/VG_100K'];
    // Some photographs are asked about in several rows; rows of text only have none.
    const photographs = size(380_000);
    const name = (i) => `${roots[i % roots.length]}/${String(i).padStart(12, '0')}.jpg`;
    writeConversationSet(dir, 'LLaVA-Mix665k', {
      rows: size(665_298),
      bytesPerRow: 1.2e9 / 665_298,
      image: (row) => (row % 16 === 15 ? null : name((row * 7919) % photographs)),
      turns: 10,
    });
    for (let i = 0; i < photographs; i++) image(`data/${name(i)}`, head);
  },
};

/** A record of AVA-Captions; 9,361 of 230,000 are for testing, and of every AVA image one row at most. */
function captioned(i, images) {
  const id = avaId(i);
  const sentences = count(3 + (i % 5)).map((k) => {
    const text = sentence(i + k);
    const words = text.split(' ');
    return {
      raw: text,
      clean: text,
      imgid: id,
      sentid: '',
      tokens: words.map((word) => [word, 'NN']),
      unigrams: words,
      bigrams: words.slice(1).map((word, w) => `${words[w]} ${word}`),
    };
  });
  const split = i < (images * 9361) / 230_000 ? 'test' : 'train';
  return { filename: `${id}.jpg`, imgid: id, cocoid: id, split, sentids: '', filepath: '', sentences };
}

/** Answers are as long as it takes for the rows to have `bytesPerRow` on average. */
function writeConversationSet(dir, set, { rows, bytesPerRow, image, turns = 2 }) {
  const path = join(dir, conversationFiles[set].labels[0]);
  let bytes = 0;
  writeArray(path, rows, (row) => {
    const picture = image(row);
    const human = picture === null ? sentence(row) : 'Render a clear and concise summary of the photo.\n<image>';
    const record = {
      id: String(row).padStart(9, '0'),
      ...(picture !== null && { image: picture }),
      conversations: count(turns).map((turn) => ({ from: turn % 2 === 0 ? 'human' : 'gpt', value: human })),
    };
    const bare = JSON.stringify(record).length - (turns / 2) * JSON.stringify(human).length;
    const room = Math.max(2, Math.floor(((row + 1) * bytesPerRow - bytes - bare) / (turns / 2)));
    for (let turn = 1; turn < turns; turn += 2) record.conversations[turn].value = textOf(row + turn, room);
    bytes += JSON.stringify(record).length + 2;
    return record;
  });
}

/** A JSON file of `rows` records, a line each. */
function writeArray(path, rows, recordOf, [before, after] = ['[', ']']) {
  const descriptor = openSync(path, 'w');
  let text = `${before}\n`;
  for (let row = 0; row < rows; row++) {
    text += `${row === 0 ? '' : ',\n'}${JSON.stringify(recordOf(row))}`;
    if (text.length >= written) {
      writeSync(descriptor, text);
      text = '';
    }
  }
  writeSync(descriptor, `${text}\n${after}\n`);
  closeSync(descriptor);
}

/** Puts a file in place of an image; `name` is relative to `dir`. */
function imagesBelow(dir) {
  const folders = new Set();
  return (name, bytes) => {
    const path = join(dir, name);
    const folder = dirname(path);
    if (!folders.has(folder)) {
      mkdirSync(folder, { recursive: true });
      folders.add(folder);
    }
    writeFileSync(path, bytes);
  };
}

/** Sentences of 4 to 21 words. */
function sentences() {
  const words =
    'the a light of sky tree over blurred composition contrast I like how shadow leads eye colour warm “soft”';
  const random = rng('bench', 'readers');
  return count(5000).map(() => {
    const own = count(4 + random.int(18)).map(() => random.pick(words.split(' ')));
    return `${own.join(' ')}.`;
  });
}

function textOf(i, length) {
  let text = sentence(i);
  for (let k = 1; text.length < length; k++) text += ` ${sentence(i + k)}`;
  return text.slice(0, length);
}

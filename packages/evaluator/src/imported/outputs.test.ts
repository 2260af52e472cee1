import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { plcc, srcc } from '../metrics/correlation.ts';
import { scoreCaptions } from '../metrics/score-files.ts';
import { measureComments, measureScores } from './measure-outputs.ts';
import { photographName, readOutputs } from './read-outputs.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'calm-orch-outputs-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const read = (text: string) => {
  const path = join(dir, 'predictions.csv');
  writeFileSync(path, text);
  return readOutputs(path);
};

describe('readOutputs', () => {
  it('reads scores or comments by column name, whatever else the file has', () => {
    const { score, comment } = read(
      'model,image,score\r\nx,AVA/images/4.jpg,5.5\r\nx,9,\r\n\r\nx,C:\\p\\11.JPEG,1e1\r\n',
    );
    expect([...score!].map(([name, { value, line }]) => [name, value, line])).toEqual([
      ['4', 5.5, 2],
      ['11', 10, 5],
    ]);
    expect(comment).toBeNull();
    const both = read('\uFEFFimage,score,comment\n4,5,"sharp, and ""bold""\nlight"\n');
    expect(both.score!.get('4')!.value).toBe(5);
    expect(both.comment!.get('4')!.value).toBe('sharp, and "bold"\nlight');
  });

  it.each([
    ['image,rating\n4,5\n', /predictions\.csv:1: expected a header with image and score, or image and comment/],
    ['name,score\n4,5\n', /predictions\.csv:1: expected a header with 'image'/],
    ['', /predictions\.csv:1: expected a header with 'image', got an empty file/],
    ['image,score\n', /got the header alone/],
    ['image,score\n4,5\n9,good\n', /predictions\.csv:3: expected a number as score, got 'good'/],
    ['image,score\n4,5\n9,Infinity\n', /predictions\.csv:3: expected a number as score/],
    [
      'image,score\n4,5\n\na/4.png,6\n',
      /predictions\.csv:4: expected each photograph once, got a\/4\.png again, after/,
    ],
    ['image,score\n,5\n', /predictions\.csv:2: expected the name of a photograph as image, got none/],
    ['image,comment\n4,dark, but good\n', /predictions\.csv:2: expected 2 cells, got 3/],
    ['image,comment\n4,"never closed\n', /predictions\.csv:\d: expected rows of predictions/],
  ])('says what is wrong and where: %j', (text, message) => {
    expect(() => read(text)).toThrow(message);
  });

  it('takes folder and extension from a name, and nothing else', () => {
    expect(['images/a.b/7.jpg', '7', 'x.7', 'x.7.TIFF'].map(photographName)).toEqual(['7', '7', 'x.7', 'x.7']);
  });
});

describe('scores of other people', () => {
  const targets = [5.1, 6.2, 3.3, 4.4, 7.5];
  beforeEach(() => {
    const lines = targets.map((target, i) => `${i},${target},5,5,"5, or so"`);
    writeFileSync(join(dir, 'predictions.csv'), `image,target,score,expectation,text\n${lines.join('\n')}\n`);
  });
  const outputs = (text: string) => {
    const path = join(dir, 'theirs.csv');
    writeFileSync(path, text);
    return readOutputs(path).score!;
  };

  it('are measured on the trial’s test photographs', () => {
    const { metrics, ...rest } = measureScores(outputs('image,score\n0,50\n1,61\n2,30\n4,70\n3.jpg,45\n'), dir);
    expect(metrics['PLCC']).toBe(plcc([50, 61, 30, 45, 70], targets));
    expect(metrics['SRCC']).toBeCloseTo(1, 12);
    expect(metrics['RMSE']).toBeGreaterThan(20);
    expect(rest).toEqual({ numItems: 5, missing: [], unknown: [] });
  });

  it('count a missing photograph as their mean and leave out what is no test photograph', () => {
    const { metrics, missing, unknown } = measureScores(outputs('image,score\n0,50\n1,\n77,1\n4,70\n3,60\n'), dir);
    expect(missing).toEqual(['1', '2']);
    expect(unknown).toEqual([{ image: '77', line: 4, value: 1 }]);
    expect(metrics['PLCC']).toBe(plcc([50, 60, 60, 60, 70], targets));
    expect(metrics['SRCC']).toBe(srcc([50, 60, 60, 60, 70], targets));
  });

  it.each([0.1, 3.3, 5.646977158610035])('have no correlation where all are %d, missing ones too', (score) => {
    const all = measureScores(outputs(`image,score\n${targets.map((_, i) => `${i},${score}\n`).join('')}`), dir);
    const some = measureScores(outputs(`image,score\n0,${score}\n1,${score}\n3,${score}\n`), dir);
    for (const { metrics } of [all, some])
      expect(metrics).toEqual({ PLCC: null, SRCC: null, RMSE: expect.any(Number) });
  });

  it('are refused when none belongs to a test photograph', () => {
    expect(() => measureScores(outputs('image,score\nIMG_77.jpg,1\n'), dir)).toThrow(
      /no photograph of the file is a test photograph: they are named like 0, 1, 2; the first is IMG_77\.jpg, line 2/,
    );
    expect(() => measureScores(outputs('image,score\n0,\n'), dir)).toThrow(/there is no answer in it/);
  });
});

describe('comments of other people', () => {
  it('have the scores the same texts have elsewhere; a missing one is empty', async () => {
    const items = [
      { id: '1', references: ['a dark photo of a house', 'too dark'], candidate: 'x' },
      { id: '2', references: ['a bright red flower'], candidate: 'x' },
    ];
    mkdirSync(join(dir, 'artifact'));
    writeFileSync(join(dir, 'artifact/comments.json'), JSON.stringify({ items }));
    const path = join(dir, 'theirs.csv');
    writeFileSync(path, 'image,comment\n2,"a bright , red flower"\n');
    const measured = await measureComments(readOutputs(path).comment!, join(dir, 'artifact'));
    const { corpus } = await scoreCaptions([
      { ...items[0]!, candidate: '' },
      { ...items[1]!, candidate: 'a bright , red flower' },
    ]);
    expect(measured).toEqual({ metrics: corpus, numItems: 2, missing: ['1'], unknown: [] });
    expect(measured.metrics['CIDEr']).toBeGreaterThan(1);
  });
});

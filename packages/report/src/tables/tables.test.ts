import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openTracker, type Tracker } from '@calm-orch/tracker';
import { recordRun } from '../../../tracker/src/recorded-run.test-util.ts';
import { renderTables } from '../formats/render.ts';
import type { Table } from '../table.ts';
import { collectTables, summarize } from './collect.ts';

let dir: string;
let tracker: Tracker;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'calm-orch-tables-'));
  tracker = openTracker(dir);
});

afterEach(() => {
  tracker.close();
  rmSync(dir, { recursive: true, force: true });
});

const resolved = {
  table: { id: 'table-5', title: 'Levels', metrics: ['PLCC', 'SRCC'], footnotes: ['The pair has no paper value.'] },
  rows: [
    { row: 'thematic', set: {}, paper: { PLCC: 0.7 } },
    { row: 'pair', set: {}, paper: {} },
  ],
};

/** Two seeds of `thematic` and one of `pair` finished; the other seed of `pair` is not. */
function makeRun(): Table {
  const trials = resolved.rows.flatMap(({ row }) => [0, 1].map((seed) => ({ row, seed })));
  const score = (row: string, seed: number, metrics: Record<string, number | null>) => ({
    key: row + seed,
    kind: 'evaluate-score' as const,
    trials: [{ row, seed }],
    metrics,
  });
  const ridge = { 'ridge latent traits/PLCC': 0.9, 'ridge latent traits/SRCC': 0.88, 'ridge last layer/PLCC': 0.5 };
  const run = recordRun(tracker, {
    resolved,
    trials,
    stages: [
      { key: 'ridge', kind: 'baselines', metrics: ridge },
      score('thematic', 0, { PLCC: 0.6, SRCC: 0.61, PLCC_permuted: 0.01, unparsed: 0 }),
      score('thematic', 1, { PLCC: 0.8, SRCC: null, PLCC_permuted: 0.03, unparsed: 0 }),
      score('pair', 0, { PLCC: 0.75, SRCC: 0.7, PLCC_permuted: 0, unparsed: 0 }),
    ],
  });
  return collectTables(tracker, run)[0]!;
}

test('means, sample deviations and differences are over the seeds that finished', () => {
  const four = [1, 2, 3, 6];
  const none = { mean: null, std: null, n: 0, values: [], paper: 0.5, difference: null };
  expect(summarize(four, 2)).toEqual({ mean: 3, std: Math.sqrt(14 / 3), n: 4, values: four, paper: 2, difference: 1 });
  expect(summarize([5])).toEqual({ mean: 5, std: null, n: 1, values: [5], paper: null, difference: null });
  expect(summarize([null, Number.NaN], 0.5)).toEqual(none);
});

test('a table has a cell per row and metric, the paper beside it and the baselines apart', () => {
  const table = makeRun();
  expect(table.rows[0]!.metrics['PLCC']).toEqual({
    mean: expect.closeTo(0.7, 12) as number,
    std: expect.closeTo(Math.SQRT2 / 10, 12) as number,
    n: 2,
    values: [0.6, 0.8],
    paper: 0.7,
    difference: expect.closeTo(0, 12) as number,
  });
  expect(table.rows[0]!.metrics['SRCC']).toMatchObject({ n: 1, std: null });
  expect(table.rows[1]!.metrics['PLCC']).toMatchObject({ n: 1, paper: null, difference: null });
  expect(table.baselines.map(({ name }) => name)).toEqual([
    'ridge last layer',
    'ridge latent traits',
    'thematic, test images permuted',
    'pair, test images permuted',
  ]);
  expect(table.baselines[2]!.metrics).toEqual({
    PLCC: expect.objectContaining({ mean: expect.closeTo(0.02, 12) as number, n: 2 }) as never,
  });
  expect([table.numFinished, table.numTrials]).toEqual([3, 4]);
});

test('suggestions judged by a language model have both judges beside them, and what has no verdict below', () => {
  const rows = [{ row: 'CALM', set: {}, paper: {} }];
  const table = { id: 'table-4', title: 'Suggesting', metrics: ['average'], footnotes: ['The paper: GPT-3.5.'] };
  const metrics = { average: 0.5, average_keywords: 0.4, average_agreement: 0.9, average_kappa: 0.7, numUnjudged: 3 };
  const trials = [{ row: 'CALM', seed: 0 }];
  const run = recordRun(tracker, {
    resolved: { table, rows },
    trials,
    stages: [{ key: 'suggest', kind: 'evaluate-suggest', trials, metrics }],
  });
  const [shown] = collectTables(tracker, run);
  expect(shown!.baselines.map(({ name, metrics: cells }) => [name, cells['average']!.mean])).toEqual([
    ['CALM, judged by keywords', 0.4],
    ['CALM, share of equal verdicts of both judges', 0.9],
    ["CALM, Cohen's kappa of both judges", 0.7],
  ]);
  expect(shown!.footnotes).toEqual([
    '3 judgements of suggestions were neither yes nor no, and count nowhere.',
    'The paper: GPT-3.5.',
  ]);
});

test('a table of the validation split says so, and which rows where they are not all', () => {
  const notesOf = (config: object, set: object): readonly string[] => {
    const [first, second] = resolved.rows;
    const run = recordRun(tracker, {
      resolved: { ...resolved, config, rows: [{ ...first, set }, second] },
      trials: [],
      stages: [],
    });
    return collectTables(tracker, run)[0]!.footnotes.slice(0, -1);
  };
  expect(notesOf({ evaluate: { split: 'test' } }, {})).toEqual([]);
  expect(notesOf({ evaluate: { split: 'val' } }, {})).toEqual([
    'All rows are evaluated on the validation split, which chooses settings.',
  ]);
  expect(notesOf({ evaluate: { split: 'test' } }, { 'evaluate.split': 'val' })).toEqual([
    'Rows on the validation split, which chooses settings: thematic.',
  ]);
});

test('text is aligned, says what is missing and ends with the footnotes', () => {
  expect(renderTables([makeRun()], 'text')).toMatchInlineSnapshot(`
    "Levels (table-5, run x-1)

                                    PLCC                         SRCC
    row                             ours          paper  diff    ours         n
    ---------------------------------------------------------------------------
    thematic                        0.600, 0.800  0.700  +0.000  0.610 (n 1)  2
    pair                            0.750         –      –       0.700        1
    ---------------------------------------------------------------------------
    baselines
    ridge last layer                0.500                                     1
    ridge latent traits             0.900                        0.880        1
    thematic, test images permuted  0.010, 0.030                              2
    pair, test images permuted      0.000                                     1

    ours: both values of two seeds; diff: ours - paper.
    1 of 4 trials have no result (yet).
    The pair has no paper value."
  `);
});

test('text is coloured only when asked', () => {
  const table = makeRun();
  expect(renderTables([table], 'text')).not.toContain('\u001b');
  expect(renderTables([table], 'text', true)).toContain('\u001b[1mLevels');
});

test('Markdown', () => {
  expect(renderTables([makeRun()], 'markdown')).toMatchInlineSnapshot(`
    "**Levels (table-5, run x-1)**

    | row | PLCC | paper | diff | SRCC | n |
    | :-- | --: | --: | --: | --: | --: |
    | thematic | 0.600, 0.800 | 0.700 | +0.000 | 0.610 (n 1) | 2 |
    | pair | 0.750 | – | – | 0.700 | 1 |

    | baseline | PLCC | paper | diff | SRCC | n |
    | :-- | --: | --: | --: | --: | --: |
    | ridge last layer | 0.500 |  |  |  | 1 |
    | ridge latent traits | 0.900 |  |  | 0.880 | 1 |
    | thematic, test images permuted | 0.010, 0.030 |  |  |  | 2 |
    | pair, test images permuted | 0.000 |  |  |  | 1 |

    - ours: both values of two seeds; diff: ours - paper.
    - 1 of 4 trials have no result (yet).
    - The pair has no paper value."
  `);
});

test('LaTeX uses booktabs and escapes what LaTeX reads otherwise', () => {
  const table = makeRun();
  const first = { ...table.rows[0]!, row: '50% & a_b' };
  expect(renderTables([{ ...table, rows: [first, table.rows[1]!] }], 'latex')).toMatchInlineSnapshot(`
    "% needs \\usepackage{booktabs}

    \\begin{table}
      \\centering
      \\caption{Levels (table-5, run x-1)}
      \\label{tab:table-5}
      \\begin{tabular}{lrrrrr}
        \\toprule
        & \\multicolumn{3}{c}{PLCC} & \\multicolumn{1}{c}{SRCC} & \\\\
        \\cmidrule(lr){2-4} \\cmidrule(lr){5-5}
         & ours & paper & diff & ours & n \\\\
        \\midrule
        50\\% \\& a\\_b & 0.600, 0.800 & 0.700 & $+0.000$ & 0.610 (n 1) & 2 \\\\
        pair & 0.750 & -- & -- & 0.700 & 1 \\\\
        \\midrule
        ridge last layer & 0.500 &  &  &  & 1 \\\\
        ridge latent traits & 0.900 &  &  & 0.880 & 1 \\\\
        thematic, test images permuted & 0.010, 0.030 &  &  &  & 2 \\\\
        pair, test images permuted & 0.000 &  &  &  & 1 \\\\
        \\bottomrule
      \\end{tabular}
      \\par\\footnotesize ours: both values of two seeds; diff: ours - paper.
      \\par\\footnotesize 1 of 4 trials have no result (yet).
      \\par\\footnotesize The pair has no paper value.
    \\end{table}"
  `);
});

test('CSV has one line per number at full precision', () => {
  const table = makeRun();
  const lines = renderTables([{ ...table, rows: [{ ...table.rows[1]!, row: 'a,"b"' }] }], 'csv').split('\n');
  expect(lines[0]).toBe('experiment,table,kind,name,metric,mean,std,n,paper,difference,low,high');
  expect(lines[1]).toBe('x,table-5,row,"a,""b""",PLCC,0.75,,1,,,,');
  expect(lines).toContain('x,table-5,baseline,ridge last layer,PLCC,0.5,,1,,,,');
});

test('JSON is an array with version, experiment, table, rows and baselines of each', () => {
  const [shown] = JSON.parse(renderTables([makeRun()], 'json')) as Record<string, unknown>[];
  expect(Object.keys(shown!)).toEqual(['version', 'experiment', 'table', 'rows', 'baselines', 'footnotes', 'verdicts']);
  expect(shown!['verdicts']).toEqual([]);
  expect(shown).toMatchObject({
    version: 2,
    experiment: 'x',
    table: 'table-5',
    rows: [
      { row: 'thematic', metrics: { PLCC: { n: 2, paper: 0.7 } } },
      { row: 'pair', metrics: { PLCC: { paper: null, std: null } } },
    ],
  });
});

test('intervals are in JSON and CSV, and in text where few columns leave room', () => {
  const table = makeRun();
  const interval = [0.7012, 0.7991] as const;
  const pair = { ...table.rows[1]!, metrics: { PLCC: { ...table.rows[1]!.metrics['PLCC']!, interval } } };
  const one = { ...table, rows: [pair], baselines: [] };
  expect(renderTables([one], 'text')).toContain('0.750 [0.701, 0.799]');
  expect(renderTables([one], 'text')).toContain('in brackets its 95 % interval over draws of test items');
  const both = { ...table.rows[0]!, metrics: { PLCC: { ...table.rows[0]!.metrics['PLCC']!, interval } } };
  expect(renderTables([{ ...table, rows: [both] }], 'text')).toContain('0.600, 0.800 [0.701, 0.799]  0.700  +0.000');
  expect(renderTables([{ ...one, metrics: ['PLCC', 'SRCC', 'RMSE'] }], 'text')).not.toContain('[');
  expect(renderTables([one], 'csv')).toContain('x,table-5,row,pair,PLCC,0.75,,1,,,0.7012,0.7991');
  const [shown] = JSON.parse(renderTables([one], 'json')) as { rows: { metrics: unknown }[] }[];
  expect(shown!.rows[0]!.metrics).toMatchObject({ PLCC: { mean: 0.75, interval: [0.7012, 0.7991] } });
});

test('three seeds have a mean and a deviation, two their values', () => {
  const table = makeRun();
  const metrics = { PLCC: summarize([0.6, 0.8, 0.7]) };
  const three = renderTables([{ ...table, rows: [...table.rows, { row: 'three', metrics }] }], 'text');
  expect(three).toMatch(/three +0\.700 ± 0\.100/);
  expect(three).toContain('ours: mean ± sample standard deviation over n seeds, both values of two seeds; diff');
});

test('a table of the studio says so, and has no difference from numbers of AVA', () => {
  const table = { ...makeRun(), data: 'studio' as const };
  const text = renderTables([table], 'text');
  expect(text.split('\n')[0]).toBe('Levels, studio data (table-5, run x-1)');
  expect(text).toContain('0.600, 0.800  0.700');
  expect(text).not.toContain('diff');
  const [shown] = JSON.parse(renderTables([table], 'json')) as Record<string, unknown>[];
  expect(shown!['data']).toBe('studio');
  const run = (source: string) =>
    recordRun(tracker, {
      resolved: { ...resolved, config: { data: { source }, evaluate: {} } },
      trials: [],
      stages: [],
    });
  const tables = ['studio', 'files'].flatMap((source) => collectTables(tracker, run(source)));
  expect(tables.map(({ data }) => data)).toEqual(['studio', undefined]);
});

test('a table is a plain object, which JSON keeps as it is', () => {
  const table = makeRun();
  expect(JSON.parse(JSON.stringify(table))).toEqual(table);
});

test('a run of several tables shows each with its own rows, trials and baselines', () => {
  const spec = (id: string, metric: string, baselines: string[]) => ({
    id,
    title: id,
    metrics: [metric],
    footnotes: [],
    baselines,
  });
  const tables = [spec('scores', 'SRCC', ['baselines']), spec('personal', 'SRCC', [])];
  const rows = ['scores', 'personal'].map((table) => ({ row: `${table}/all`, table, set: {}, paper: { SRCC: 0.5 } }));
  const trials = rows.map(({ row }) => ({ row, seed: 0 }));
  const run = recordRun(tracker, {
    resolved: { table: tables[0], tables, rows },
    trials,
    stages: [
      { key: 'ridge', kind: 'baselines', metrics: { 'ridge traits/SRCC': 0.9 } },
      { key: 'score', kind: 'evaluate-score', trials: [trials[0]!], metrics: { SRCC: 0.7 } },
      { key: 'personal', kind: 'evaluate-personal', trials: [trials[1]!], metrics: { SRCC: 0.6, SRCC_generic: 0.1 } },
    ],
  });
  const [scores, personal] = collectTables(tracker, run);
  expect([scores!.rows, scores!.numTrials]).toMatchObject([[{ row: 'all', metrics: { SRCC: { mean: 0.7 } } }], 1]);
  expect(scores!.baselines.map(({ name }) => name)).toEqual(['ridge traits']);
  expect(personal!.rows).toMatchObject([{ row: 'all', metrics: { SRCC: { mean: 0.6 } } }]);
  expect(personal!.baselines).toMatchObject([
    { name: "all, the generic model's scores", metrics: { SRCC: { mean: 0.1 } } },
  ]);
});

test('verdicts stand under the table in every format that has room for them', () => {
  const head = { metric: 'PLCC' as const, row: 'pair' };
  const found = { verdict: 'reproduced' as const, p: 0.01, effect: 0.06, seedsToDecide: null };
  const seen = { ...found, than: 'thematic', difference: 0.05, interval: [0.01, 0.094] as const };
  const open = { ...seen, than: 'none', verdict: 'undecided' as const, p: 0.2, effect: null, seedsToDecide: 7 };
  const between = { difference: 0.05, interval: [0.01, 0.094] as const };
  const nothing = { difference: null, interval: null, comparisons: [] };
  const one = { ...head, ...between, claim: 'pair is better', verdict: 'reproduced' as const, comparisons: [seen] };
  const table: Table = {
    ...makeRun(),
    verdicts: [
      one,
      { ...one, claim: 'pair is best', verdict: 'undecided', comparisons: [seen, open] },
      { ...one, claim: 'so it seems', verdict: 'undecided', comparisons: [{ ...open, seedsToDecide: null }] },
      { ...one, claim: 'at once', verdict: 'undecided', comparisons: [open], reason: 'one seed' },
      { ...head, ...nothing, claim: 'pair is worse', verdict: 'not judged', reason: 'no result of pair' },
    ],
  };
  const interval = '+0.050 [+0.010, +0.094]';
  expect(renderTables([table], 'text')).toContain(
    [
      "the paper's claims",
      `reproduced  pair is better (PLCC ${interval}; paper +0.060)`,
      'undecided   pair is best (PLCC, 2 comparisons)',
      `              than thematic: reproduced (${interval}, p 0.010; paper +0.060)`,
      `              than none: undecided (${interval}, p 0.200; needs about 7 seeds)`,
      `undecided   so it seems (PLCC ${interval}; needs more test items, not seeds)`,
      `undecided   at once (PLCC ${interval}; one seed)`,
      'not judged  pair is worse (no result of pair)',
      '',
    ].join('\n'),
  );
  expect(renderTables([table], 'text')).toContain(
    "claims: [95 % t interval over seeds and test items]; Holm's correction within a claim, none over the 4 claims.",
  );
  expect(renderTables([table], 'text', true)).toContain('\u001b[33mundecided\u001b[0m   pair is best');
  expect(renderTables([table], 'markdown')).toContain('| pair is worse | not judged | no result of pair |');
  expect(renderTables([table], 'markdown')).toContain(`| … than thematic | reproduced | ${interval}, p 0.010;`);
  // Claims that are not the paper's stand apart.
  const ours = { ...one, claim: 'pair beats chance', verdict: 'holds' as const, own: true as const };
  const both = [{ ...table, verdicts: [ours, one] }];
  expect(renderTables(both, 'text')).toMatch(
    /^the paper's claims\nreproduced {2}pair is better.*\n-+\nour claims\nholds {2}pair beats chance/m,
  );
  const markdown = renderTables(both, 'markdown');
  expect(markdown.indexOf('| claim of the paper | verdict |')).toBeLessThan(markdown.indexOf('| pair is better |'));
  expect(markdown).toContain('| our claim | verdict | evidence |\n| :-- | :-- | :-- |\n| pair beats chance | holds |');
  expect(renderTables([table], 'latex')).toContain(
    'undecided: pair is best (PLCC, 2 comparisons); than thematic: reproduced (+0.050 [+0.010, +0.094], p 0.010;',
  );
  const [shown] = JSON.parse(renderTables([table], 'json')) as { verdicts: unknown[] }[];
  expect(shown!.verdicts[0]).toEqual(one);
});

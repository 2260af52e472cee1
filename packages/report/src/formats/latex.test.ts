// LaTeX itself reads the tables: all seven of the paper, with names and notes that would break a careless one.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { loadExperiment } from '@calm-orch/core/config';
import { openTracker } from '@calm-orch/tracker';
import type { Table } from '../table.ts';
import { collectTables } from '../tables/collect.ts';
import { renderTables } from './render.ts';

const paper = fileURLToPath(new URL('../../../../experiments/paper.yaml', import.meta.url));
const traps = [
  '[a] first',
  '*',
  '100 % of R&D_#1 {x} ~^ $5 \\\\ \\input{x}',
  '\\',
  'a < b | c > d … × ± –',
  'naïve “café” – ISO’s',
];

const evidence = { difference: 0.1, interval: [0.05, 0.2] as const, p: 0.0001, effect: 0.06, seedsToDecide: null };

/** All tables of the paper with numbers in every cell, baselines, verdicts, and a row for every trap. */
function fullTables(dir: string): Table[] {
  const tracker = openTracker(dir);
  try {
    const { resolved, rows } = loadExperiment(paper);
    const trials = rows.map(({ row }) => ({ row, seed: 0 }));
    const head = { experiment: 'x_1', title: 'X', path: paper, hash: 'h', versions: {}, machine: {}, pid: process.pid };
    const run = tracker.createRun({ ...head, resolved, trials });
    return collectTables(tracker, run).map((table) => {
      const cell = {
        mean: 0.7,
        std: null,
        n: 1,
        values: [0.7],
        paper: 0.75,
        difference: -0.05,
        interval: [0.6, 0.8] as const,
      };
      const metrics = Object.fromEntries(table.metrics.map((metric) => [metric, cell]));
      return {
        ...table,
        rows: [...table.rows, ...traps.map((row) => ({ row, metrics }))],
        baselines: traps.map((name) => ({ name, metrics })),
        footnotes: [...table.footnotes, ...traps],
        verdicts: traps.map((claim) => ({
          claim,
          metric: 'PLCC' as const,
          row: 'all',
          verdict: 'reproduced' as const,
          comparisons: traps.map((than) => ({ than, verdict: 'reproduced' as const, ...evidence })),
          difference: 0.1,
          interval: [0.05, 0.2] as const,
        })),
      };
    });
  } finally {
    tracker.close();
  }
}

const hasLatex = spawnSync('pdflatex', ['--version']).status === 0;
const hasBooktabs = hasLatex && spawnSync('kpsewhich', ['booktabs.sty']).status === 0;
if (!hasLatex) console.warn('latex.test: pdflatex is not installed; tables in LaTeX are not compiled');
else if (!hasBooktabs) console.warn('latex.test: booktabs is not installed; its rules are replaced by plain lines');

/** What stands in for booktabs in the smallest LaTeX. */
const plainRules = String.raw`
\let\toprule\hline \let\midrule\hline \let\bottomrule\hline
\makeatletter \def\cmidrule(#1)#2{\cline{#2}} \makeatother`;

test.skipIf(!hasLatex)(
  'all seven tables compile, whatever stands in them',
  () => {
    const dir = mkdtempSync(join(tmpdir(), 'calm-orch-latex-'));
    try {
      const tables = fullTables(join(dir, 'runs'));
      expect(tables).toHaveLength(7);
      const printed = renderTables(tables, 'latex');
      expect(printed.startsWith('% needs \\usepackage{booktabs}\n')).toBe(true);
      const rules = hasBooktabs ? '\\usepackage{booktabs}' : plainRules;
      writeFileSync(
        join(dir, 't.tex'),
        `\\documentclass{article}\n${rules}\n\\begin{document}\n${printed}\n\\end{document}\n`,
      );
      const { status, stdout } = spawnSync('pdflatex', ['-interaction=nonstopmode', '-halt-on-error', 't.tex'], {
        cwd: dir,
        encoding: 'utf8',
      });
      expect(status, stdout.slice(-2000)).toBe(0);
      expect(stdout).toMatch(/Output written on t\.pdf/);
      // Nothing that was asked for is missing.
      expect(stdout).not.toMatch(/undefined|Missing character/i);
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  },
  60_000,
);

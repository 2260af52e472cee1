// Numbers of stages from the files they leave. That real stages' numbers come out again with their bits is tried on a real run
// (test/e2e/package.test.ts).
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { degradationNames } from '@calm-orch/datasets';
import { expect, onTestFinished, test } from 'vitest';
import { srcc } from '../metrics/correlation.ts';
import { remeasure } from './remeasure.ts';
import { judgedSuggestions, suggestionMetrics, suggestionsText, type ModelVerdicts } from './suggestions.ts';

function folder(files: Readonly<Record<string, string>>): string {
  const dir = mkdtempSync(join(tmpdir(), 'calm-orch-remeasure-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, name), text);
  return dir;
}

test("a language model's verdicts on every fault are kept, so that chance and agreement can be measured again", async () => {
  const answers = degradationNames.map((degradation, i) => ({
    photo: `p${i}`,
    crop: 0,
    degradation,
    answer: `a ${i} .`,
  }));
  const verdicts = answers.map((_, i) => {
    const said = degradationNames.map((name, j) => [name, i === 2 && j === 3 ? null : (i + j) % 3 === 0]);
    return Object.fromEntries(said) as ModelVerdicts;
  });
  const file = judgedSuggestions(answers, 'a model', verdicts);
  expect([file.items.length, file.unjudged?.length]).toEqual([6, 0]);
  const metrics = suggestionMetrics(file);
  // Of 36 pairs one has no verdict; twelve of the others say yes, no keyword does.
  expect(metrics).toMatchObject({ numUnjudged: 1, average: 1 / 3, average_agreement: 23 / 35 });
  const again = await remeasure(
    { kind: 'evaluate-suggest', config: {} },
    folder({ 'suggestions.json': suggestionsText(file) }),
  );
  expect(again).toEqual({ metrics, files: {} });
});

test('what an earlier version has not left is not measured', async () => {
  const lines = ['A,1,0,2,3,3.5', 'A,2,0,4,4,3.75', 'A,3,0,5,5,5'];
  const dir = folder({ 'predictions.csv': `worker,image,repeat,target,score,expectation\n${lines.join('\n')}\n` });
  const config = { evaluate: { scoreReadout: 'text' } };
  const one = srcc([1, 2, 3], [1, 2, 3]);
  expect(await remeasure({ kind: 'evaluate-personal', config }, dir)).toEqual({
    metrics: { SRCC: one, SRCC_text: one, SRCC_expectation: one, numAnnotators: 1 },
    files: { 'annotators.csv': `worker,SRCC\nA,${one}\n` },
  });
});

test('a line that is none is told by file and number', async () => {
  const dir = folder({ 'predictions.csv': 'image,target,score,expectation,text\n1,5,5,5,"5"\n2,5,x,5,"5"\n' });
  const config = { seed: 0, evaluate: { scoreReadout: 'text' } };
  await expect(remeasure({ kind: 'evaluate-score', config }, dir)).rejects.toThrow(
    /predictions\.csv:3: expected an image/,
  );
});

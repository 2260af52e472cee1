// `npm run bench -- metrics`: BLEU, ROUGE-L and CIDEr of many captions, tokenizing included, beside pycocoevalcap on the
// same file. Both score each item and the corpus; the corpus scores must agree. Of both the fastest round counts; our first,
// in which nothing is compiled or remembered yet, is told as well.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { machineFacts, wholeNumber } from './options.js';
import { runPeer } from './peer.js';

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const tolerance = 1e-3;

/** Runs the command with its arguments; resolves to the exit code. */
export async function run(args) {
  const { values } = parseArgs({
    args,
    options: {
      items: { type: 'string', default: '10000' },
      rounds: { type: 'string', default: '3' },
      python: { type: 'string' },
      json: { type: 'boolean', default: false },
    },
  });
  const numItems = wholeNumber(values.items, '--items', 2);
  const rounds = wholeNumber(values.rounds, '--rounds');
  const say = (line) => console.error(`bench metrics: ${line}`);
  const items = manyItems(numItems);
  say(`measuring ours: ${numItems} items, ${rounds} rounds`);
  const { ptbTokenize, tokenMetrics } = await import('@calm-orch/evaluator');
  const times = [];
  let corpus;
  for (let round = 0; round < rounds; round++) {
    const started = performance.now();
    const tokenized = items.map(({ id, references, candidate }) => ({
      id,
      references: references.map(ptbTokenize),
      candidate: ptbTokenize(candidate),
    }));
    const cut = performance.now();
    corpus = tokenMetrics(tokenized).corpus;
    times.push({ tokenize: (cut - started) / 1000, score: (performance.now() - cut) / 1000 });
  }
  const [first] = withSums(times);
  const ours = fastest(times);
  const peer = values.python === undefined ? null : await measurePeer(values.python, items, rounds, say);
  if (peer === null) say('no pycocoevalcap given (--python PY), ours alone');
  const differences = peer && Object.entries(peer.corpus).map(([name, value]) => Math.abs(value - corpus[name]));
  const report = {
    numItems,
    ours,
    first,
    peer: peer?.seconds ?? null,
    speedup: peer && peer.seconds.all / ours.all,
    speedupTokenized: peer && peer.seconds.score / ours.score,
    corpus,
    greatestDifference: differences && Math.max(...differences),
    machine: machineFacts(),
  };
  console.log(values.json ? JSON.stringify(report) : tableOf(report));
  return report.greatestDifference === null || report.greatestDifference <= tolerance ? 0 : 1;
}

/** The captions of the evaluator's fixture again and again, each time with another word in places, so that no two are the same. */
function manyItems(numItems) {
  const { items } = JSON.parse(readFileSync(here('../packages/evaluator/fixtures/captions.json'), 'utf8'));
  const marked = (text, i) =>
    text.replace(/\b(?:photo|image|shot|picture)\b/gi, (word) => (i % 7 === 0 ? word : `${word} ${(i * 31) % 997}`));
  return Array.from({ length: numItems }, (_, i) => {
    const { references, candidate } = items[i % items.length];
    return { id: String(i), references: references.map((text) => marked(text, i)), candidate: marked(candidate, i) };
  });
}

function withSums(times) {
  return times.map((one) => ({ ...one, all: one.tokenize + one.score }));
}

function fastest(times) {
  const [best] = withSums(times).sort((a, b) => a.all - b.all);
  return best;
}

/** Each round is a process of its own, whose start and imports do not count. */
async function measurePeer(python, items, rounds, say) {
  const dir = mkdtempSync(join(tmpdir(), 'calm-orch-bench-'));
  try {
    const path = join(dir, 'captions.json');
    writeFileSync(path, JSON.stringify({ items }));
    const times = [];
    let corpus;
    for (let round = 0; round < rounds; round++) {
      say(`measuring pycocoevalcap, round ${round + 1} of ${rounds}`);
      const measured = await runPeer(python, [here('peers/coco_metrics.py'), path]);
      const { tokenize, ...parts } = measured.seconds;
      times.push({ ...parts, tokenize, score: Object.values(parts).reduce((sum, one) => sum + one, 0) });
      corpus = measured.corpus;
    }
    return { seconds: fastest(times), corpus };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function tableOf({ numItems, ours, first, peer, speedup, speedupTokenized, greatestDifference, machine }) {
  const seconds = (value) => (value === undefined ? '-' : `${value.toFixed(2)} s`).padStart(10);
  const line = (name, own, other) => `${name.padEnd(24)}${seconds(own)}${seconds(other)}`;
  return [
    `${numItems} items; ${machine.cpu}, ${machine.cores} cores, Node ${machine.node}`,
    `${''.padEnd(24)}${'ours'.padStart(10)}${'pycocoevalcap'.padStart(15)}`,
    line('tokenize', ours.tokenize, peer?.tokenize),
    line('BLEU, ROUGE-L, CIDEr', ours.score, peer?.score),
    line('all', ours.all, peer?.all),
    line('all, our first round', first.all),
    ...(peer
      ? [
          `${speedup.toFixed(1)} times as fast, ${speedupTokenized.toFixed(1)} times once tokenized; corpus scores differ by at most ${greatestDifference.toExponential(1)}`,
        ]
      : []),
  ].join('\n');
}

// Reads a generated file of conversations of a given size in a process of its own, and says how much memory that took.
import { spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface LargeReading {
  readonly rows: number;
  readonly peakBytes: number;
}

const reader = `
  const { readConversations } = await import(process.argv[1]);
  let rows = 0;
  for (const { turns } of readConversations(process.argv[2])) rows += turns.length > 0 ? 1 : 0;
  console.log(JSON.stringify({ rows, peakBytes: process.resourceUsage().maxRSS * 1024 }));
`;

/** The rows of a file of at least `sizeBytes`, and the reading process's peak of resident memory. */
export async function readLargeJson(sizeBytes: number): Promise<LargeReading & { readonly written: number }> {
  const dir = mkdtempSync(join(tmpdir(), 'calm-orch-large-'));
  try {
    const path = join(dir, 'mix.json');
    const written = writeRows(path, sizeBytes);
    const entry = new URL('../packages/datasets/dist/index.js', import.meta.url).href;
    return { ...(await reading([entry, path])), written };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function writeRows(path: string, sizeBytes: number): number {
  const descriptor = openSync(path, 'w');
  let [rows, bytes] = [0, writeSync(descriptor, '[\n')];
  for (; bytes < sizeBytes; rows++) {
    const value = `A photograph (${rows}) of “things”, {braces}, [brackets] and a \\"quote\\". `.repeat(20);
    const row = `{"id":"${rows}","image":"${rows}.jpg","conversations":[{"from":"human","value":"<image>"},{"from":"gpt","value":"${value}"}]}`;
    bytes += writeSync(descriptor, `${rows === 0 ? '' : ',\n'}${row}`);
  }
  writeSync(descriptor, '\n]\n');
  closeSync(descriptor);
  return rows;
}

function reading(args: readonly string[]): Promise<LargeReading> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--input-type=module', '-e', reader, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (text) => (stdout += String(text)));
    child.stderr.on('data', (text) => (stderr += String(text)));
    child.on('close', (code) => {
      if (code === 0) resolve(JSON.parse(stdout) as LargeReading);
      else reject(new Error(`the reading process ended with ${code}: ${stderr}`));
    });
  });
}

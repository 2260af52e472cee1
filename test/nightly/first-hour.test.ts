// What a newcomer types in the first hour, in a fresh clone, and what the program answers. The transcript is
// docs/first-hour.md: CALM_ORCH_WRITE=1 writes it anew, else what is printed must agree with it, but for numbers.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const document = join(root, 'docs/first-hour.md');
const home = realpathSync(mkdtempSync(join(tmpdir(), 'calm-orch-hour-')));
const clone = join(home, 'calm-orch');
afterAll(() => rmSync(home, { recursive: true, force: true, maxRetries: 20, retryDelay: 200 }));

interface Answer {
  readonly code: number | null;
  readonly text: string;
}

/** A line as it is typed in a shell. `interruptAt`: Ctrl-C once this is printed. */
function type(
  line: string,
  { interruptAt, cwd = clone }: { interruptAt?: RegExp; cwd?: string } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { CALM_ORCH_DIR: _, ...env } = process.env;
    const child = spawn('sh', ['-c', `exec 2>&1; trap : INT; ${line}`], {
      cwd,
      env,
      stdio: ['ignore', 'pipe', 'ignore'],
      detached: true,
    });
    let text = '';
    let interrupted = false;
    child.stdout.on('data', (chunk) => {
      text += chunk;
      if (interrupted || !interruptAt?.test(text)) return;
      interrupted = true;
      // A terminal sends it to all processes in front.
      process.kill(-child.pid!, 'SIGINT');
    });
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, text }));
  });
}

/** Of progress the first lines and the last. */
function shortened(text: string): string {
  const lines = text.replaceAll(clone, '~/calm-orch').replaceAll(homedir(), '~').trimEnd().split('\n');
  const isProgress = (line: string): boolean => /^\[\d+:\d\d\]/.test(line);
  const progress = lines.flatMap((line, i) => (isProgress(line) ? [i] : []));
  const left = new Set([...progress.slice(0, 2), ...progress.slice(-1)]);
  return lines
    .map((line, i) => (!isProgress(line) || left.has(i) ? line : i === progress[2] ? '…' : null))
    .filter((line) => line !== null)
    .join('\n');
}

/** What two transcripts have in common: numbers, times and the places of columns differ. Progress comes when it comes. */
const comparable = (text: string): string =>
  text
    .split('\n')
    .filter((line) => !/^\[\d+:\d\d\]|^…$|npm (notice|warn)|looking for funding|npm fund|packages? in /.test(line))
    .join('\n')
    .replace(/-{3,}/g, '---')
    .replace(/[▁-█]+/g, '~')
    .replace(/\d+(\.\d+)?( (h|m|s|ms)\b)*/g, '0')
    .replace(/-0/g, '0')
    .replace(/[ \t]+/g, ' ');

const smoke = 'npx calm-orch run experiments/smoke.yaml';

test('the first hour goes as docs/first-hour.md says', async () => {
  const written: string[] = [];
  const tell = (text: string): void => void written.push(text);
  const show = async (line: string, code = 0, options: { interruptAt?: RegExp } = {}): Promise<void> => {
    const answer = await type(line, options);
    const typed = options.interruptAt ? `${line}     # and Ctrl-C` : line;
    expect([line, answer.code, answer.text]).toEqual([line, code, expect.any(String)]);
    tell(`\`\`\`\n$ ${typed}\n${shortened(answer.text)}\n\`\`\``);
  };
  await type(`git clone -q ${root} calm-orch`, { cwd: home });

  tell('# The first hour');
  tell(
    'What one types and what comes back, in a fresh clone on two cores, output piped. A nightly test types it again\n' +
      '(`test/nightly/first-hour.test.ts`); long progress is cut to its ends.',
  );
  tell('## Install and run');
  await show('npm install');
  await show(smoke, 130, { interruptAt: /finetune-comment \w+: started/ });
  tell('Ctrl-C saved checkpoints. `resume` goes on from there:');
  await show('npx calm-orch resume');
  await show('npx calm-orch tables smoke --format markdown');
  tell('## In the background');
  await show(`${smoke} --set finetuneScore.steps=20000 --detach`);
  await show('npx calm-orch runs');
  await show('npx calm-orch logs --worker trainer-0');
  await show('npx calm-orch stop');
  await show('npx calm-orch rm smoke-2 --yes');
  await show('npx calm-orch runs');
  tell('## A typo in each argument');
  for (const line of [
    'npx calm-orch rum experiments/smoke.yaml',
    'npx calm-orch run experiments/smoek.yaml',
    `${smoke} --row all`,
    `${smoke} --rows al`,
    `${smoke} --seeds one`,
    `${smoke} --set finetuneScor.steps=3`,
    `${smoke} --set finetuneScore.steps=many`,
    `${smoke} --preset nanno`,
    `${smoke} --trainers two`,
    `${smoke} --unlabeled holidy`,
    'npx calm-orch tables smok',
    'npx calm-orch tables --format latx',
    'npx calm-orch show smoke-1 --stage finetune-scor',
    'npx calm-orch logs --worker trianer-0',
    'npx calm-orch stop smoke-1',
    'npx calm-orch rm smoke-7',
    'npx calm-orch score holidy.jpg --row al',
  ])
    await show(line, expect.toSatisfy((code) => code === 1 || code === 2) as never);
  const text = `${written.join('\n\n')}\n`;
  if (process.env['CALM_ORCH_WRITE'] === '1') writeFileSync(document, text);
  expect(comparable(text)).toBe(comparable(readFileSync(document, 'utf8')));
});

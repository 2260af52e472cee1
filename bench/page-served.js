// What the page's server answers over HTTP, and what a browser shows of it, for `bench page`: from asking until the answer
// is there whole, from going to an address until what one came for can be seen.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { program, root } from './program.js';

const browserPath = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) =>
  existsSync(path),
);

/** `calm-orch ui` over a folder. */
export async function startUi(dir) {
  const child = spawn(process.execPath, [program, 'ui', '--no-open', '--port', '0', '--dir', dir], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const address = await new Promise((resolve, reject) => {
    child.stdout.once('data', (line) => resolve(String(line).trim()));
    ended.then((code) => reject(new Error(`calm-orch ui ended with exit code ${code}`)), reject);
  });
  const close = async () => {
    child.kill('SIGTERM');
    await ended;
  };
  return { address, close };
}

/** ms until the whole answer is there, and the answer. */
export async function timedAnswer(address, path) {
  const startedMs = performance.now();
  const reply = await fetch(new URL(path, address));
  const json = await reply.json();
  if (!reply.ok) throw new Error(`${path}: ${JSON.stringify(json)}`);
  return { ms: performance.now() - startedMs, json };
}

/** Null where there is no Chromium. */
export async function openBrowser() {
  if (browserPath === undefined) return null;
  const { chromium } = await import('playwright-core');
  return chromium.launch({ executablePath: browserPath, args: ['--no-sandbox'] });
}

/** ms from going to the address, with nothing kept from before, until something matches `selector`. */
export async function timeUntilSeen(browser, address, selector) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  try {
    const page = await context.newPage();
    const startedMs = performance.now();
    await page.goto(address, { waitUntil: 'commit' });
    await page.waitForSelector(selector);
    return performance.now() - startedMs;
  } finally {
    await context.close();
  }
}

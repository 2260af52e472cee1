// The page in a real Chromium: its server as a child process, tabs that hear every complaint, and what axe finds in them.
// Pictures of what is examined are left in screenshots/.
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';
import { makeStory, type Running, type Story } from '../stories/story.test-util.ts';

const browserPath = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) =>
  existsSync(path),
);
const screenshots = fileURLToPath(new URL('../../screenshots/', import.meta.url));
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

export interface Shown {
  readonly server: Running;
  readonly address: string;
}

export interface Watched {
  readonly story: Story;
  readonly context: BrowserContext;
  /** What no page may do: say something on the console, ask another host. */
  readonly complaints: string[];
  startUi(dir: string, port?: number): Promise<Shown>;
  openTab(address: string): Promise<Page>;
}

/** A story and a browser for each test of a file; skipped where no Chromium is. */
export function watchStories(): Watched {
  let browser: Browser;
  let context: BrowserContext;
  let story: Story;
  let complaints: string[];
  beforeAll(async () => {
    mkdirSync(screenshots, { recursive: true });
    if (browserPath !== undefined)
      browser = await chromium.launch({ executablePath: browserPath, args: ['--no-sandbox'] });
  });
  afterAll(() => browser?.close());
  beforeEach(async ({ skip }) => {
    skip(browserPath === undefined, 'no Chromium is here (Debian: apt-get install chromium)');
    story = makeStory();
    complaints = [];
    context = await browser.newContext({ permissions: ['clipboard-read', 'clipboard-write'] });
    // Three other files share the machine, and a run may have to start first.
    context.setDefaultTimeout(100_000);
  });
  afterEach(async () => {
    await context?.close();
    await story?.close();
  });
  return {
    get story() {
      return story;
    },
    get context() {
      return context;
    },
    get complaints() {
      return complaints;
    },
    startUi: async (dir, port = 0) => {
      const server = story.start(['ui', '--no-open', '--port', String(port), '--dir', dir]);
      const address = await new Promise<string>((resolve, reject) => {
        server.child.stdout!.once('data', (chunk) => resolve(String(chunk).trim()));
        server.ended.then(({ stderr }) => reject(new Error(stderr)), reject);
      });
      expect(address).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/$/);
      return { server, address };
    },
    openTab: async (address) => {
      const page = await context.newPage();
      page.on('console', (message) => {
        if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
      });
      page.on('pageerror', (error) => complaints.push(String(error)));
      page.on('request', (request) => {
        if (new URL(request.url()).origin !== new URL(address).origin) complaints.push(request.url());
      });
      await page.goto(address);
      return page;
    },
  };
}

interface Violation {
  readonly id: string;
  readonly impact: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[];
}

/** Serious findings of axe, and whether the page is wider than its window, on wide and narrow windows, light and dark. */
export async function examine(page: Page, name: string): Promise<string[]> {
  const found: string[] = [];
  for (const width of [1440, 400])
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.setViewportSize({ width, height: 900 });
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      await page.waitForTimeout(100);
      await page.screenshot({ path: join(screenshots, `${name}-${width}-${colorScheme}.png`), fullPage: true });
      const { violations } = await page.evaluate<{ violations: Violation[] }>('axe.run()');
      const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
      for (const { id, nodes } of serious)
        found.push(`${name} ${width} ${colorScheme} ${id}: ${nodes[0]!.html} ${nodes[0]!.failureSummary}`);
      const overflow = await page.evaluate<number>(
        'document.documentElement.scrollWidth - document.documentElement.clientWidth',
      );
      if (overflow > 0) found.push(`${name} ${width}: ${overflow} pixels too wide`);
    }
  await page.setViewportSize({ width: 1440, height: 900 });
  return found;
}

/** Past the page's content security policy, which lets no script in. */
export const withAxe = (page: Page) => page.evaluate(axe);

// A real browser for stories: pages on wide and narrow windows, light and dark, and what a page must not do.
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium, type Browser, type Page } from 'playwright-core';

const browserPath = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) =>
  existsSync(path),
);
export const hasBrowser = browserPath !== undefined;
export const noBrowser = 'no Chromium is here (Debian: apt-get install chromium)';

const screenshots = fileURLToPath(new URL('../../screenshots/', import.meta.url));
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

export const launchBrowser = (): Promise<Browser> =>
  chromium.launch({ executablePath: browserPath!, args: ['--no-sandbox'] });

interface Violation {
  readonly id: string;
  readonly impact: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[];
}

/**
 * Serious findings of axe, and whether the page is wider than its window, on wide and narrow windows, light and dark. A
 * picture of each is left in screenshots/.
 */
export async function examine(page: Page, name: string): Promise<string[]> {
  mkdirSync(screenshots, { recursive: true });
  await page.evaluate(axe);
  const found: string[] = [];
  for (const width of [1440, 400])
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.setViewportSize({ width, height: 900 });
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      await page.waitForTimeout(100);
      await page.screenshot({ path: join(screenshots, `${name}-${width}-${colorScheme}.png`), fullPage: true });
      const { violations } = await page.evaluate<{ violations: Violation[] }>('axe.run()');
      for (const { id, impact, nodes } of violations)
        if (['serious', 'critical'].includes(impact))
          found.push(`${name} ${width} ${colorScheme}: ${id} ${nodes[0]!.html} ${nodes[0]!.failureSummary}`);
      const overflow = await page.evaluate<number>(
        'document.documentElement.scrollWidth - document.documentElement.clientWidth',
      );
      if (overflow > 0) found.push(`${name} ${width}: ${overflow} pixels too wide`);
    }
  return found;
}

// The page over the run folder, in a browser, until Ctrl-C.
import { once } from 'node:events';
import { isatty } from 'node:tty';
import type { ArgumentsCamelCase, Argv } from 'yargs';
import { CalmError } from '@calm-orch/core';
import type { GlobalOptions } from '../cli.ts';
import { printLine } from '../output.ts';
import { openBrowser } from '../run/open-browser.ts';
import { pageSources } from '../run/page-sources.ts';
import { version } from '../version.ts';

interface Options extends GlobalOptions {
  port?: number;
  host?: string;
  open: boolean;
}

export const command = {
  builder: (args: Argv<GlobalOptions>) =>
    args
      .option('port', {
        type: 'number',
        requiresArg: true,
        describe: '0: any that is free [default: 2256, or any where that is taken]',
      })
      .option('host', {
        type: 'string',
        requiresArg: true,
        describe:
          'Name or address to listen on; off this machine the address gets a token [default: this machine alone]',
      })
      .option('open', {
        type: 'boolean',
        default: true,
        describe: 'On a desktop, open it in the browser; --no-open does not',
      })
      .example('$0 ui', 'the page, in the browser')
      .example('$0 ui --port 8080 --no-open', 'on a machine reached by `ssh -L 8080:localhost:8080`'),
  handler: async ({ dir, port, host, open }: ArgumentsCamelCase<Options>): Promise<void> => {
    if (port !== undefined && !(Number.isInteger(port) && port >= 0 && port <= 65_535))
      throw new CalmError('invalid_argument', `--port: expected a whole number from 0 to 65535, got ${port}`);
    const { startPage } = await import('@calm-orch/dashboard');
    const over = new AbortController();
    const page = await startPage({
      dir,
      sources: pageSources(dir, over.signal),
      version: version(),
      ...(port !== undefined && { port }),
      ...(host !== undefined && { host }),
    });
    printLine(page.address);
    if (isatty(1)) process.stderr.write('Ctrl-C ends it.\n');
    if (open && isatty(1)) openBrowser(page.address);
    await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
    over.abort();
    await page.close();
  },
};

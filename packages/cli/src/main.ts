// The program: reads the command line, runs one command, and says in one sentence what went wrong, if anything did.
import { runCli } from './cli.ts';

await runCli(process.argv.slice(2));

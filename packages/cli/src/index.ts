export { runCli, type Command, type GlobalOptions } from './cli.ts';

#!/usr/bin/env node
// Starts the built program; plain JavaScript, so that it can say what to do before anything is built.
import { existsSync } from 'node:fs';

const main = new URL('../dist/main.js', import.meta.url);
const [major, minor] = process.versions.node.split('.').map(Number);

if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`calm-orch needs Node 20.19 or later; this is ${process.versions.node}.`);
  process.exitCode = 1;
} else if (!existsSync(main)) {
  console.error('calm-orch is not built yet: run `npm install` (or `npm run build`) in its folder first.');
  process.exitCode = 1;
} else {
  try {
    await import(main.href);
  } catch (error) {
    // Only what every command needs is loaded here; what else is missing is said by the command that needs it.
    const missing = error?.code === 'ERR_MODULE_NOT_FOUND' && /^Cannot find package '([^']+)'/.exec(error.message)?.[1];
    if (!missing) throw error;
    console.error(`calm-orch: ${missing} is not installed: run \`npm install\` where calm-orch was installed`);
    process.exitCode = 1;
  }
}

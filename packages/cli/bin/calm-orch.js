#!/usr/bin/env node
// Starts the built program; plain JavaScript, so that it can say what to do before anything is built.
import { existsSync } from 'node:fs';

// Who looks for a defect gets the modules themselves: their names and lines stand in what is shown.
const program = process.env.CALM_ORCH_DEBUG === '1' ? '../dist/main.js' : '../dist/program/main.js';
const main = new URL(program, import.meta.url);
const [major, minor] = process.versions.node.split('.').map(Number);

if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`calm-orch needs Node 20.19 or later; this is ${process.versions.node}.`);
  process.exitCode = 1;
} else if (!existsSync(main)) {
  console.error('calm-orch is not built yet: run `npm install` (or `npm run build`) in its folder first.');
  process.exitCode = 1;
} else {
  await import(main.href);
}

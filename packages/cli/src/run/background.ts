// `--detach`: the same command once more in a session of its own, writing to a log instead of a terminal. This process
// passes on what the other says until its run is recorded, or takes its exit code if it ends before.
import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { closeSync, fstatSync, openSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { CalmError, makeFolder } from '@calm-orch/core';
import { detachedMark, isDetached, tellFront } from './detached.ts';
import type { ErrorJson } from '../options/json-option.ts';
import { createLineReader } from './log-files.ts';
import { printJson, printLine } from '../output.ts';
import { commandOf } from '../outcome.ts';

interface Started {
  readonly run: string;
}

/** In the background: the run is recorded. */
export function tellStarted(run: string): void {
  tellFront({ run } satisfies Started);
}

const lookEveryMs = 100;

export interface DetachOptions {
  readonly dir: string;
  readonly detach: boolean;
  readonly json: boolean;
}

/** False: not asked for, or this is the process in the background; go on. `resumed`: the run that is to be resumed. */
export async function startedInBackground({ dir, detach, json }: DetachOptions, resumed?: string): Promise<boolean> {
  if (!detach || isDetached()) return false;
  const { layoutOf, startingLogs } = await import('@calm-orch/coordinator');
  const layout = layoutOf(dir);
  const path = resumed === undefined ? layout.log(startingLogs, randomUUID()) : layout.log(resumed, 'coordinator');
  makeFolder(dirname(path));
  const log = openSync(path, 'a');
  const said = createLineReader(path, fstatSync(log).size);
  const child = spawn(process.execPath, [...process.execArgv, ...process.argv.slice(1)], {
    detached: true,
    stdio: ['ignore', log, log, 'ipc'],
    env: { ...process.env, [detachedMark]: '1' },
  });
  closeSync(log);
  const onSignal = (): void => void child.kill('SIGTERM');
  for (const signal of endings) process.on(signal, onSignal);
  const pass = (line: string): void => void process.stderr.write(`${line}\n`);
  const passOn = (): void => {
    for (let lines = said.next(); lines !== null; lines = said.next()) lines.forEach(pass);
  };
  const timer = setInterval(passOn, lookEveryMs);
  const outcome = await startOrEnd(child);
  clearInterval(timer);
  for (const signal of endings) process.off(signal, onSignal);
  if ('run' in outcome) {
    const own = layout.log(outcome.run, 'coordinator');
    if (resumed === undefined) {
      makeFolder(dirname(own));
      renameSync(path, own);
    }
    child.disconnect();
    child.unref();
    announce({ run: outcome.run, pid: child.pid!, log: own }, { dir, json });
    return true;
  }
  // It has said what was wrong, or that there is nothing to do.
  passOn();
  said.rest().forEach(pass);
  if (resumed === undefined) rmSync(path, { force: true });
  process.exitCode = outcome.code;
  if (json && outcome.error !== null) printJson(outcome.error);
  if (outcome.how !== null)
    throw new CalmError('internal', `the process in the background ${outcome.how} before its run was recorded`);
  return true;
}

const endings = ['SIGINT', 'SIGTERM'] as const;

interface EndedEarly {
  readonly code: number;
  /** Where it did not end by itself. */
  readonly how: string | null;
  /** What it said had failed. */
  readonly error: ErrorJson | null;
}

function startOrEnd(child: ChildProcess): Promise<Started | EndedEarly> {
  return new Promise((resolve) => {
    let error: ErrorJson | null = null;
    child.on('message', (message: Started | ErrorJson) => {
      if ('run' in message) resolve(message);
      else error = message;
    });
    child.once('error', ({ message }) => resolve({ code: 1, how: `could not be started: ${message}`, error }));
    child.once('exit', (code, signal) => {
      const how = signal === null ? null : `was ended by ${signal}`;
      const end = (): void => resolve({ code: code ?? 1, how, error });
      // Its last message may still be under way.
      if (child.connected) child.once('disconnect', end);
      else end();
    });
  });
}

function announce(
  { run, pid, log }: { readonly run: string; readonly pid: number; readonly log: string },
  { dir, json }: { readonly dir: string; readonly json: boolean },
): void {
  if (json) return printJson({ run, pid, logs: dirname(log) });
  printLine(`Run ${run} goes on in the background (process ${pid}, log ${log}).`);
  printLine(`Watch it: ${commandOf('attach', run, dir)}; what its processes write: ${commandOf('logs -f', run, dir)};`);
  printLine(`end it, checkpoints saved: ${commandOf('stop', run, dir)}.`);
}

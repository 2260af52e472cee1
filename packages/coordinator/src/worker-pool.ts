// The worker processes of one run: started with an IPC channel whose closing tells them that this process is gone,
// replaced when they end, logged to a file each, and stopped together.
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { CalmError, type Role } from '@calm-orch/core';

export interface WorkerSlot {
  readonly role: Role;
  /** 0-based among the workers of the role. */
  readonly index: number;
}

export interface WorkerPoolOptions {
  readonly slots: readonly WorkerSlot[];
  /** The program; it is called with role and index. */
  readonly script: string;
  readonly environment: (slot: WorkerSlot) => NodeJS.ProcessEnv;
  readonly logFile: (slot: WorkerSlot) => string;
  readonly onExit: (pid: number, how: string) => void;
  /** A worker cannot be started at all. */
  readonly onBroken: (error: CalmError) => void;
}

/** A worker that ends sooner than this, so often in a row, will not do better the next time. */
const shortLifeMs = 3000;
const maxShortLives = 5;

export class WorkerPool {
  readonly #options: WorkerPoolOptions;
  readonly #children = new Map<WorkerSlot, ChildProcess>();
  #stopping = false;

  constructor(options: WorkerPoolOptions) {
    this.#options = options;
    for (const slot of options.slots) this.#start(slot, 0);
  }

  /** Every slot and its process, null between two. */
  get processes(): readonly { readonly slot: WorkerSlot; readonly pid: number | null }[] {
    return this.#options.slots.map((slot) => ({ slot, pid: this.#children.get(slot)?.pid ?? null }));
  }

  /** Ends one process at once; another takes its place. */
  kill(pid: number): void {
    for (const child of this.#children.values()) if (child.pid === pid) child.kill('SIGKILL');
  }

  /** Asks all to stop; after `graceMs` kills those that have not. */
  async close(graceMs: number): Promise<void> {
    this.#stopping = true;
    const children = [...this.#children.values()];
    const ends = children.map((child) => new Promise((resolve) => child.once('exit', resolve)));
    for (const child of children) child.kill('SIGTERM');
    const force = setTimeout(() => this.killAll(), graceMs);
    await Promise.all(ends);
    clearTimeout(force);
  }

  killAll(): void {
    this.#stopping = true;
    for (const child of this.#children.values()) child.kill('SIGKILL');
  }

  #start(slot: WorkerSlot, shortLives: number): void {
    const { script, environment, logFile, onExit, onBroken } = this.#options;
    const path = logFile(slot);
    mkdirSync(dirname(path), { recursive: true });
    const log = openSync(path, 'a');
    const startedMs = performance.now();
    const child = spawn(process.execPath, [script, slot.role, String(slot.index)], {
      env: { ...process.env, ...environment(slot) },
      stdio: ['ignore', log, log, 'ipc'],
    });
    closeSync(log);
    this.#children.set(slot, child);
    let ended = false;
    const end = (how: string): void => {
      if (ended) return;
      ended = true;
      this.#children.delete(slot);
      if (child.pid !== undefined) onExit(child.pid, how);
      if (this.#stopping) return;
      const lived = performance.now() - startedMs;
      const short = lived < shortLifeMs ? shortLives + 1 : 0;
      if (short < maxShortLives) this.#start(slot, short);
      else onBroken(broken(slot, how, path));
    };
    child.once('exit', (code, signal) =>
      end(signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`),
    );
    child.once('error', (error) => end(`could not be started: ${error.message}`));
  }
}

function broken({ role, index }: WorkerSlot, how: string, logFile: string): CalmError {
  const lastLine = readFileSync(logFile, 'utf8').trimEnd().split('\n').at(-1) ?? '';
  return new CalmError(
    'internal',
    `${role} ${index} ${how}, ${maxShortLives} times right after its start: ${lastLine} (log: ${logFile})`,
  );
}

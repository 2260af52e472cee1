// The worker's side of its compute child: forks it when first needed, keeps it over items (loading TensorFlow takes a
// second), and replaces it after an error, a hang or a death.
import { fork, type ChildProcess } from 'node:child_process';
import { assertNever, type Roster, type StageProgress, type StageResult } from '@calm-orch/core';
import type { Identity } from '../tls/certificates.ts';
import type { FromCompute, TensorPeers, ToCompute } from './compute-message.ts';
import { silenceLimit } from './silence-limit.ts';
import type { WorkItem } from '../tensors/wire.ts';

/** Why an attempt brought no result: its own code raised, its process was lost, it was told to stop, or was refused what it needs. */
export class AttemptFailure extends Error {
  readonly kind: 'raised' | 'lost' | 'cancelled' | 'refused';
  /** Stack of the error that the stage's code raised; empty: it raised none. */
  readonly raised: string;

  constructor(kind: AttemptFailure['kind'], message: string, raised = '') {
    super(message);
    this.name = 'AttemptFailure';
    this.kind = kind;
    this.raised = raised;
    if (raised !== '') this.stack = raised;
  }
}

export interface ComputeChildOptions {
  /** Script and arguments of the child process. */
  readonly command: readonly [script: string, ...args: string[]];
  readonly env: NodeJS.ProcessEnv;
  /** @default trainers of this host alone */
  readonly peers?: TensorPeers;
  /** Time to save a checkpoint after a cancellation. @default 10000 */
  readonly graceMs?: number;
}

export class ComputeChild {
  readonly #options: ComputeChildOptions;
  #child: ChildProcess | null = null;
  /** Once the newest child has ended. */
  #ended: Promise<unknown> = Promise.resolve();
  #peers: TensorPeers | undefined;

  constructor(options: ComputeChildOptions) {
    this.#options = options;
    this.#peers = options.peers;
  }

  /** Has another certificate from now on. */
  renew(identity: Identity): void {
    if (this.#peers === undefined) return;
    this.#peers = { ...this.#peers, identity };
    this.#tellPeers(this.#child);
  }

  /** Computes one item; null: a gang released it, others finish the item. @throws AttemptFailure */
  async run(work: WorkItem, options: RunOptions): Promise<StageResult | null> {
    if (options.signal.aborted) throw new AttemptFailure('cancelled', 'cancelled');
    const child = (this.#child ??= this.#fork());
    try {
      return await attempt(child, work, { ...options, graceMs: this.#options.graceMs ?? 10_000 });
    } catch (error) {
      // What a failed computation has left in its process is unknown.
      this.kill();
      throw error;
    }
  }

  /** Tells an item under way who computes it together, and whom to give no tensors any longer. */
  roster(token: string, roster: Roster, revoked: readonly string[]): void {
    const message = { type: 'roster', token, roster, revoked } satisfies ToCompute;
    if (this.#child?.connected) this.#child.send(message, () => {});
  }

  /** At once; an item under way ends as lost. */
  kill(): void {
    this.#child?.kill('SIGKILL');
    this.#child = null;
  }

  /** Kills it, and returns when it holds no memory any more. */
  async end(): Promise<void> {
    this.kill();
    await this.#ended;
  }

  #fork(): ChildProcess {
    const [script, ...args] = this.#options.command;
    const { env } = this.#options;
    const child = fork(script, args, { env, execArgv: [], serialization: 'advanced', stdio: 'inherit' });
    this.#ended = new Promise((resolve) => child.once('error', resolve).once('exit', resolve));
    child.once('exit', () => {
      if (this.#child === child) this.#child = null;
    });
    this.#tellPeers(child);
    return child;
  }

  #tellPeers(child: ChildProcess | null): void {
    if (this.#peers !== undefined && child?.connected)
      child.send({ type: 'peers', peers: this.#peers } satisfies ToCompute, () => {});
  }
}

interface RunOptions {
  readonly signal: AbortSignal;
  readonly onProgress: (progress: StageProgress) => void;
  readonly onNote: (note: string) => void;
  /** The computation can be joined by others; its tensors are at this address. */
  readonly onReady: (address: string) => void;
}

interface AttemptOptions extends RunOptions {
  readonly graceMs: number;
}

/** Nothing is known against an item whose computation ended so. */
const nobodysFault: ReadonlySet<string> = new Set(['cancelled', 'lease_lost', 'unavailable']);

function kindOf(code: string): AttemptFailure['kind'] {
  if (code === 'refused') return 'refused';
  return nobodysFault.has(code) ? 'lost' : 'raised';
}

/** A process may take so long to start on a machine that is busy with others. */
const startTimeoutMs = 60_000;

/** Sends the item and waits for its end: a result, an error, the child's death, its silence, or a cancellation. */
function attempt(child: ChildProcess, work: WorkItem, options: AttemptOptions): Promise<StageResult | null> {
  const { signal, onProgress, onNote, onReady, graceMs } = options;
  return new Promise<StageResult | null>((resolve, reject) => {
    const { token, hangTimeoutMs } = work;
    const fail = (kind: AttemptFailure['kind'], message: string, stack?: string): void =>
      settle(() => reject(new AttemptFailure(signal.aborted ? 'cancelled' : kind, message, stack)));
    const onHang = (ms: number): void =>
      fail('lost', `computed without any progress for ${Math.round(ms / 100) / 10} s (--hang-timeout)`);
    const onGone = (code: number | null, by: string | null): void =>
      fail('lost', `the computing process ended ${by === null ? `with exit code ${code}` : `by ${by}`}`);
    const onError = (error: Error): void =>
      fail('lost', `the computing process could not be reached: ${error.message}`);
    const onAbort = (): void => {
      if (child.connected) child.send({ type: 'cancel' } satisfies ToCompute, () => {});
      setTimeoutAgain(() => fail('cancelled', `cancelled; no checkpoint within ${graceMs / 1000} s`), graceMs);
    };
    const onMessage = (message: FromCompute): void => {
      if (message.token !== token) return;
      const ms = limit.after(message, performance.now());
      if (!signal.aborted) setTimeoutAgain(() => onHang(ms), ms);
      switch (message.type) {
        case 'started':
        case 'alive':
          return;
        case 'progress':
          return onProgress(message.progress);
        case 'note':
          return onNote(message.note);
        case 'ready':
          return onReady(message.address);
        case 'released':
          return settle(() => resolve(null));
        case 'done':
          return settle(() => resolve(message.result));
        case 'raised':
          return fail(kindOf(message.code), message.message, message.stack);
        default:
          assertNever(message);
      }
    };
    const limit = silenceLimit(hangTimeoutMs);
    let timer: NodeJS.Timeout;
    const setTimeoutAgain = (then: () => void, ms: number): void => {
      clearTimeout(timer);
      timer = setTimeout(then, ms);
    };
    const settle = (end: () => void): void => {
      clearTimeout(timer);
      child.off('message', onMessage).off('exit', onGone).off('error', onError);
      signal.removeEventListener('abort', onAbort);
      end();
    };
    child.on('message', onMessage).on('exit', onGone).on('error', onError);
    signal.addEventListener('abort', onAbort, { once: true });
    const startMs = Math.max(hangTimeoutMs, startTimeoutMs);
    setTimeoutAgain(() => onHang(startMs), startMs);
    child.send({ type: 'compute', work } satisfies ToCompute, (error) => {
      if (error !== null) onError(error);
    });
  });
}

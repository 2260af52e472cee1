// Tokens that let workers of other hosts join a run.
import type { ArgumentsCamelCase, Argv } from 'yargs';
import { CalmError, roles, type Role } from '@calm-orch/core';
import { openTracker, type JoinTokenRecord, type Tracker } from '@calm-orch/tracker';
import { columns } from '@calm-orch/report';
import type { GlobalOptions } from '../cli.ts';
import { jsonOption } from '../options/json-option.ts';
import { namedRun } from '../options/named-run.ts';
import { printJson, printLine } from '../output.ts';
import { findRunAtWork } from '../run/runs-at-work.ts';
import { duration, isoTime, localTime } from '../views/format.ts';

interface Options extends GlobalOptions {
  action: 'create' | 'list' | 'revoke' | 'rotate';
  target?: string;
  role?: Role;
  uses: number;
  hours: number;
  json: boolean;
}

export const command = {
  builder: (args: Argv<GlobalOptions>) =>
    args
      .positional('action', {
        choices: ['create', 'list', 'revoke', 'rotate'] as const,
        demandOption: true,
        describe:
          "create: print a token for a run at work; list: those there are; revoke: turn out who joined with one; rotate: give the folder's certificate authority another key",
      })
      .positional('target', {
        type: 'string',
        describe: 'create, list: a run [default: the one at work; all]; revoke: the id of a token',
      })
      .option('role', { choices: roles, describe: 'create: the role it is for [default: any]' })
      .option('uses', {
        type: 'number',
        requiresArg: true,
        default: 1,
        describe: 'create: how many workers may join with it',
      })
      .option('hours', {
        type: 'number',
        requiresArg: true,
        default: 24,
        describe: 'create: how long workers may join with it',
      })
      .option('json', jsonOption)
      .example('$0 token create --role trainer --uses 8', 'then on other hosts: $0 worker --join K10…')
      .example('$0 token revoke 1f2e3d4c', 'its workers are cut off within a second'),
  handler: async (options: ArgumentsCamelCase<Options>): Promise<void> => {
    const tracker = openTracker(options.dir, { access: options.action === 'list' ? 'read' : 'write' });
    try {
      await actions[options.action](tracker, options);
    } finally {
      tracker.close();
    }
  },
};

const actions: Record<Options['action'], (tracker: Tracker, options: Options) => void | Promise<void>> = {
  create: async (tracker, { dir, target, role = null, uses: maxUses, hours, json }) => {
    if (!(Number.isSafeInteger(maxUses) && maxUses > 0))
      throw new CalmError('invalid_argument', `--uses: expected a whole number of at least 1, got ${maxUses}`);
    if (!(hours > 0)) throw new CalmError('invalid_argument', `--hours: expected a number above 0, got ${hours}`);
    const run = findRunAtWork(tracker, target);
    const { hostsAddress, layoutOf } = await import('@calm-orch/coordinator');
    const { formatToken } = await import('@calm-orch/rpc');
    const { openAuthority } = await import('@calm-orch/rpc/tls');
    const address = hostsAddress(layoutOf(dir), run.id);
    if (address === null)
      throw new CalmError(
        'unavailable',
        `run ${run.id} listens for no other hosts: start or resume it with --listen HOST:PORT, the address by which they reach this one`,
      );
    const { fingerprint } = await openAuthority(dir);
    const made = tracker.createJoinToken(run.id, { role, maxUses, expiresMs: Date.now() + hours * 3_600_000 });
    const token = formatToken({ fingerprint, address, ...made });
    if (json) printJson({ id: made.id, run: run.id, token });
    else printLine(token);
  },
  list: (tracker, { target, json }) => {
    const tokens = tracker.listJoinTokens(target === undefined ? undefined : namedRun(tracker, target).id);
    if (json) printJson(tokens.map(tokenJson));
    else if (tokens.length === 0) printLine('No tokens.');
    else printLine(columns([['ID', 'RUN', 'ROLE', 'USED', 'CREATED', 'STATE'], ...tokens.map(tokenLine)]).join('\n'));
  },
  revoke: (tracker, { target, json }) => {
    if (target === undefined)
      throw new CalmError('invalid_argument', 'token revoke: name the id of a token; `calm-orch token list` lists all');
    tracker.revokeJoinToken(target);
    if (json) printJson({ id: target, revoked: true });
    else printLine(`Revoked token ${target}: workers that joined with it are cut off.`);
  },
  rotate: async (_tracker, { dir, json }) => {
    const { rotateAuthority } = await import('@calm-orch/rpc/tls');
    const { fingerprint } = await rotateAuthority(dir);
    if (json) printJson({ authority: fingerprint });
    else
      printLine(
        `The certificate authority has another key (SHA-256 ${fingerprint}). Workers at work go on; tokens stay good.`,
      );
  },
};

function stateOf({ revokedMs, expiresMs, numUses, maxUses }: JoinTokenRecord): string {
  if (revokedMs !== null) return 'revoked';
  if (numUses >= maxUses) return 'used up';
  const leftMs = expiresMs - Date.now();
  return leftMs <= 0 ? 'expired' : `good for ${duration(leftMs)}`;
}

const tokenLine = (token: JoinTokenRecord): string[] => [
  token.id,
  token.runId,
  token.role ?? 'any',
  `${token.numUses} of ${token.maxUses}`,
  localTime(token.createdMs),
  stateOf(token),
];

const tokenJson = (token: JoinTokenRecord): unknown => ({
  id: token.id,
  run: token.runId,
  role: token.role,
  uses: token.numUses,
  maxUses: token.maxUses,
  created: isoTime(token.createdMs),
  expires: isoTime(token.expiresMs),
  revoked: isoTime(token.revokedMs),
});

// The certificate authority of a run folder: its coordinators and the workers on other hosts know each other by it. One
// file holds its key and its certificates, so that two processes that make it at once cannot mix them.
import { randomBytes } from 'node:crypto';
import { existsSync, linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CalmError, makeFolder } from '@calm-orch/core';
import { certificatesOf, fingerprintOf, type Identity, type Subject } from './certificates.ts';
import { keyOfRequest, makeKey, makeRequest, nameOf, publicKeyOf, readKey, sign } from './signing.ts';

/** How long a certificate is good: a day. */
export const certificateMs = lifeOf(process.env['CALM_ORCH_CERTIFICATE_SECONDS']);
const authorityMs = 10 * 365 * 24 * 3_600_000;

export interface Authority {
  /** SHA-256 of the certificate it signs with, hexadecimal: what tokens name. */
  readonly fingerprint: string;
  /** PEM of its certificates that are trusted, the newest first. */
  readonly authorities: string;
  /** PEM of all it has had, by which the bearer of an old token knows it. */
  readonly roots: string;
  /** A certificate chain (PEM) for the key of a request, valid for a day. @throws CalmError `invalid_argument` for what is no request */
  certify(request: string, subject: Subject): Promise<string>;
  /** A key and a certificate for it. */
  identify(subject: Subject): Promise<Identity>;
}

interface Stored {
  /** Of the newest: each has its own, by which issuers are found. */
  readonly name: string;
  /** PEM, PKCS 8. */
  readonly key: string;
  /** PEM, self-signed, the newest first. */
  readonly roots: string[];
  /** PEM: each authority vouched for by the one before it, the newest first. */
  readonly links: string[];
  /** Until then the key before signs: who has a certificate has learnt of the new one by then. */
  readonly before?: { readonly untilMs: number; readonly name: string; readonly key: string };
}

const fileOf = (dir: string): string => join(dir, 'authority.json');

/** The authority of a run folder; made where there is none. @throws CalmError `bad_data`, `io` */
export async function openAuthority(dir: string, clock: () => number = Date.now): Promise<Authority> {
  const path = fileOf(dir);
  if (!existsSync(path)) write(path, await makeStored(clock()), { replace: false });
  return authorityOf(read(path), clock);
}

/**
 * A new key, which signs once all certificates there are have been renewed. Tokens of the old one stay good.
 * @throws CalmError `busy` while the key before is still needed
 */
export async function rotateAuthority(dir: string, clock: () => number = Date.now): Promise<Authority> {
  const path = fileOf(dir);
  const before = existsSync(path) ? read(path) : null;
  const untilMs = (before?.before?.untilMs ?? -Infinity) + certificateMs;
  if (clock() < untilMs)
    throw new CalmError(
      'busy',
      `${path}: certificates of the key before are still in use; another key can be made from ${new Date(untilMs).toISOString()} on`,
    );
  const made = await makeStored(clock(), before);
  write(path, made, { replace: true });
  return authorityOf(made, clock);
}

async function makeStored(nowMs: number, before: Stored | null = null): Promise<Stored> {
  const { keys, pem: key } = await makeKey();
  const name = `CN=calm-orch authority ${randomBytes(4).toString('hex')}`;
  const common = { publicKey: await publicKeyOf(keys), untilMs: nowMs + authorityMs, isAuthority: true, subject: name };
  const root = await sign({ ...common, issuer: name, signingKey: keys.privateKey }, nowMs);
  if (before === null) return { name, key, roots: [root], links: [] };
  const link = await sign({ ...common, issuer: before.name, signingKey: await readKey(before.key) }, nowMs);
  const signsUntil = { untilMs: nowMs + certificateMs, name: before.name, key: before.key };
  return { name, key, roots: [root, ...before.roots], links: [link, ...before.links], before: signsUntil };
}

function authorityOf(stored: Stored, clock: () => number): Authority {
  const { roots, before } = stored;
  const isBefore = before !== undefined && clock() < before.untilMs;
  const { name, key } = isBefore ? before : stored;
  const links = isBefore ? stored.links.slice(1) : stored.links;
  // Two lifetimes after another key was made nothing is valid any more that the one before has signed.
  const isTrusted = before !== undefined && clock() < before.untilMs + certificateMs;
  const authorities = roots.slice(0, isTrusted ? 2 : 1).join('\n');
  const certify = async (request: string, subject: Subject): Promise<string> => {
    const [publicKey, signingKey] = [await keyOfRequest(request), await readKey(key)];
    const untilMs = clock() + certificateMs;
    const common = { subject: nameOf(subject), issuer: name, untilMs, isAuthority: false };
    return [await sign({ ...common, publicKey, signingKey }, clock()), ...links].join('\n');
  };
  return {
    fingerprint: fingerprintOf(certificatesOf(roots[isBefore ? 1 : 0]!)[0]!),
    authorities,
    roots: roots.join('\n'),
    certify,
    identify: async (subject) => {
      const own = await makeKey();
      return { chain: await certify(await makeRequest(own), subject), key: own.pem, authorities };
    },
  };
}

function lifeOf(seconds = '86400'): number {
  if (Number(seconds) > 0) return Number(seconds) * 1000;
  throw new CalmError('invalid_argument', `CALM_ORCH_CERTIFICATE_SECONDS: expected seconds above 0, got ${seconds}`);
}

function read(path: string): Stored {
  try {
    const { name, key, roots, links, before } = JSON.parse(readFileSync(path, 'utf8')) as Stored;
    const isWhole = [name, key, ...links].every((text) => typeof text === 'string');
    if (!isWhole || certificatesOf(roots.join('\n')).length === 0) throw new Error('a part is missing');
    return { name, key, roots, links, ...(before && { before }) };
  } catch (error) {
    throw new CalmError(
      'bad_data',
      `${path}: not a certificate authority (${(error as Error).message}); remove it and create tokens anew`,
      { cause: error },
    );
  }
}

/** Nobody else may read the key. */
function write(path: string, stored: Stored, { replace }: { readonly replace: boolean }): void {
  makeFolder(join(path, '..'));
  const temporary = `${path}.${randomBytes(4).toString('hex')}`;
  writeFileSync(temporary, JSON.stringify(stored, null, 2), { mode: 0o600, flag: 'wx' });
  if (replace) return renameSync(temporary, path);
  try {
    linkSync(temporary, path);
  } catch (error) {
    // Another process was first; that one counts.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(temporary);
  }
}

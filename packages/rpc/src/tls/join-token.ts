// What lets a worker on another host join: `K10<SHA-256 of the authority>::<id>.<secret>@<host>:<port>`. The hash comes first:
// the worker checks by it whom it talks to before it says the secret.
import { CalmError } from '@calm-orch/core';

export interface JoinToken {
  /** Of the certificate authority, hexadecimal. */
  readonly fingerprint: string;
  /** What it is listed and revoked by. */
  readonly id: string;
  readonly secret: string;
  /** `host:port` of the coordinator. */
  readonly address: string;
}

const pattern = /^K10([0-9a-f]{64})::([0-9a-f]{8})\.([0-9a-f]{64})@(\S+:\d{1,5})$/;

export const formatToken = ({ fingerprint, id, secret, address }: JoinToken): string =>
  `K10${fingerprint}::${id}.${secret}@${address}`;

/** @throws CalmError `invalid_argument`; the message does not repeat it */
export function parseToken(text: string): JoinToken {
  const match = pattern.exec(text.trim());
  if (match === null)
    throw new CalmError(
      'invalid_argument',
      '--join: expected a token as `calm-orch token create` prints it, K10<hash>::<id>.<secret>@<host>:<port>; is it whole?',
    );
  const [, fingerprint, id, secret, address] = match as unknown as readonly [string, string, string, string, string];
  return { fingerprint, id, secret, address };
}

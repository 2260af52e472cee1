// Who may pull tensors, and how a trainer shows that it may: by the run's token on one machine, by certificates between hosts.
import { Metadata, ServerCredentials, type ChannelCredentials, type ServerWritableStream } from '@grpc/grpc-js';
import { tokenCheck, tokenMetadata } from '../gate.ts';
import { createVerifier, tlsClientCredentials, TlsServerCredentials } from '../tls/credentials.ts';
import { leafOf, subjectOf, type Identity } from '../tls/certificates.ts';

export interface TensorAccess {
  readonly serverCredentials: ServerCredentials;
  /** Goes with every pull. */
  readonly metadata: Metadata;
  /** null: plain text. */
  clientCredentials(): ChannelCredentials | null;
  admits(call: Pick<ServerWritableStream<unknown, unknown>, 'metadata' | 'getAuthContext'>): boolean;
}

export function tokenAccess(token: string): TensorAccess {
  const shows = tokenCheck(token);
  return {
    serverCredentials: ServerCredentials.createInsecure(),
    metadata: tokenMetadata(token),
    clientCredentials: () => null,
    admits: ({ metadata }) => shows(metadata.get('authorization')[0]?.toString()),
  };
}

export interface TlsAccess extends TensorAccess {
  /** Connections from now on show this one. */
  renew(identity: Identity): void;
  /** Workers of these names are admitted no longer. Returns whether any of them was until now. */
  refuse(names: readonly string[]): boolean;
}

/** Trainers of the identity's run. */
export function tlsAccess(first: Identity): TlsAccess {
  let identity = first;
  const run = subjectOf(leafOf(first))!.run;
  const serverCredentials = new TlsServerCredentials(first);
  const verify = createVerifier(() => identity.authorities);
  const refused = new Set<string>();
  return {
    serverCredentials,
    metadata: new Metadata(),
    clientCredentials: () => tlsClientCredentials(identity, { run, roles: ['trainer'] }),
    admits: (call) => {
      const subject = verify(call.getAuthContext()?.sslPeerCertificate?.raw)?.subject;
      return subject?.role === 'trainer' && subject.run === run && !refused.has(subject.name);
    },
    refuse: (names) => {
      const numBefore = refused.size;
      for (const name of names) refused.add(name);
      return refused.size > numBefore;
    },
    renew: (renewed) => {
      identity = renewed;
      serverCredentials.renew(renewed);
    },
  };
}

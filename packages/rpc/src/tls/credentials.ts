// TLS 1.3 for gRPC, both ends. Names of hosts are not compared: the authority is the run folder's own, and a certificate
// says whose it is and for which run.
import { X509Certificate, createHash } from 'node:crypto';
import { createSecureServer, type Http2SecureServer, type SecureServerOptions } from 'node:http2';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import { ChannelCredentials, ServerCredentials } from '@grpc/grpc-js';
import { handshakeTimeoutMs } from '../open-door.ts';
import { certificatesOf, isTrusted, subjectOf, type Identity, type Subject } from './certificates.ts';

const minVersion = 'TLSv1.3';

const contextOf = ({ chain: cert, key, authorities: ca }: Identity): SecureContextOptions => ({
  cert,
  key,
  ca,
  minVersion,
});

/** Asks callers for a certificate, and leaves to its calls what those without one may do. */
const asking = {
  requestCert: true,
  rejectUnauthorized: false,
  minVersion,
  handshakeTimeout: handshakeTimeoutMs,
} as const;

/** Of a server of grpc-js, or of one of `node:http2`. */
export class TlsServerCredentials extends ServerCredentials {
  #identity: Identity;
  readonly #servers = new Set<Http2SecureServer>();

  constructor(identity: Identity) {
    super(asking, contextOf(identity));
    this.#identity = identity;
  }

  createServer(options: SecureServerOptions): Http2SecureServer {
    const server = createSecureServer({ ...options, ...asking, ...contextOf(this.#identity) });
    this.#servers.add(server);
    server.once('close', () => this.#servers.delete(server));
    return server;
  }

  /** Connections from now on see this one. */
  renew(identity: Identity): void {
    this.#identity = identity;
    this.updateSecureContextOptions(contextOf(identity));
    for (const server of this.#servers) server.setSecureContext(contextOf(identity));
  }

  override _equals(other: ServerCredentials): boolean {
    return this === other;
  }
}

export interface Peer {
  /** Of which run, and in which roles. */
  readonly run: string;
  readonly roles: readonly Subject['role'][];
}

/** A client that shows its certificate, and talks to none but such a peer. */
export function tlsClientCredentials(identity: Identity, peer: Peer): ChannelCredentials {
  const checkServerIdentity = (_host: string, { raw }: { readonly raw: Buffer }): Error | undefined => {
    const subject = subjectOf(new X509Certificate(raw));
    const isPeer = subject !== null && subject.run === peer.run && peer.roles.includes(subject.role);
    return isPeer ? undefined : new Error(`it is not the ${peer.roles.join(' or ')} of run ${peer.run}`);
  };
  return ChannelCredentials.createFromSecureContext(createSecureContext(contextOf(identity)), { checkServerIdentity });
}

/** A client that trusts these authorities and has no certificate yet. */
export function tlsNewcomerCredentials(authorities: string): ChannelCredentials {
  const checkServerIdentity = (_host: string, { raw }: { readonly raw: Buffer }): Error | undefined =>
    subjectOf(new X509Certificate(raw))?.role === 'coordinator' ? undefined : new Error('it is no coordinator');
  return ChannelCredentials.createFromSecureContext(createSecureContext({ ca: authorities, minVersion }), {
    checkServerIdentity,
  });
}

/** A client that believes nobody: for what is compared with a hash afterwards. */
export const unverifiedCredentials = (): ChannelCredentials =>
  ChannelCredentials.createFromSecureContext(createSecureContext({ minVersion }), {
    rejectUnauthorized: false,
    checkServerIdentity: () => undefined,
  });

export interface Certified {
  readonly subject: Subject;
  /** SHA-256 of the certificate. */
  readonly fingerprint: string;
}

/** Whose certificates are good: signed by one of the authorities, and valid now. */
export function createVerifier(
  authorities: () => string,
  clock: () => number = Date.now,
): (raw: Buffer | undefined) => Certified | null {
  const known = new Map<string, X509Certificate>();
  let trusted = { pem: '', certificates: [] as X509Certificate[] };
  return (raw) => {
    if (raw === undefined) return null;
    const pem = authorities();
    if (trusted.pem !== pem) {
      trusted = { pem, certificates: certificatesOf(pem) };
      known.clear();
    }
    const fingerprint = createHash('sha256').update(raw).digest('hex');
    const certificate = known.get(fingerprint) ?? new X509Certificate(raw);
    const isKnown = known.has(fingerprint) && Date.parse(certificate.validTo) > clock();
    if (!isKnown && !isTrusted(certificate, trusted.certificates, clock())) return null;
    known.set(fingerprint, certificate);
    const subject = subjectOf(certificate);
    return subject === null ? null : { subject, fingerprint };
  };
}

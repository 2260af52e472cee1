// Identities and certificates as they are read and believed; signing.ts makes them.
import { createHash, X509Certificate } from 'node:crypto';

/** What a process shows its peers. */
export interface Identity {
  /** PEM: its own certificate, and those that lead to an older authority. */
  readonly chain: string;
  /** PEM, PKCS 8. */
  readonly key: string;
  /** PEM of the authorities it trusts. */
  readonly authorities: string;
}

/** Whose certificate it is. */
export interface Subject {
  /** A worker's instance; of a coordinator, its run. */
  readonly name: string;
  readonly role: 'coordinator' | 'trainer' | 'augmentor' | 'evaluator';
  /** The run it belongs to. */
  readonly run: string;
}

/** Of a certificate of ours; null: it says nothing that we know. */
export function subjectOf(certificate: X509Certificate): Subject | null {
  const fields = new Map(
    certificate.subject
      .split('\n')
      .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );
  const [name, role, run] = ['CN', 'OU', 'O'].map((field) => fields.get(field));
  const isRole = role === 'coordinator' || role === 'trainer' || role === 'augmentor' || role === 'evaluator';
  return name === undefined || run === undefined || !isRole ? null : { name, role, run };
}

/** The certificates of a PEM text, in its order. */
export function certificatesOf(pem: string): X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g) ?? [];
  return blocks.map((block) => new X509Certificate(block));
}

/** The certificate of the identity itself. */
export const leafOf = ({ chain }: Identity): X509Certificate => certificatesOf(chain)[0]!;

/** SHA-256 of a certificate, hexadecimal. */
export const fingerprintOf = (certificate: X509Certificate): string =>
  createHash('sha256').update(certificate.raw).digest('hex');

/** Whether one of the authorities has signed the certificate, and it is valid at that time. */
export function isTrusted(
  certificate: X509Certificate,
  authorities: readonly X509Certificate[],
  nowMs: number,
): boolean {
  const isValid = Date.parse(certificate.validFrom) <= nowMs && nowMs < Date.parse(certificate.validTo);
  return (
    isValid &&
    authorities.some((authority) => certificate.checkIssued(authority) && certificate.verify(authority.publicKey))
  );
}

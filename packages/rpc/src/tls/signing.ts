// Keys, requests and certificates are made here (X.509, ECDSA over P-256). A key never leaves the process that has made it,
// except into the file of a certificate authority.
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import { CalmError } from '@calm-orch/core';
import type { Subject } from './certificates.ts';

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
/** Clocks of hosts differ. */
const clockSkewMs = 5 * 60_000;

export interface KeyPair {
  readonly keys: webcrypto.CryptoKeyPair;
  /** PEM, PKCS 8. */
  readonly pem: string;
}

export async function makeKey(): Promise<KeyPair> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  return {
    keys,
    pem: x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey), 'PRIVATE KEY'),
  };
}

export function readKey(pem: string): Promise<webcrypto.CryptoKey> {
  return webcrypto.subtle.importKey('pkcs8', x509.PemConverter.decodeFirst(pem), algorithm, false, ['sign']);
}

export const publicKeyOf = ({ publicKey }: webcrypto.CryptoKeyPair): Promise<x509.PublicKey> =>
  x509.PublicKey.create(publicKey);

/** PEM. Who the certificate is for is not asked of it: whoever signs it decides. */
export async function makeRequest({ keys }: KeyPair): Promise<string> {
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name: 'CN=calm-orch',
    keys,
    signingAlgorithm: algorithm,
  });
  return request.toString('pem');
}

/** The public key of a request. @throws CalmError `invalid_argument` for what is none, or was not signed with its key */
export async function keyOfRequest(pem: string): Promise<x509.PublicKey> {
  try {
    const request = new x509.Pkcs10CertificateRequest(pem);
    if (await request.verify()) return request.publicKey;
  } catch {
    // Not one.
  }
  throw new CalmError('invalid_argument', 'the certificate request is not one, or not signed with its own key');
}

export interface Signing {
  readonly publicKey: x509.PublicKey;
  readonly signingKey: webcrypto.CryptoKey;
  readonly subject: string;
  readonly issuer: string;
  readonly untilMs: number;
  readonly isAuthority: boolean;
}

/** PEM. */
export async function sign(
  { publicKey, signingKey, subject, issuer, untilMs, isAuthority }: Signing,
  nowMs: number,
): Promise<string> {
  const { cRLSign, digitalSignature, keyCertSign } = x509.KeyUsageFlags;
  const { clientAuth, serverAuth } = x509.ExtendedKeyUsage;
  const certificate = await x509.X509CertificateGenerator.create({
    subject,
    issuer,
    notBefore: new Date(nowMs - clockSkewMs),
    notAfter: new Date(untilMs),
    publicKey,
    signingKey,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(isAuthority, undefined, true),
      new x509.KeyUsagesExtension(isAuthority ? keyCertSign | cRLSign : digitalSignature, true),
      ...(isAuthority ? [] : [new x509.ExtendedKeyUsageExtension([clientAuth, serverAuth])]),
    ],
  });
  return certificate.toString('pem');
}

/** As the distinguished name of a certificate. */
export const nameOf = ({ name, role, run }: Subject): string =>
  new x509.Name([{ CN: [name] }, { OU: [role] }, { O: [run] }]).toString();

// Every call carries the run's token: only processes of the run may take part.
import { timingSafeEqual } from 'node:crypto';
import type { Metadata } from '@grpc/grpc-js';
import { sha256 } from '@calm-orch/core';

export function hasToken(metadata: Metadata, token: string): boolean {
  const given = metadata.get('authorization')[0];
  // Hashes have one length, which a comparison in constant time needs.
  return timingSafeEqual(Buffer.from(sha256(String(given))), Buffer.from(sha256(`Bearer ${token}`)));
}

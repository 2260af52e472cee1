// Sizes as transformers and huggingface_hub take them for `max_shard_size`.
import { CalmError } from '@calm-orch/core';

const powers = ['', 'K', 'M', 'G', 'T'];

/** Bytes of `5GB`, `500MB` (powers of ten), `2GiB` (of two) or a whole number of bytes. @throws CalmError `invalid_argument` */
export function shardBytesOf(text: string): number {
  const [, number, unit = '', binary] = /^(\d+)(?:([KMGT]?)(i?)B)?$/i.exec(text.trim()) ?? [];
  const bytes = Number(number) * (binary ? 1024 : 1000) ** powers.indexOf(unit.toUpperCase());
  if (!(bytes > 0) || !Number.isSafeInteger(bytes))
    throw new CalmError(
      'invalid_argument',
      `--max-shard-size: expected a size such as 5GB, 500MB or 2GiB, got ${text}`,
    );
  return bytes;
}

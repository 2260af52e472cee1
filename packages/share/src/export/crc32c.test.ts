import { expect, test } from 'vitest';
import { crc32c, maskedCrc32c } from './crc32c.ts';

// Check value of the catalogue of parametrised CRC algorithms, test vectors of RFC 3720 (appendix B.4).
test('checksums are those of the standard', () => {
  expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283);
  expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
  expect(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i))).toBe(0x46dd794e);
});

// By masked_crc32c of TensorBoard 2.21's tensorboard.compat.tensorflow_stub.pywrap_tensorflow.
test("masked as in TensorFlow's files", () => {
  expect(maskedCrc32c(Uint8Array.of(24, 0, 0, 0, 0, 0, 0, 0))).toBe(0x224b7fa3);
});

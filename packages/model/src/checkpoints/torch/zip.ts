// The part of the zip format torch.save writes: members stored without compression, zip64 where a file passes 4 GiB.
// Only the directory is read; members are then read in place by offset. Every size is checked against the file, so that
// a directory that lies is an error and never an allocation.
import { CalmError, readInto } from '@calm-orch/core';

export interface ZipMember {
  /** Where the content begins in the file, bytes. */
  readonly offset: number;
  readonly sizeBytes: number;
}

const endSignature = 0x06054b50;
const end64Signature = 0x06064b50;
const locator64Signature = 0x07064b50;
const memberSignature = 0x02014b50;
const localSignature = 0x04034b50;
const maxCommentBytes = 0xffff;
const maxDirectoryBytes = 256 * 1024 * 1024;
const full32 = 0xffffffff;

/** Exactly `length` bytes from `offset`. @throws CalmError `bad_data` where the file ends earlier. */
export function readBytes(path: string, descriptor: number, offset: number, length: number, what: string): Buffer {
  const bytes = Buffer.alloc(length);
  const got = readInto(descriptor, bytes, offset);
  if (got < length) throw new CalmError('bad_data', `${path}: ${what} ends early (${got} of ${length} bytes)`);
  return bytes;
}

/**
 * Members of a zip archive by name.
 * @throws CalmError `bad_data` for anything but a whole archive of stored members.
 */
export function readZipDirectory(path: string, descriptor: number, fileBytes: number): Map<string, ZipMember> {
  const bad = (what: string): CalmError => new CalmError('bad_data', `${path}: ${what}; is this a whole zip archive?`);
  const read = (offset: number, length: number, what: string): Buffer =>
    readBytes(path, descriptor, offset, length, what);

  const { directoryOffset, directoryBytes, numMembers } = readEnd(fileBytes, read, bad);
  if (directoryBytes > maxDirectoryBytes || directoryOffset + directoryBytes > fileBytes)
    throw bad(`the directory claims bytes ${directoryOffset} to ${directoryOffset + directoryBytes} of ${fileBytes}`);
  const directory = read(directoryOffset, directoryBytes, 'the zip directory');
  const members = new Map<string, ZipMember>();
  for (let at = 0, n = 0; n < numMembers; n++) {
    if (at + 46 > directory.length || directory.readUInt32LE(at) !== memberSignature)
      throw bad(`the directory claims ${numMembers} members and holds ${n}`);
    const flags = directory.readUInt16LE(at + 8);
    const method = directory.readUInt16LE(at + 10);
    const nameBytes = directory.readUInt16LE(at + 28);
    const extraBytes = directory.readUInt16LE(at + 30);
    const next = at + 46 + nameBytes + extraBytes + directory.readUInt16LE(at + 32);
    if (next > directory.length) throw bad(`member ${n} reaches past the directory`);
    const name = directory.toString('utf8', at + 46, at + 46 + nameBytes);
    const extra = directory.subarray(at + 46 + nameBytes, at + 46 + nameBytes + extraBytes);
    const stored = directory.readUInt32LE(at + 20);
    const [sizeBytes, storedBytes, localOffset] = widen(
      [directory.readUInt32LE(at + 24), stored, directory.readUInt32LE(at + 42)],
      extra,
      () => bad(`${name} lacks its 64-bit sizes`),
    );
    at = next;
    if (method !== 0 || (flags & 1) !== 0 || storedBytes !== sizeBytes)
      throw bad(`${name} is compressed or encrypted (torch.save stores its members plainly)`);
    if (members.has(name)) throw bad(`${name} occurs twice`);
    if (localOffset + 30 > fileBytes) throw bad(`${name} claims to begin at byte ${localOffset} of ${fileBytes}`);
    const local = read(localOffset, 30, name);
    if (local.readUInt32LE(0) !== localSignature) throw bad(`${name} is not where the directory says`);
    // The local extra field differs from the directory's: torch pads it so that contents are aligned.
    const offset = localOffset + 30 + local.readUInt16LE(26) + local.readUInt16LE(28);
    if (offset + sizeBytes > fileBytes)
      throw bad(`${name} claims bytes ${offset} to ${offset + sizeBytes} of ${fileBytes}`);
    members.set(name, { offset, sizeBytes });
  }
  return members;
}

interface Directory {
  readonly directoryOffset: number;
  readonly directoryBytes: number;
  readonly numMembers: number;
}

type Read = (offset: number, length: number, what: string) => Buffer;

function readEnd(fileBytes: number, read: Read, bad: (what: string) => CalmError): Directory {
  const tailBytes = Math.min(fileBytes, 22 + maxCommentBytes);
  const tail = read(fileBytes - tailBytes, tailBytes, 'the end of the archive');
  let end = tail.length - 22;
  // The record is the last one whose comment fills the rest of the file exactly.
  while (
    end >= 0 &&
    (tail.readUInt32LE(end) !== endSignature || end + 22 + tail.readUInt16LE(end + 20) !== tail.length)
  )
    end--;
  if (end < 0) throw bad(`no zip directory at the end of its ${fileBytes} bytes`);
  const locatorOffset = fileBytes - tailBytes + end - 20;
  const locator = locatorOffset < 0 ? undefined : read(locatorOffset, 20, 'the zip64 locator');
  if (locator?.readUInt32LE(0) !== locator64Signature)
    return {
      numMembers: tail.readUInt16LE(end + 10),
      directoryBytes: tail.readUInt32LE(end + 12),
      directoryOffset: tail.readUInt32LE(end + 16),
    };
  const recordOffset = Number(locator.readBigUInt64LE(8));
  if (recordOffset + 56 > fileBytes)
    throw bad(`the zip64 record claims to begin at byte ${recordOffset} of ${fileBytes}`);
  const record = read(recordOffset, 56, 'the zip64 record');
  if (record.readUInt32LE(0) !== end64Signature) throw bad('the zip64 record is not where its locator says');
  return {
    numMembers: Number(record.readBigUInt64LE(32)),
    directoryBytes: Number(record.readBigUInt64LE(40)),
    directoryOffset: Number(record.readBigUInt64LE(48)),
  };
}

/** Replaces the values that are all ones by those of the zip64 extra field, which holds only these, in this order. */
function widen<T extends readonly number[]>(values: T, extra: Buffer, missing: () => CalmError): T {
  if (!values.includes(full32)) return values;
  let at = 0;
  while (at + 4 <= extra.length && extra.readUInt16LE(at) !== 1) at += 4 + extra.readUInt16LE(at + 2);
  if (at + 4 > extra.length) throw missing();
  const end = Math.min(extra.length, at + 4 + extra.readUInt16LE(at + 2));
  at += 4;
  return values.map((value) => {
    if (value !== full32) return value;
    if (at + 8 > end) throw missing();
    at += 8;
    return Number(extra.readBigUInt64LE(at - 8));
  }) as unknown as T;
}

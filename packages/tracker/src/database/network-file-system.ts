// Whether a folder is on another machine's disk. SQLite's write-ahead log is shared memory between processes of one host: on
// such a file system two hosts would not see each other's and damage the database.
import { statfsSync } from 'node:fs';

/** `f_type` of statfs(2) on Linux. FUSE may be a local disk, which cannot be told. */
const types: Readonly<Record<number, string>> = {
  0x6969: 'NFS',
  0x517b: 'SMB',
  0xff534d42: 'CIFS',
  0xfe534d42: 'SMB',
  0x5346414f: 'AFS',
  0x6b414653: 'AFS',
  0x00c36400: 'Ceph',
  0x0bd00bd0: 'Lustre',
  0x47504653: 'GPFS',
  0x19830326: 'BeeGFS',
  0x01021997: '9P',
  0x65735546: 'FUSE',
  0x786f4256: 'vboxsf',
};

/** Its name; null: a disk of this machine, or not known. */
export function networkFileSystem(
  dir: string,
  typeOf: (dir: string) => number = (path) => statfsSync(path).type,
): string | null {
  try {
    // Some systems give the type as a signed number.
    return types[typeOf(dir) >>> 0] ?? null;
  } catch {
    return null;
  }
}

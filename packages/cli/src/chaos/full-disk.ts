// A full disk for one folder: while a file is there, what this process (in this thread) writes below the folder fails as
// on a disk without space. Files can still be opened, renamed and removed, as there.
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { sep } from 'node:path';

/** For all modules, those that are loaded already too. Files opened with `openSync` count. */
export function fillDisk(folder: string, whileThere: string): void {
  const { closeSync, openSync, writeSync } = fs;
  const below = new Set<number>();
  fs.openSync = (path, ...more) => {
    const descriptor = openSync(path, ...more);
    if (String(path).startsWith(folder + sep)) below.add(descriptor);
    return descriptor;
  };
  fs.closeSync = (descriptor) => {
    below.delete(descriptor);
    closeSync(descriptor);
  };
  fs.writeSync = ((descriptor: number, ...more: [never]) => {
    if (below.has(descriptor) && fs.existsSync(whileThere)) throw noSpace();
    return writeSync(descriptor, ...more);
  }) as typeof writeSync;
  syncBuiltinESMExports();
}

function noSpace(): Error {
  return Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC', syscall: 'write' });
}

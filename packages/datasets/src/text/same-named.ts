// One name can be written in two ways: macOS takes letters and their accents apart, labels mostly do not.
import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** The path itself, or where that is not there, the one whose names are the same after Unicode normalisation. */
export function sameNamed(path: string): string {
  if (/^[ -~]*$/.test(path) || existsSync(path)) return path;
  const folder = sameNamed(dirname(path));
  const name = namesIn(folder).get(basename(path).normalize());
  return name === undefined ? path : join(folder, name);
}

interface Listing {
  /** As it was when it was read: many names of one folder may be asked for. */
  readonly changed: string;
  /** Names as they are written, by normalised name. */
  readonly names: ReadonlyMap<string, string>;
}

const listings = new Map<string, Listing>();
const mostListings = 100;

function namesIn(folder: string): Listing['names'] {
  const stats = statSync(folder, { throwIfNoEntry: false });
  if (stats === undefined) return new Map();
  const changed = [stats.ino, stats.mtimeMs, stats.ctimeMs].join();
  const known = listings.get(folder);
  if (known?.changed === changed) return known.names;
  const names = new Map(namesOf(folder).map((name) => [name.normalize(), name]));
  if (listings.size >= mostListings) listings.clear();
  listings.set(folder, { changed, names });
  return names;
}

function namesOf(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}

// Names of files that came from another machine, before they are joined to a folder.

const maxBytes = 1024;

/** Whether a name is that of a file within a folder, whatever the system: relative, with slashes, and no way up or out. */
export function isInnerName(name: string): boolean {
  const isPart = (part: string): boolean => part !== '' && part !== '.' && part !== '..';
  return Buffer.byteLength(name) <= maxBytes && !/[\\:\p{Cc}]/u.test(name) && name.split('/').every(isPart);
}

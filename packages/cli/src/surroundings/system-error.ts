// What the operating system refused is no defect of ours: which remedy each refusal has.

const place = 'give yourself the right to it, or name another folder (--dir, XDG_CACHE_HOME, TMPDIR)';
const remedies: Readonly<Record<string, string>> = {
  EACCES: place,
  EPERM: place,
  EROFS: place,
  ENOTDIR: place,
  EEXIST: place,
  ENOENT: 'see that the folder is there (--dir, XDG_CACHE_HOME, TMPDIR)',
  ENOSPC: 'free some space on that disk',
  EDQUOT: 'free some space on that disk',
  EMFILE: 'raise the limit of open files (`ulimit -n`)',
  ENFILE: 'close programs: no more files can be opened on this machine',
  ENOMEM: 'close programs: this machine has no memory left',
};

/** What to do about an error of a system call; null for all other errors. */
export function systemRemedy(thrown: unknown): string | null {
  const { code, syscall } = (thrown ?? {}) as { code?: unknown; syscall?: unknown };
  return typeof syscall === 'string' && typeof code === 'string' ? (remedies[code] ?? null) : null;
}

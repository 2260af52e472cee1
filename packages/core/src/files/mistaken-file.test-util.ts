/** What downloads leave in place of a file: what it is, its content, and what must be said of it. */
export const mistakenContents = [
  [
    'a Git LFS pointer',
    'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n',
    /LFS pointer.*git lfs pull/,
  ],
  ['a web page', '<!DOCTYPE html><html></html>\n', /web page.*download the file itself/],
] as const;

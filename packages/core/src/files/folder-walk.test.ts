import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { leftOutNote, stampOf, walkFolder } from './folder-walk.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'calm-orch-walk-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const put = (name: string, text = 'x'): void => writeFileSync(join(dir, name), text);
const names = (deep = true): string[] => walkFolder(dir, { deep }).files.map(({ name }) => name);
const leftOut = () => walkFolder(dir).leftOut.map(({ name, reason }) => `${name}: ${reason}`);
const stamps = (): string => walkFolder(dir).files.map(stampOf).join('\n');

/** As somebody who owns nothing here: to the superuser every file is open. */
function asNobody<T>(act: () => T): T {
  const [own, nobody] = [process.geteuid!(), 65_534];
  if (own !== 0) return act();
  process.seteuid!(nobody);
  try {
    return act();
  } finally {
    process.seteuid!(own);
  }
}

describe('walkFolder', () => {
  it('finds files by name in code-unit order, deep or flat', () => {
    mkdirSync(join(dir, 'b'));
    for (const name of ['é.jpg', 'a-.jpg', 'B.jpg', 'b/1.jpg', 'b.jpg', 'a.jpg']) put(name);
    expect(names()).toEqual(['B.jpg', 'a-.jpg', 'a.jpg', 'b.jpg', 'b/1.jpg', 'é.jpg']);
    expect(names(false)).toEqual(['B.jpg', 'a-.jpg', 'a.jpg', 'b.jpg', 'é.jpg']);
  });

  it('passes over what systems leave behind, without a word', () => {
    for (const folder of ['.git', '__MACOSX', 'a']) mkdirSync(join(dir, folder));
    for (const name of ['._a.csv', '.DS_Store', 'Thumbs.db', 'a/thumbs.db', 'desktop.ini', '.git/x.txt', 'a/._1.jpg'])
      put(name);
    put('__MACOSX/a.jpg');
    put('a.csv');
    expect(walkFolder(dir)).toMatchObject({ files: [{ name: 'a.csv' }], leftOut: [] });
  });

  it('follows links to files and folders, and sees what they lead to', () => {
    const store = join(dir, '.store');
    mkdirSync(join(store, 'more'), { recursive: true });
    put('.store/1.jpg', 'one');
    put('.store/more/2.jpg', 'two');
    symlinkSync('.store/1.jpg', join(dir, 'a.jpg'));
    symlinkSync('.store/more', join(dir, 'b'));
    expect(walkFolder(dir).files).toMatchObject([
      { name: 'a.jpg', bytes: 3, target: join(store, '1.jpg') },
      { name: 'b/2.jpg', bytes: 3, target: join(store, 'more/2.jpg') },
    ]);
  });

  it('has another stamp for a link to another file or folder, were size and time the same', () => {
    for (const folder of ['.one', '.two']) {
      mkdirSync(join(dir, folder));
      put(`${folder}/1.jpg`, folder);
      utimesSync(join(dir, folder, '1.jpg'), 1000, 1000);
    }
    const link = (to: string, name: string): string => {
      rmSync(join(dir, 'linked'), { force: true });
      symlinkSync(to, join(dir, 'linked'));
      return `${name} ${stamps()}`;
    };
    expect(link('.one/1.jpg', 'file')).not.toBe(link('.two/1.jpg', 'file'));
    expect(link('.one', 'folder')).not.toBe(link('.two', 'folder'));
    expect(link('.one', 'folder')).toBe(link('.one', 'folder'));
  });

  it('names links that lead nowhere, to themselves or in a circle, and goes on', () => {
    for (const folder of ['a', 'b']) mkdirSync(join(dir, folder));
    symlinkSync('gone.jpg', join(dir, '1.jpg'));
    symlinkSync('2.jpg', join(dir, '2.jpg'));
    symlinkSync('..', join(dir, 'a/up'));
    symlinkSync('../b', join(dir, 'a/other'));
    symlinkSync('../a', join(dir, 'b/other'));
    put('b/3.jpg');
    expect(names()).toEqual(['a/other/3.jpg', 'b/3.jpg']);
    expect(leftOut()).toEqual([
      '1.jpg: leads nowhere',
      '2.jpg: links to itself',
      'a/other/other: leads to a folder above it',
      'a/up: leads to a folder above it',
      'b/other/other: leads to a folder above it',
      'b/other/up: leads to a folder above it',
    ]);
  });

  it('names what may not be read, be it a file or a folder, and goes on', () => {
    chmodSync(dir, 0o755);
    put('a.jpg');
    put('closed.txt');
    mkdirSync(join(dir, 'lost+found'));
    chmodSync(join(dir, 'closed.txt'), 0);
    chmodSync(join(dir, 'lost+found'), 0);
    asNobody(() => {
      expect(names()).toEqual(['a.jpg']);
      expect(leftOut()).toEqual(['closed.txt: may not be read', 'lost+found: may not be read']);
      expect(() => walkFolder(join(dir, 'lost+found'))).toThrow(
        /cannot read the folder .*lost\+found: may not be read/,
      );
    });
    chmodSync(join(dir, 'lost+found'), 0o700);
  });

  it('names files and folders whose names are not UTF-8, and pipes', () => {
    const bytes = (name: string): Buffer => Buffer.concat([Buffer.from(`${dir}/`), Buffer.from(name, 'latin1')]);
    writeFileSync(bytes('caf\xe9.jpg'), 'x');
    mkdirSync(bytes('\xe9t\xe9'));
    writeFileSync(bytes('\xe9t\xe9/in.jpg'), 'x');
    put('caf\u00e9.jpg');
    put('line\nbreak.jpg');
    execFileSync('mkfifo', [join(dir, 'pipe.jpg')]);
    expect(names()).toEqual(['café.jpg', 'line\nbreak.jpg']);
    expect(leftOut()).toEqual([
      'caf\\xe9.jpg: its name is not UTF-8',
      'pipe.jpg: is no file',
      '\\xe9t\\xe9: its name is not UTF-8',
    ]);
  });

  it('refuses what is no folder', () => {
    put('a.jpg');
    for (const name of ['none', 'a.jpg'])
      expect(() => walkFolder(join(dir, name))).toThrow(/no folder .*; check the path/);
  });
});

describe('leftOutNote', () => {
  it('counts what was left out and names the first of it', () => {
    const entry = (name: string) => ({ name, reason: 'leads nowhere' });
    expect(leftOutNote('AVA', [])).toBeNull();
    expect(leftOutNote('AVA', [entry('a')])).toBe('AVA: 1 entry is left out: a (leads nowhere)');
    expect(leftOutNote('AVA', ['a', 'b', 'c', 'd', 'e'].map(entry))).toBe(
      'AVA: 5 entries are left out: a (leads nowhere), b (leads nowhere), c (leads nowhere), 2 more',
    );
  });
});

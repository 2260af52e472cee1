import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { nano, sha256 } from '@calm-orch/core';
import { describe, expect, it } from 'vitest';
import { loadImage } from '../images/images.ts';
import { sharp } from '../images/sharp.ts';
import { useTestFolders } from '../test-folder.test-util.ts';
import { carriedPhotosDir, loadCarriedPhoto } from './carried.ts';
import { heldOutCheck } from './held-out.ts';
import { heldOutPhotos, trainingPhotos } from './photo-list.ts';
import { userPhotoNames } from './photo-folder.ts';
import { PhotoShelf, poolSources } from './sources.ts';
import { photosIdentity } from '../verify/identity.ts';

const freshFolder = useTestFolders();
const pixelHash = async (path: string): Promise<string> => sha256((await loadImage(path)).data);

describe('carried photographs', () => {
  it('are the listed files, small, credited, and no others', () => {
    // The formatter pads the cells of the table.
    const credits = readFileSync(join(carriedPhotosDir, 'CREDITS.md'), 'utf8').replace(/ +/g, ' ');
    let numBytes = 0;
    for (const photo of [...trainingPhotos, ...heldOutPhotos]) {
      const path = join(carriedPhotosDir, photo.file);
      expect(sha256(readFileSync(path)), photo.name).toBe(photo.sha256);
      expect(credits).toContain(`| ${photo.file} | ${photo.author} |`);
      numBytes += statSync(path).size;
    }
    expect(numBytes).toBeLessThan(2.5e6);
    const jpegsIn = (dir: string): string[] => readdirSync(dir).filter((name) => name.endsWith('.jpg'));
    expect(jpegsIn(carriedPhotosDir)).toEqual(trainingPhotos.map(({ file }) => file).sort());
    expect(jpegsIn(join(carriedPhotosDir, 'test-only'))).toHaveLength(heldOutPhotos.length);
  });

  it('keep the six for testing only out of the training list, by name and by pixels', async () => {
    expect(heldOutPhotos.map(({ name }) => name)).toEqual([
      'astronaut',
      'chelsea',
      'coffee',
      'flower',
      'life',
      'rocket',
    ]);
    for (const { file } of heldOutPhotos) expect(file).toMatch(/^test-only\//);
    const hashes = async (photos: readonly { readonly file: string }[]): Promise<string[]> =>
      Promise.all(photos.map(({ file }) => pixelHash(join(carriedPhotosDir, file))));
    const training = new Set(await hashes(trainingPhotos));
    for (const hash of await hashes(heldOutPhotos)) expect(training).not.toContain(hash);
    const names = new Set(trainingPhotos.map(({ name }) => name));
    for (const { name } of heldOutPhotos) expect(names).not.toContain(name);
    const isHeldOut = await heldOutCheck();
    for (const photo of trainingPhotos) expect(await isHeldOut(await loadCarriedPhoto(photo)), photo.name).toBeNull();
  });

  it('refuse a file that is not the listed one', async () => {
    const dir = freshFolder();
    copyFileSync(join(carriedPhotosDir, 'china.jpg'), join(dir, 'camera.jpg'));
    const camera = trainingPhotos.find(({ name }) => name === 'camera')!;
    await expect(loadCarriedPhoto(camera, dir)).rejects.toThrow(
      /camera\.jpg: expected sha256 .* restore assets\/photos/,
    );
  });
});

describe('heldOutCheck', () => {
  it('knows a held-out photograph again when resized and re-encoded', async () => {
    const isHeldOut = await heldOutCheck();
    const path = join(freshFolder(), 'harmless-name.webp');
    await sharp(join(carriedPhotosDir, 'test-only/coffee.jpg')).resize(200).webp({ quality: 60 }).toFile(path);
    expect(await isHeldOut(await loadImage(path))).toBe('coffee');
  });
});

describe('sources of the unlabelled pool', () => {
  const data = { ...nano.data, numUnlabeled: 200 };
  const count = (names: readonly string[]) => {
    const sources = poolSources(data, names);
    const of = (kind: string): number => sources.filter((source) => source.kind === kind).length;
    const users = new Set(sources.flatMap((source) => (source.kind === 'user' ? [source.name] : [])));
    return { total: sources.length, studio: of('studio'), photo: of('photo'), user: of('user'), distinct: users.size };
  };
  const names = (n: number): string[] => Array.from({ length: n }, (_, i) => `${String(i).padStart(4, '0')}.jpg`);

  it('are mostly studio scenes', () => {
    expect(count([])).toEqual({ total: 200, studio: 170, photo: 30, user: 0, distinct: 0 });
  });

  it('give each of the user’s photographs a place as long as there is room', () => {
    expect(count(names(3))).toEqual({ total: 200, studio: 170, photo: 15, user: 15, distinct: 3 });
    expect(count(names(100))).toEqual({ total: 200, studio: 85, photo: 15, user: 100, distinct: 100 });
    expect(count(names(500))).toEqual({ total: 200, studio: 0, photo: 15, user: 185, distinct: 185 });
  });

  it('are a folder’s JPEG, PNG, WebP, TIFF, GIF and AVIF files by name; a key knows of them, of their masks and of nothing else', () => {
    const dir = freshFolder();
    const others = ['notes.txt', 'd.bmp', 'e.heic', '._a.jpeg', '.hidden.jpg', 'Thumbs.db'];
    for (const name of ['b.PNG', 'a.jpeg', 'c.webp', 'f.TIF', ...others]) writeFileSync(join(dir, name), name);
    mkdirSync(join(dir, 'folder.jpg'));
    expect(userPhotoNames(dir)).toEqual(['a.jpeg', 'b.PNG', 'c.webp', 'f.TIF']);
    const { identity, note } = photosIdentity(dir);
    const convert = 'not read here: convert to JPEG, PNG or TIFF';
    expect(note).toBe(
      `${dir}: 4 of 8 files and folders are used; left out: 1 BMP, ${convert} (d.bmp), 1 HEIC, ${convert} (e.heic), ` +
        '1 of another kind than photographs (notes.txt), 1 folder within it, where nothing is looked for (folder.jpg)',
    );
    for (const name of others) writeFileSync(join(dir, name), 'changed');
    writeFileSync(join(dir, 'folder.jpg', 'a.jpg'), 'new');
    expect(photosIdentity(dir).identity).toBe(identity);
    writeFileSync(join(dir, 'a.mask.png'), 'a mask');
    const masked = photosIdentity(dir).identity;
    writeFileSync(join(dir, 'a.jpeg'), 'changed');
    expect(new Set([identity, masked, photosIdentity(dir).identity]).size).toBe(3);
    expect(() => userPhotoNames(join(dir, 'none'))).toThrow('data.unlabeledDir: no folder');
  });

  it('have another key when what a link leads to changes, also with its size and time', () => {
    const dir = freshFolder();
    const store = freshFolder();
    const put = (name: string, text: string, seconds: number): void => {
      writeFileSync(join(store, name), text);
      utimesSync(join(store, name), seconds, seconds);
    };
    put('1.jpg', 'one', 1000);
    put('2.jpg', 'two', 1000);
    symlinkSync(join(store, '1.jpg'), join(dir, 'a.jpg'));
    const keys = [photosIdentity(dir).identity];
    expect(photosIdentity(dir).identity).toBe(keys[0]);
    put('1.jpg', 'three', 2000);
    keys.push(photosIdentity(dir).identity);
    put('1.jpg', 'one', 1000);
    expect(photosIdentity(dir).identity).toBe(keys[0]);
    rmSync(join(dir, 'a.jpg'));
    symlinkSync(join(store, '2.jpg'), join(dir, 'a.jpg'));
    keys.push(photosIdentity(dir).identity);
    expect(new Set(keys).size).toBe(3);
  });

  it('skip unreadable and held-out photographs with the reason', async () => {
    const dir = freshFolder();
    writeFileSync(join(dir, 'broken.jpg'), 'no image');
    copyFileSync(join(carriedPhotosDir, 'test-only/rocket.jpg'), join(dir, 'mine.jpg'));
    copyFileSync(join(carriedPhotosDir, 'china.jpg'), join(dir, 'good.jpg'));
    const shelf = new PhotoShelf(dir);
    for (const name of ['broken.jpg', 'mine.jpg', 'mine.jpg'])
      expect(await shelf.load({ kind: 'user', name })).toBeNull();
    expect(await shelf.load({ kind: 'user', name: 'good.jpg' })).toMatchObject({ width: 640 });
    copyFileSync(join(carriedPhotosDir, 'china.jpg'), join(dir, 'masked.jpg'));
    writeFileSync(join(dir, 'masked.mask.png'), 'no image');
    expect(await shelf.load({ kind: 'user', name: 'masked.jpg' })).toBeNull();
    expect(shelf.skipped.map(({ file }) => file)).toEqual(['broken.jpg', 'mine.jpg', 'masked.jpg']);
    expect(shelf.skipped[1]!.reason).toContain('rocket, which is for testing only');
    expect(shelf.skipped[2]!.reason).toContain('masked.mask.png: cannot decode it');
  });

  it('know the original photographs of the held-out list too', async ({ skip }) => {
    const originals = join(carriedPhotosDir, '../../../shared/photos');
    skip(!existsSync(originals), `${originals} is not here`);
    const isHeldOut = await heldOutCheck();
    for (const name of readdirSync(originals).filter((file) => /\.(jpg|png)$/.test(file))) {
      const stem = name.replace(/(_by_.*)?\.\w+$/, '');
      const expected = heldOutPhotos.some((photo) => photo.name === stem) ? stem : null;
      expect(await isHeldOut(await loadImage(join(originals, name), { maxSide: 1024 })), name).toBe(expected);
    }
  });
});

import { describe, expect, it } from 'vitest';
import { loadCarriedPhoto } from '../photos/carried.ts';
import { heldOutPhotos } from '../photos/photo-list.ts';
import { labeledImage, labeledRecord, photographedIds } from './labeled.ts';
import { testIdsOf } from '../catalog/layout.ts';

const data = { seed: 0, numTrain: 200, numTest: 50 };

describe('labelled photographs', () => {
  it('are crops of carried photographs in two fifths of the training ids, never in a test id', () => {
    const photographed = photographedIds(data);
    expect(photographed.size).toBe(80);
    for (const id of testIdsOf(data)) expect(photographed.has(id)).toBe(false);
    const names = new Set([...photographed.values()].map(({ name }) => name));
    expect(names.size).toBe(12);
    for (const { name } of heldOutPhotos) expect(names).not.toContain(name);
    expect([...photographedIds(data)]).toEqual([...photographed]);
  });

  it('get votes by their faults, and comments that do not speak of what nobody knows', () => {
    for (let id = 1; id <= 100; id++) {
      const { scene, traits, comments } = labeledRecord(0, id, true);
      expect(scene).toBeNull();
      expect(traits).toMatchObject({ placement: -1, clutter: -1 });
      expect(comments).toHaveLength(5);
      for (const comment of comments)
        expect(comment).not.toMatch(/SUBJECT|placed|composition|move|background|busy|simple|photo of a photo/);
    }
  });

  it('are the same pixels each time, and others for another id', async () => {
    const photo = await loadCarriedPhoto(photographedIds(data).values().next().value!);
    const first = await labeledImage(0, 1, photo, 64);
    expect(first).toHaveLength(64 * 64 * 3);
    expect(await labeledImage(0, 1, photo, 64)).toEqual(first);
    expect(await labeledImage(0, 2, photo, 64)).not.toEqual(first);
    expect(Math.min(...first)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...first)).toBeLessThanOrEqual(1);
  });
});

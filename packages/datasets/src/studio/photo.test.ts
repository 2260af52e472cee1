import { rng, sha256 } from '@calm-orch/core';
import { describe, expect, it } from 'vitest';
import { photoView, studioPhoto, studioScene } from './photo.ts';
import { toBytes } from './render.ts';
import { meanOfVotes } from '../ava/rows.ts';
import { traitNames } from './taste.ts';

describe('studioPhoto', () => {
  it('is a pure function of seed, pool and id', () => {
    const first = studioPhoto(3, 'labeled', 17);
    studioPhoto(3, 'labeled', 18);
    const again = studioPhoto(3, 'labeled', 17);
    expect(sha256(toBytes(again.image))).toBe(sha256(toBytes(first.image)));
    expect({ ...again, image: null, subject: null }).toEqual({ ...first, image: null, subject: null });
    expect(studioPhoto(4, 'labeled', 17).scene).not.toEqual(first.scene);
    expect(studioPhoto(3, 'generic', 17).scene).not.toEqual(first.scene);
  });

  it('keeps pixels in 0..1 and marks the subject by box and mask', () => {
    for (let id = 0; id < 50; id++) {
      const { image, side, subject } = studioPhoto(0, 'labeled', id);
      expect(image.length).toBe(side * side * 3);
      expect(image.every((value) => value >= 0 && value <= 1)).toBe(true);
      expect(subject.mask.reduce((sum, value) => sum + value, 0)).toBeGreaterThan(20);
      expect(subject.box.x + subject.box.width).toBeLessThanOrEqual(1);
      expect(subject.box.y + subject.box.height).toBeLessThanOrEqual(1);
    }
  });

  it('spreads scores by about one point around the middle, and votes follow them', () => {
    const photos = Array.from({ length: 600 }, (_, id) => studioPhoto(0, 'labeled', id, 8));
    const scores = photos.map(({ score }) => score);
    const mean = scores.reduce((sum, score) => sum + score, 0) / scores.length;
    const deviation = Math.sqrt(scores.reduce((sum, score) => sum + (score - mean) ** 2, 0) / scores.length);
    expect(mean).toBeGreaterThan(5.1);
    expect(mean).toBeLessThan(5.9);
    expect(deviation).toBeGreaterThan(0.85);
    expect(deviation).toBeLessThan(1.15);
    for (const { votes, score } of photos) expect(Math.abs(meanOfVotes(votes) - score)).toBeLessThan(0.6);
  });

  it('gives five comments and a caption of plain lower-case words', () => {
    const { comments, caption, traitVector } = studioPhoto(0, 'labeled', 5);
    expect(comments).toHaveLength(5);
    expect(traitVector).toHaveLength(traitNames.length);
    for (const text of [...comments, caption]) expect(text).toMatch(/^[a-z]+( [a-z]+| [.,])+$/);
  });

  it('names the loudest fault: noisy photographs are called noisy, sharp ones never blurry', () => {
    let noisy = 0;
    let called = 0;
    for (let id = 0; id < 300; id++) {
      const { comments, degradation } = studioPhoto(0, 'labeled', id, 8);
      const text = comments.join(' ');
      if (degradation.blur === 0) expect(text).not.toMatch(/blurry|out of focus/);
      if (degradation.noise < 0.12) continue;
      noisy += 1;
      if (/noise|grain/.test(text)) called += 1;
    }
    expect(called / noisy).toBeGreaterThan(0.8);
  });

  it('shows one scene in two different views', () => {
    const scene = studioScene(0, 'foundation', 1);
    const first = photoView(scene, rng('view', 1));
    const second = photoView(scene, rng('view', 2));
    expect(toBytes(first.image)).not.toEqual(toBytes(second.image));
    expect(photoView(scene, rng('view', 1)).image).toEqual(first.image);
  });
});

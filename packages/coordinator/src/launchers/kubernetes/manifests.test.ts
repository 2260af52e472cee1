import { expect, test } from 'vitest';
import { instanceOf, jobOf, specOf } from './manifests.ts';

const options = { image: 'i', namespace: 'n' };

test('runs of any name have labels and names that Kubernetes takes, with room for what it adds', () => {
  const ids = ['smoke-1', 'ablation-augmentations-rehearsal-12', 'Über uns.yaml-3', '実験-', '-_-'];
  for (const id of ids) {
    const run = { id, uid: 'ab12cd34', dir: '/runs' };
    expect(instanceOf(run)).toMatch(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/);
    const { name } = jobOf(run, { role: 'augmentor', number: 999, slots: [0] }, options).metadata;
    // A pod's host name is that and an index, of 63 letters at most.
    expect(name.length).toBeLessThanOrEqual(63 - '-9999'.length);
  }
  expect(instanceOf({ id: '実験-', uid: 'ab12cd34' })).toBe('ab12cd34');
});

test('a patch, an image, another version or address make another spec', () => {
  const specs = [
    specOf(options, ['v', 'a:1']),
    specOf(options, ['v', 'a:2']),
    specOf(options, ['w', 'a:1']),
    specOf({ ...options, image: 'j' }, ['v', 'a:1']),
    specOf({ ...options, patch: { spec: {} } }, ['v', 'a:1']),
  ];
  expect(new Set(specs).size).toBe(specs.length);
  expect(specOf({ ...options }, ['v', 'a:1'])).toBe(specs[0]);
});

import { expect, test } from 'vitest';
import { isInnerName } from './inner-name.ts';

test('names within a folder are told from ways out of it', () => {
  for (const name of ['model.safetensors', 'images/12-0.png', 'AVA/images/a b.jpg', '..a', 'a..', 'ä/é.txt'])
    expect([name, isInnerName(name)]).toEqual([name, true]);
  const others = ['', '.', '..', '/etc/passwd', '../up', 'a/../../b', 'a//b', 'a/', 'a\\..\\b', 'C:/x', 'a\0b', 'a\nb'];
  for (const name of [...others, 'x'.repeat(1025)]) expect([name, isInnerName(name)]).toEqual([name, false]);
});

import { expect, test } from 'vitest';
import { addressOf, placeOf, type Place } from './place.ts';

test('every place has an address that leads back to it', () => {
  const places: Place[] = [
    { page: 'runs', query: {} },
    { page: 'runs', query: { status: 'failed', text: 'a b&c', sort: 'id', order: 'ascending' } },
    { page: 'groups', query: { metrics: 'PLCC,SRCC', by: 'SRCC', sort: 'mean' } },
    { page: 'run', run: 'ü/x?-1' },
    { page: 'run', run: 'x-1', stage: 'abc' },
    { page: 'run', run: 'x-1', log: { name: 'trainer-0' } },
    { page: 'run', run: 'x-1', log: { name: 'trainer-0', from: 10, to: 20 } },
    { page: 'photographs', run: 'x-1', row: 'a/b & c', seed: 0 },
    { page: 'photographs', run: 'x-1', row: 'all', seed: 2, sort: 'id', order: 'ascending', photo: '7&8' },
    { page: 'photographs', run: 'x-1', row: 'all', seed: 2, view: 'pairs' },
    { page: 'compare', a: '', b: '' },
    { page: 'compare', a: 'x-1', b: 'a b&c' },
    { page: 'try' },
    { page: 'try', trial: { run: 'ü/x', row: 'a/b & c', seed: 3 } },
    { page: 'tables' },
    { page: 'tables', name: 'x-1' },
  ];
  for (const place of places) expect(placeOf(addressOf(place))).toEqual(place);
});

test('what is no address leads to the list of runs', () => {
  for (const hash of ['', '#', '#/', '#/nowhere', '#/run', '#/run/%ff', '#//x'])
    expect(placeOf(hash)).toMatchObject({ page: 'runs' });
});

import { expect, test } from 'vitest';
import { createReadonlyMap } from '#client/readonly-map.ts';

test('a copy reads as a map does and is not changed with what it was made of', () => {
  const from = new Map([['a', 1]]);
  const copy = createReadonlyMap(from);
  from.set('b', 2);
  expect([...copy]).toEqual([['a', 1]]);
  expect([copy.get('a'), copy.has('b'), copy.size]).toEqual([1, false, 1]);
  expect(copy).toEqual(new Map([['a', 1]]));
  expect(structuredClone(copy)).toEqual(copy);
});

test.each<[string, (map: Map<string, number>) => unknown]>([
  ['set', (map) => map.set('b', 2)],
  ['delete', (map) => map.delete('a')],
  ['clear', (map) => map.clear()],
  ['a property', (map) => Object.assign(map, { more: 1 })],
])('%s is refused, and nothing changes', (_what, change) => {
  const copy = createReadonlyMap(new Map([['a', 1]]));
  expect(() => change(copy as Map<string, number>)).toThrow(TypeError);
  expect([...copy]).toEqual([['a', 1]]);
});

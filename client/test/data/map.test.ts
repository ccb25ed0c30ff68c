/** The face of a map by itself; what it says of a whole mesh is tested there. */
import { expect, test, vi } from 'vitest';
import type { PeerId } from '#shared/base/ids.ts';
import type { Change } from '#shared/state/messages.ts';
import { createMapFace, type MapFace } from '#client/data/map.ts';
import { createReadonlyMap } from '#client/readonly-map.ts';

vi.mock('#client/readonly-map.ts', async (original) => {
  const real = await original<{ readonly createReadonlyMap: typeof createReadonlyMap }>();
  return { createReadonlyMap: vi.fn(real.createReadonlyMap) };
});

const change = (key: string, value: number): Change => ({
  collection: 'notes',
  key,
  old: undefined,
  value,
  by: '0a'.repeat(16) as PeerId,
  at: 1,
  local: false,
});

const makeFace = (): MapFace =>
  createMapFace({ name: 'notes', initial: new Map(), write: () => {}, hasRoom: () => true });

test('a snapshot is made when somebody looks, not for each change', () => {
  const copies = vi.mocked(createReadonlyMap);
  const { map, apply } = makeFace();
  copies.mockClear();
  for (let n = 0; n < 100; n++) apply([change(`k${n}`, n)])();
  expect([copies.mock.calls.length, map.size, map.get('k7')]).toEqual([0, 100, 7]);
  expect([map.value.size, [...map].length, copies.mock.calls.length]).toEqual([100, 100, 1]);
  map.subscribe(() => {});
  apply([change('k1', 0)])();
  expect(copies).toHaveBeenCalledTimes(2);
});

test('what is applied is there at once, and told when it is time', () => {
  const { map, apply } = makeFace();
  const heard: unknown[] = [];
  map.on('change', (changes) => heard.push(changes.map(({ key, value }) => [key, value])));
  map.subscribe((values) => heard.push([...values]));
  const tell = apply([change('a', 1)]);
  expect([map.get('a'), map.value.get('a'), heard]).toEqual([1, 1, [[]]]);
  tell();
  expect(heard).toEqual([[], [['a', 1]], [['a', 1]]]);
});

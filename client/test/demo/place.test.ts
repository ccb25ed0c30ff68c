import { expect, test } from 'vitest';
import { freePlace } from '../../demo/place.ts';
import type { Point } from '../../demo/check.ts';

test('the first note stands at the top left', () => {
  expect(freePlace([])).toEqual({ x: 0.06, y: 0.08 });
});

test('sixteen notes stand in sixteen places', () => {
  const taken: Point[] = [];
  for (let count = 0; count < 16; count += 1) taken.push(freePlace(taken));
  expect(new Set(taken.map(({ x, y }) => `${x} ${y}`)).size).toBe(16);
});

test('a note avoids one that lies where it would stand', () => {
  expect(freePlace([{ x: 0.1, y: 0.1 }])).toEqual({ x: 0.62, y: 0.08 });
});

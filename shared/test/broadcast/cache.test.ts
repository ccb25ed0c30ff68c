import { expect, test } from 'vitest';
import { epoch, type PeerId } from '#shared/base/ids.ts';
import { instant } from '#shared/base/time.ts';
import { createCache, type Cache } from '#shared/broadcast/cache.ts';
import { defaultBroadcastConfig } from '#shared/broadcast/config.ts';
import { a, b, c } from './helpers.ts';

/** Each origin's sequences that are cached still, of those up to 20. */
function kept(cache: Cache<string>, origin: PeerId): readonly number[] {
  const want = { origin, epoch: epoch(1), lane: 'reliable', first: 1, last: 20 } as const;
  return cache.range(want, instant(20)).map(({ message }) => message.seq);
}

/** A cache for so many, to which each of `said` was added in its order, as [origin, sequence, bytes]. */
function filled(
  limits: { readonly cacheMessagesMax?: number; readonly cacheBytesMax?: number },
  said: readonly (readonly [origin: PeerId, seq: number, bytes?: number])[],
): Cache<string> {
  const cache = createCache<string>({ ...defaultBroadcastConfig, ...limits });
  for (const [at, [origin, seq, bytes = 1]] of said.entries()) {
    const message = {
      kind: 'gossip',
      origin,
      epoch: epoch(1),
      lane: 'reliable',
      seq,
      hot: false,
      round: 0,
      ageMs: 0,
      follows: null,
      proof: null,
      payload: 'x',
    } as const;
    cache.add({ message, bytes, at: instant(at) });
  }
  return cache;
}

const saidBy = (origin: PeerId, count: number, bytes: number = 1): (readonly [PeerId, number, number])[] =>
  Array.from({ length: count }, (_, at) => [origin, at + 1, bytes] as const);

test('the oldest goes first, whoever said it', () => {
  const cache = filled({ cacheMessagesMax: 4 }, [...saidBy(a, 2), ...saidBy(b, 2), [c, 1]]);
  expect([kept(cache, a), kept(cache, b), kept(cache, c)]).toEqual([[2], [1, 2], [1]]);
});

test.each([
  { what: 'many', limits: { cacheMessagesMax: 6 }, bytes: 1 },
  { what: 'large', limits: { cacheBytesMax: 600 }, bytes: 100 },
])('who says too $what pushes out its own, and nothing of the others', ({ limits, bytes }) => {
  const cache = filled(limits, [...saidBy(a, 2, bytes), ...saidBy(b, 20, bytes), [c, 1, bytes]]);
  expect(kept(cache, a)).toEqual([2]);
  expect(kept(cache, b)).toEqual([17, 18, 19, 20]);
  expect(kept(cache, c)).toEqual([1]);
});

test('one that is too large for all of it is not kept, and the cache is what it was', () => {
  const cache = filled({ cacheBytesMax: 100 }, [...saidBy(a, 2, 10), [b, 1, 101]]);
  expect([kept(cache, a), kept(cache, b)]).toEqual([[1, 2], []]);
  expect(cache.size()).toBe(2);
});

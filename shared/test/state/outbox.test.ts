import { describe, expect, test } from 'vitest';
import { a, b, createReplica, entry, hlc, published, recordChanged, T } from './fixture.ts';

const OLD = T + 600_000;

describe('what was written without a link', () => {
  test('is stamped anew when a link comes up after the room may have forgotten its deletions', () => {
    const replica = createReplica(a);
    replica.write(T, 'x', 1);
    const renewed = entry('x', 1, hlc(OLD, 0, a));
    expect(replica.link(OLD, true)).toEqual([published(renewed), recordChanged(renewed)]);
    expect(replica.link(OLD + 1, false)).toEqual([]);
    expect(replica.link(OLD + 2_000_000, true)).toEqual([]);
  });

  test('keeps its stamp while the room still remembers', () => {
    const replica = createReplica(a);
    replica.write(T, 'x', 1);
    expect(replica.link(OLD - 1, true)).toEqual([]);
  });

  test('is left alone where somebody else has written since', () => {
    const replica = createReplica(a);
    replica.write(T, 'x', 1);
    replica.apply(T + 5, entry('x', 2, hlc(T + 5, 0, b)));
    expect(replica.link(OLD + 5, true)).toEqual([]);
    expect(replica.values()).toEqual({ x: 2 });
  });

  test('renews deletions too, and the newest write of a key only', () => {
    const replica = createReplica(a);
    replica.write(T, 'x', 1);
    replica.write(T + 1, 'x', undefined);
    const renewed = entry('x', undefined, hlc(OLD + 1, 0, a));
    expect(replica.link(OLD + 1, true)).toEqual([published(renewed), recordChanged(renewed)]);
  });

  test('is bounded: the oldest gives way', () => {
    const replica = createReplica(a, { outboxMax: 1 });
    replica.write(T, 'x', 1);
    replica.write(T + 1, 'y', 2);
    const renewed = entry('y', 2, hlc(OLD + 1, 0, a));
    expect(replica.link(OLD + 1, true)).toEqual([published(renewed), recordChanged(renewed)]);
  });

  test('is not kept once there is a link', () => {
    const replica = createReplica(a);
    replica.link(T, true);
    replica.write(T, 'x', 1);
    replica.link(T + 1, false);
    expect(replica.link(OLD, true)).toEqual([]);
  });
});

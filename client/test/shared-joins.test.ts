import { describe, expect, test } from 'vitest';
import { createSharedJoins, type SharedJoins } from '#client/shared-joins.ts';
import type { Mesh } from '#client/types.ts';
import { createRoom } from './room.ts';

interface Page {
  readonly join: (place: string, signal?: AbortSignal) => Mesh;
  /** Meshes made so far. */
  readonly made: Mesh[];
}

/** A page whose meshes are real ones in memory. */
function openPage(joins: SharedJoins = createSharedJoins()): Page {
  const room = createRoom();
  const made: Mesh[] = [];
  const open = (onClosed: () => void): Mesh => {
    const mesh: Mesh = room.join(undefined, { onClosed });
    made.push(mesh);
    return mesh;
  };
  return { made, join: (place, signal) => joins.join(place, open, { signal }) };
}

describe('joining twice', () => {
  test('is one mesh with two handles', () => {
    const { join, made } = openPage();
    const [first, second] = [join('a'), join('a')];
    expect(made).toHaveLength(1);
    expect(first).not.toBe(second);
    expect([first.id, second.id]).toEqual([made[0]!.id, made[0]!.id]);
    first.map('notes').set('k', 1);
    expect(second.map('notes').get('k')).toBe(1);
  });

  test('is left when each join has been, and leaving twice counts once', async () => {
    const { join, made } = openPage();
    const [first, second] = [join('a'), join('a')];
    await first.leave();
    await first.leave();
    first.close();
    expect(made[0]!.status.value).not.toBe('closed');
    second.close();
    expect(made[0]!.status.value).toBe('closed');
    await second.leave();
  });

  test('gives each handle one promise of its own', () => {
    const { join } = openPage();
    const [first, second] = [join('a'), join('a')];
    expect(first.leave()).toBe(first.leave());
    expect(first.leave()).not.toBe(second.leave());
  });

  test('again after all have left is a new member', async () => {
    const { join, made } = openPage();
    await join('a').leave();
    const again = join('a');
    expect(made).toHaveLength(2);
    expect([again.id === made[0]!.id, again.status.value]).toEqual([false, 'connecting']);
  });

  test('while it closes is a new member, and the old one does not take it away', () => {
    const { join, made } = openPage();
    const first = join('a');
    const again: Mesh[] = [];
    first.status.subscribe((status) => {
      if (status === 'closed') again.push(join('a'));
    });
    first.close();
    expect([made.length, again[0]!.status.value]).toEqual([2, 'connecting']);
    join('a');
    expect(made).toHaveLength(2);
  });

  test('after the mesh was closed from within is a new member; the old handles are harmless', async () => {
    const { join, made } = openPage();
    const first = join('a');
    made[0]!.close();
    const second = join('a');
    await first.leave();
    expect([made.length, second.status.value]).toEqual([2, 'connecting']);
  });
});

test('other places are other meshes', () => {
  const { join, made } = openPage();
  const [first, second] = [join('a'), join('b')];
  first.close();
  expect([made.length, first.status.value, second.status.value]).toEqual([2, 'closed', 'connecting']);
});

test('a place that could not be opened is not joined, and the next join tries anew', () => {
  const joins = createSharedJoins();
  const fail = (): Mesh => {
    throw new Error('no');
  };
  expect(() => joins.join('a', fail, {})).toThrow('no');
  const { join, made } = openPage(joins);
  join('a').close();
  expect(made[0]!.status.value).toBe('closed');
});

describe('a signal', () => {
  test('leaves its own join when it aborts', () => {
    const { join, made } = openPage();
    const abort = new AbortController();
    join('a', abort.signal);
    const other = join('a');
    abort.abort();
    expect(made[0]!.status.value).toBe('connecting');
    other.close();
    expect(made[0]!.status.value).toBe('closed');
  });

  test('that aborts after its join was left counts once', () => {
    const { join, made } = openPage();
    const abort = new AbortController();
    const first = join('a', abort.signal);
    join('a');
    first.close();
    abort.abort();
    expect(made[0]!.status.value).toBe('connecting');
  });

  test('that has aborted before leaves at once', () => {
    const { join, made } = openPage();
    join('a', AbortSignal.abort());
    expect(made[0]!.status.value).toBe('closed');
    const other = join('a');
    join('a', AbortSignal.abort());
    expect(other.status.value).toBe('connecting');
  });
});

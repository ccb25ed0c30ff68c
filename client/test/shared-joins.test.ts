import { describe, expect, test } from 'vitest';
import { MeshError } from '#client/errors.ts';
import { createSharedJoins, type SharedJoins } from '#client/shared-joins.ts';
import type { Mesh, PresenceFields } from '#client/types.ts';
import { createRoom } from './room.ts';

interface Page {
  readonly join: (place: string, signal?: AbortSignal, presence?: PresenceFields) => Mesh;
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
  return { made, join: (place, signal, presence) => joins.join(place, open, { signal, presence }) };
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

  test('shows what either join would show; what may not be shown is refused, and that is no join', () => {
    const { join, made } = openPage();
    const first = join('a', undefined);
    const second = join('a', undefined, { name: 'Ada' });
    expect(first.presence.mine.value).toEqual({ name: 'Ada' });
    expect(() => join('a', undefined, { bad: new Date() as unknown as string })).toThrow(MeshError);
    join('a', AbortSignal.abort(), { name: 'nobody' });
    expect(first.presence.mine.value).toEqual({ name: 'Ada' });
    first.close();
    second.close();
    expect(made[0]!.status.value).toBe('closed');
  });

  test('a handle that has been left says so, while the other goes on', async () => {
    const { join } = openPage();
    const [first, second] = [join('a'), join('a')];
    const heard: string[] = [];
    first.status.subscribe((status) => heard.push(status));
    await first.leave();
    expect([first.status.value, second.status.value]).toEqual(['closed', 'connecting']);
    second.close();
    expect([second.status.value, heard]).toEqual(['closed', ['connecting', 'closed']]);
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

  test('is let go of when its join is left, or the mesh closes', () => {
    const { join, made } = openPage();
    const { signal } = new AbortController();
    let held = 0;
    const add = signal.addEventListener.bind(signal);
    const remove = signal.removeEventListener.bind(signal);
    signal.addEventListener = (...listener: Parameters<typeof add>) => {
      held += 1;
      add(...listener);
    };
    signal.removeEventListener = (...listener: Parameters<typeof remove>) => {
      held -= 1;
      remove(...listener);
    };
    const first = join('a', signal);
    join('a', signal);
    expect(held).toBe(2);
    first.close();
    expect(held).toBe(1);
    made[0]!.close();
    expect(held).toBe(0);
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

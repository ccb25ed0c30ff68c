/** What the room as a whole must do: the dead are found in time, and nobody else is buried. */
import { describe, expect, it } from 'vitest';
import type { PeerId } from '#shared/base/ids.ts';
import { createRng } from '#shared/base/rng.ts';
import type { MembershipEffect } from '#shared/membership/messages.ts';
import { peer } from './fixtures.ts';
import { createWorld, linkAtRandom, names, type World, type WorldOptions } from './world.ts';

const first = peer('n00');
const second = peer('n01');

function createRoom(count: number, change: Partial<WorldOptions> = {}): World {
  const seed = change.seed ?? 1;
  const world = createWorld({ seed, names: names(count), loss: 0, deadLinks: 'drop', ...change });
  linkAtRandom(world, createRng([seed, count]), 4);
  return world;
}

function gone(world: World): readonly { at: number; node: PeerId; id: PeerId; reason: string }[] {
  return world.told.flatMap(({ at, node, effect }) =>
    effect.kind === 'memberGone' ? [{ at, node, id: effect.id, reason: effect.reason }] : [],
  );
}

function published(world: World, node: PeerId, since: number, kind: string): readonly MembershipEffect[] {
  return world.told
    .filter((one) => one.node === node && one.at >= since)
    .map((one) => one.effect)
    .filter((effect) => effect.kind === 'publish' && effect.claim.kind === kind);
}

function members(world: World, node: PeerId): readonly PeerId[] {
  return [...world.layer(node).inspect().members.keys()].toSorted();
}

function expectWholeRoom(world: World, ids: readonly PeerId[]): void {
  for (const id of ids) {
    const snapshot = world.layer(id).inspect();
    expect([...snapshot.members.keys()].toSorted()).toEqual([...ids].toSorted());
    expect([...snapshot.members.values()].every((member) => member.status === 'alive')).toBe(true);
    expect(world.table(id)).toEqual(world.table(ids[0]!));
  }
}

describe('a crash', () => {
  const cases = [2, 3, 12, 50].flatMap((count) => [1, 2, 3, 4].map((seed) => ({ count, seed })));

  it.each(cases)(
    'is known to all $count within 4.5 s, and nobody else is buried (seed $seed)',
    ({ count, seed }) => {
      const world = createRoom(count, { seed });
      world.run(20_000 + seed * 137);
      const crashedAt = world.time();
      world.crash(first);
      world.run(20_000);

      const survivors = world.ids.filter((id) => id !== first);
      const told = gone(world);
      expect(told.map((one) => one.node).toSorted()).toEqual([...survivors].toSorted());
      expect(new Set(told.map((one) => `${one.id} ${one.reason}`))).toEqual(new Set([`${first} failed`]));
      expect(Math.max(...told.map((one) => one.at)) - crashedAt).toBeLessThanOrEqual(4_500);
      expectWholeRoom(world, survivors);
    },
  );

  it('whose channels close at once is known within 4.5 s', () => {
    const world = createRoom(12);
    world.run(20_000);
    const crashedAt = world.time();
    const neighbors = world.neighbors(first);
    world.crash(first);
    for (const id of neighbors) world.unlink(id, first);
    world.run(20_000);
    const told = gone(world);
    expect(told.map((one) => one.id)).toEqual(Array.from({ length: 11 }, () => first));
    expect(Math.max(...told.map((one) => one.at)) - crashedAt).toBeLessThanOrEqual(4_500);
  });

  it('of a member with one link is found by its only observer', () => {
    const world = createRoom(12, { names: [...names(12), 'x'] });
    for (const id of world.neighbors(peer('x'))) if (id !== first) world.unlink(id, peer('x'));
    if (!world.neighbors(peer('x')).includes(first)) world.link(first, peer('x'));
    world.run(20_000);
    expect(gone(world)).toEqual([]);
    const crashedAt = world.time();
    world.crash(peer('x'));
    world.run(10_000);
    const told = gone(world);
    expect(told.map((one) => one.node).toSorted()).toEqual(world.ids.filter((id) => id !== 'x'));
    expect(Math.max(...told.map((one) => one.at)) - crashedAt).toBeLessThanOrEqual(5_000);
  });

  it('of a member and all its neighbors at once is found by the orphans watch', () => {
    const world = createRoom(20, { seed: 5 });
    world.run(20_000);
    const dead = [first, ...world.neighbors(first)];
    for (const id of dead) world.crash(id);
    world.run(60_000);
    const survivors = world.ids.filter((id) => !dead.includes(id));
    for (const id of survivors) expect(members(world, id)).not.toContain(first);
    expect(gone(world).every((one) => dead.includes(one.id))).toBe(true);
  });

  it('of a third of the room buries exactly that third', () => {
    const world = createRoom(30, { seed: 8 });
    linkAtRandom(world, createRng([8]), 6);
    world.run(20_000);
    const dead = world.ids.filter((_, at) => at % 3 === 0);
    for (const id of dead) world.crash(id);
    world.run(60_000);
    expectWholeRoom(
      world,
      world.ids.filter((id) => !dead.includes(id)),
    );
    expect(gone(world).every((one) => dead.includes(one.id))).toBe(true);
  });
});

describe('nobody dies', () => {
  it('who leaves: everyone hears the goodbye', () => {
    const world = createRoom(12);
    world.run(20_000);
    const leftAt = world.time();
    world.leave(first);
    world.run(20_000);
    const told = gone(world);
    expect(told.length).toBe(11);
    expect(told.every((one) => one.reason === 'goodbye' && one.at - leftAt <= 300)).toBe(true);
    expectWholeRoom(world, world.ids.slice(1));
  });

  it.each([3, 12, 50])('of a link that is cut one way: others object (%i members)', (count) => {
    const world = createRoom(count, { seed: 2 });
    world.run(20_000);
    const [other] = world.neighbors(first);
    const cutAt = world.time();
    world.block(first, other!);
    world.run(120_000);
    expect(gone(world)).toEqual([]);
    const accusations = published(world, other!, cutAt, 'accusation').length;
    expect(accusations).toBeGreaterThanOrEqual(1);
    expect(accusations).toBeLessThanOrEqual(8);
  });

  it('of a link that is given up: the routed ping answers', () => {
    const world = createRoom(12, { seed: 3 });
    world.run(20_000);
    const [other] = world.neighbors(first);
    const cutAt = world.time();
    world.unlink(first, other!);
    world.run(20_000);
    expect(gone(world)).toEqual([]);
    for (const id of world.ids) expect(published(world, id, cutAt, 'accusation')).toEqual([]);
  });

  it.each([1, 2, 3])('of one heartbeat in twenty lost for ten minutes (seed %i)', (seed) => {
    const world = createRoom(12, { seed, loss: 0.05 });
    world.run(600_000);
    expect(gone(world)).toEqual([]);
    expect(world.told.filter((one) => one.effect.kind === 'memberSuspected').length).toBeLessThanOrEqual(12);
  });

  it('in a quiet room: nothing is suspected, and a link costs at most five frames a second', () => {
    const world = createRoom(50, { seed: 4 });
    world.run(20_000);
    const before = world.told.length;
    world.run(60_000);
    const told = world.told.slice(before).map((one) => one.effect);
    expect(told.every((effect) => effect.kind === 'send')).toBe(true);
    const links = world.ids.reduce((sum, id) => sum + world.neighbors(id).length, 0) / 2;
    expect(told.length / 60 / links).toBeLessThanOrEqual(5);
  });
});

describe('a frozen member', () => {
  const cases = (['frames-first', 'timers-first'] as const).flatMap((order) =>
    [1_500, 5_000, 30_000].map((ms) => ({ order, ms })),
  );

  it.each(cases)('that sleeps $ms ms accuses nobody and is back ($order)', ({ order, ms }) => {
    const world = createRoom(12, { seed: 6, deadLinks: 'keep' });
    world.run(20_000);
    world.freeze(first);
    world.run(ms);
    const thawedAt = world.time();
    world.thaw(first, order);
    world.run(30_000);
    expect(published(world, first, thawedAt, 'accusation')).toEqual([]);
    expect(published(world, first, thawedAt, 'verdict')).toEqual([]);
    expect(gone(world).every((one) => one.id === first)).toBe(true);
    expectWholeRoom(world, world.ids);
  });

  it('whose links are gone when it wakes returns once it is linked again', () => {
    const world = createRoom(12, { seed: 6, deadLinks: 'drop' });
    world.run(20_000);
    world.freeze(first);
    world.run(30_000);
    expect(gone(world).length).toBe(11);
    const thawedAt = world.time();
    world.thaw(first, 'timers-first');
    world.link(first, second);
    world.run(3_000);
    expectWholeRoom(world, world.ids);
    expect(published(world, first, thawedAt, 'accusation')).toEqual([]);
    const returns = world.told.filter(
      ({ effect }) => effect.kind === 'memberUp' && effect.id === first && effect.returned,
    );
    expect(returns.map((one) => one.node).toSorted()).toEqual(world.ids.slice(1));
  });
});

describe('a wrong death', () => {
  it('is undone by the dead: a verdict out of nothing lasts a second', () => {
    const world = createRoom(12, { seed: 9, deadLinks: 'keep' });
    world.run(20_000);
    const liar = world.ids.find((id) => id !== first && !world.neighbors(first).includes(id))!;
    // Everyone but the liar stops hearing of `first` for a while; then all is well again.
    for (const id of world.neighbors(first)) world.block(first, id);
    world.run(8_000);
    expect(members(world, liar)).not.toContain(first);
    for (const id of world.neighbors(first)) world.unblock(first, id);
    world.run(3_000);
    expectWholeRoom(world, world.ids);
  });

  it('of two halves is undone when they meet', () => {
    const world = createWorld({ seed: 3, names: names(12), loss: 0, deadLinks: 'drop' });
    const left = world.ids.slice(0, 6);
    const right = world.ids.slice(6);
    for (const half of [left, right]) {
      half.forEach((id, at) => world.link(id, half[(at + 1) % 6]!));
      half.slice(0, 3).forEach((id, at) => world.link(id, half[at + 3]!));
    }
    world.link(first, right[0]!);
    world.link(left[3]!, right[3]!);
    world.run(20_000);
    expectWholeRoom(world, world.ids);

    for (const [one, other] of [
      [first, right[0]!],
      [left[3]!, right[3]!],
    ] as const) {
      world.block(one, other);
      world.block(other, one);
    }
    world.run(90_000);
    expect(members(world, first)).toEqual(left);
    world.unblock(first, right[0]!);
    world.unblock(right[0]!, first);
    world.unlink(first, right[0]!);
    world.link(first, right[0]!);
    world.run(15_000);
    for (const id of world.ids) expect(members(world, id)).toEqual(world.ids);
  });
});

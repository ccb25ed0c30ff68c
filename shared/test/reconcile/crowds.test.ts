/** Keys that were made to have one hash cost no more than others, and keep nobody apart. */
import { describe, expect, test } from 'vitest';
import { hashText } from '#shared/base/hash.ts';
import { createRng } from '#shared/base/rng.ts';
import { createHashTree, HASH_GROUP_MAX, leafOf } from '#shared/reconcile/hash-tree.ts';
import { crowdOf } from './crowds.ts';
import { createParty, createWorld, a, b, version } from './fixture.ts';

const crowd = crowdOf('notes\0', 12);
const first = crowd.toSorted((x, y) => (x < y ? -1 : 1)).slice(0, HASH_GROUP_MAX);

describe('4,096 keys of one hash', () => {
  test('are made easily', () => {
    expect(new Set(crowd).size).toBe(4_096);
    expect(new Set(crowd.map((key) => JSON.stringify(hashText(key)))).size).toBe(1);
  });

  test.each([1, 2, 3])('come to the same few in a tree, in whatever order they come (seed %i)', (seed) => {
    const tree = createHashTree(100_000);
    const rng = createRng([seed]);
    const rest = [...crowd];
    while (rest.length > 0) tree.set(rest.splice(rng.below(rest.length), 1)[0]!, version(1));
    expect(tree.size).toBe(HASH_GROUP_MAX);
    expect(tree.entries(leafOf(hashText(crowd[0]!))).map(({ key }) => key)).toEqual(first);
    for (const key of crowd) expect(tree.remove(key)).toBe(true);
    expect(tree.remove(crowd[0]!)).toBe(false);
    expect(tree.root()).toEqual(createHashTree(1).root());
  });

  test.each([1, 2, 3])('come to the same few also after some were removed (seed %i)', (seed) => {
    const rng = createRng([seed]);
    const trees = [createHashTree(100_000), createHashTree(100_000)];
    const removed = crowd.filter(() => rng.below(2) === 0);
    const kept = crowd.filter((key) => !removed.includes(key));
    // One hears of all and then of the removals, the other of what is left, in another order; some are written anew.
    crowd.forEach((key) => trees[0]!.set(key, version(1)));
    removed.toReversed().forEach((key) => trees[0]!.remove(key));
    kept.toReversed().forEach((key) => trees[1]!.set(key, version(1)));
    kept.forEach((key, nth) => nth % 3 === 0 && trees.forEach((tree) => tree.set(key, version(2))));
    const [one, other] = trees.map((tree) => tree.entries(leafOf(hashText(crowd[0]!))));
    expect(one).toEqual(other);
    expect(one!.map(({ key }) => key)).toEqual(
      kept.toSorted((x, y) => (x < y ? -1 : 1)).slice(0, HASH_GROUP_MAX),
    );
    expect(trees[0]!.root()).toEqual(trees[1]!.root());
  });

  test('take no more room than there is, those that wait included', () => {
    const tree = createHashTree(100);
    for (const key of crowd) tree.set(key, version(1));
    expect(tree.set('another', version(1))).toBe('full');
    expect(crowd.filter((key) => tree.remove(key))).toHaveLength(100);
    expect(tree.set('another', version(1))).toBe('changed');
  });

  test('are compared no more once two neighbors hold the same of them', () => {
    const [one, other] = [createParty(a), createParty(b)];
    crowd.forEach((key, at) => (at % 2 === 0 ? one : other).put('state', key, version(1)));
    one.put('state', 'honest', version(1));
    const world = createWorld([one, other]);
    world.link(a, b);
    for (let atMs = 1_000; atMs <= 60_000; atMs += 1_000) world.heartbeat(atMs);
    expect(one.layer.inspect().roots).toEqual(other.layer.inspect().roots);
    expect(other.records('state').has('honest')).toBe(true);
    const said = world.log.length;
    for (let atMs = 61_000; atMs <= 90_000; atMs += 1_000) world.heartbeat(atMs);
    expect(world.log.length).toBe(said);
  });
});

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
    for (const key of crowd) expect(tree.remove(key)).toBe(first.includes(key));
    expect(tree.root()).toEqual(createHashTree(1).root());
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

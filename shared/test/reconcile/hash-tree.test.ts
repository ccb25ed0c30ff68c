import { fc, test } from '@fast-check/vitest';
import { describe, expect } from 'vitest';
import { hashText, hashToText, ZERO_HASH } from '#shared/base/hash.ts';
import { compareIds } from '#shared/base/ids.ts';
import { createHashTree, type HashTree, leafOf } from '#shared/reconcile/hash-tree.ts';
import { version } from './fixture.ts';

const RUNS = { seed: 7, numRuns: 100 };
const records = fc.uniqueArray(fc.tuple(fc.string({ maxLength: 12 }), fc.integer({ min: 1, max: 9 })), {
  selector: ([key]) => key,
  maxLength: 60,
});

function treeOf(pairs: readonly (readonly [string, number])[]): HashTree {
  const tree = createHashTree(1_000);
  for (const [key, major] of pairs) tree.set(key, version(major));
  return tree;
}

describe('laws of the hash tree', () => {
  test.prop([records, fc.nat()], RUNS)('the order of insertions does not matter', (pairs, turn) => {
    const at = turn % (pairs.length + 1);
    const turned = [...pairs.slice(at), ...pairs.slice(0, at)].toReversed();
    expect(treeOf(turned).root()).toEqual(treeOf(pairs).root());
    expect(treeOf(turned).nodes()).toEqual(treeOf(pairs).nodes());
  });

  test.prop([records, fc.string(), fc.nat()], RUNS)(
    'to insert and remove again restores the root',
    (pairs, key, major) => {
      fc.pre(pairs.every(([held]) => held !== key));
      const tree = treeOf(pairs);
      const before = tree.root();
      tree.set(key, version(major));
      expect(tree.root()).not.toEqual(before);
      expect(tree.remove(key)).toBe(true);
      expect(tree.root()).toEqual(before);
      expect(tree.size).toBe(pairs.length);
    },
  );

  test.prop([records, records], RUNS)('roots are equal exactly when the sets are', (one, other) => {
    const textOf = (pairs: typeof one): string =>
      JSON.stringify(pairs.toSorted(([x], [y]) => compareIds(x, y)));
    expect(JSON.stringify(treeOf(one).root()) === JSON.stringify(treeOf(other).root())).toBe(
      textOf(one) === textOf(other),
    );
  });

  test.prop([records], RUNS)('only the last version of a key counts', (pairs) => {
    const tree = treeOf(pairs.map(([key, major]) => [key, major + 100]));
    for (const [key, major] of pairs) tree.set(key, version(major));
    expect(tree.root()).toEqual(treeOf(pairs).root());
  });

  test.prop([records], RUNS)(
    'every entry lies under its leaf, in order, and is found by its hash',
    (pairs) => {
      const tree = treeOf(pairs);
      for (const [key, major] of pairs) {
        const keyHash = hashText(key);
        const held = { key, keyHash, version: version(major) };
        expect(tree.find(keyHash, true)).toEqual([expect.objectContaining(held)]);
        expect(tree.entries(leafOf(keyHash))).toContainEqual(expect.objectContaining(held));
      }
      const all = Array.from({ length: 256 }, (_, leaf) => tree.entries(leaf)).flat();
      const hashes = all.map(({ keyHash }) => hashToText(keyHash));
      expect(hashes).toEqual(hashes.toSorted());
      expect(all).toHaveLength(pairs.length);
    },
  );
});

describe('a hash tree', () => {
  test('says what a change did, and refuses a new key when it is full', () => {
    const tree = createHashTree(1);
    expect(tree.set('x', version(1))).toBe('changed');
    expect(tree.set('x', version(1))).toBe('same');
    expect(tree.set('x', version(2))).toBe('changed');
    expect(tree.set('y', version(1))).toBe('full');
    expect(tree.remove('y')).toBe(false);
    expect(tree.size).toBe(1);
  });

  test('an empty leaf is zero, and a change touches one node only', () => {
    const tree = treeOf([]);
    expect(tree.leaves(3)).toEqual(Array.from({ length: 16 }, () => ZERO_HASH));
    const before = tree.nodes();
    tree.set('x', version(1));
    const node = Math.floor(leafOf(hashText('x')) / 16);
    const differing = tree.nodes().flatMap((hash, at) => (hash === before[at] ? [] : [at]));
    expect(differing).toEqual([node]);
  });
});

import { fc, test } from '@fast-check/vitest';
import { describe, expect } from 'vitest';
import type { Hash64 } from '#shared/base/hash.ts';
import type { PeerId } from '#shared/base/ids.ts';
import type { Version } from '#shared/base/version.ts';
import { areSoundLeaves } from '#shared/reconcile/check.ts';
import { defaultReconcileConfig } from '#shared/reconcile/config.ts';
import { createHashTree, type HashTree, type TreeEntry } from '#shared/reconcile/hash-tree.ts';
import { HASH_GROUP_MAX } from '#shared/reconcile/hash-tree.ts';
import { compareLeaf, coveredBy, cutLeaves } from '#shared/reconcile/leaf.ts';
import { version } from './fixture.ts';

/** Leaf 5 holds whatever is put below; keys may share a hash at will. */
const hash = (low: number): Hash64 => ({ high: 5 * 2 ** 24, low });
const entry = (key: string, low: number, major: number = 1): TreeEntry => ({
  key,
  keyHash: hash(low),
  version: version(major),
  hash: hash(low),
});

/** A tree that holds these entries under leaf 5; nothing but its entries is asked for. */
function treeWith(entries: readonly TreeEntry[]): HashTree {
  const empty = createHashTree(1);
  return { ...empty, size: entries.length, entries: (leaf) => (leaf === 5 ? entries : []) };
}

const frameMax = defaultReconcileConfig.summariesPerFrameMax;

describe('comparing what two hold under a leaf', () => {
  test('gives what is newer here or unknown there, and wants the reverse', () => {
    const own = [entry('same', 1, 4), entry('newer', 2, 9), entry('older', 3, 1), entry('mine', 4)];
    const theirs = [entry('same', 1, 4), entry('newer', 2, 8), entry('older', 3, 2), entry('yours', 5)];
    expect(compareLeaf(own, theirs)).toEqual({ give: ['newer', 'mine'], want: [hash(3), hash(5)] });
  });

  test('of keys that share a hash, both sides give all they have when they differ', () => {
    const own = [entry('x', 1, 1), entry('y', 1, 2)];
    expect(compareLeaf(own, [entry('x', 1, 1), entry('y', 1, 2)])).toEqual({ give: [], want: [] });
    expect(compareLeaf(own, [entry('x', 1, 1)])).toEqual({ give: ['x', 'y'], want: [hash(1)] });
    expect(compareLeaf([entry('x', 1, 1)], own)).toEqual({ give: ['x'], want: [hash(1)] });
  });
});

describe('two versions that differ in what they say alone', () => {
  const [low, high] = ['01', 'f1'].map((digits) => digits.padEnd(32, '0')) as [PeerId, PeerId];
  const versions: readonly (readonly [string, Version, Version])[] = [
    ['without a member', { ...version(1, 7), content: 1 }, { ...version(1, 7), content: 2 ** 32 - 1 }],
    [
      'of a member',
      { major: 1, minor: 7, by: low, content: 1 },
      { major: 1, minor: 7, by: low, content: 2 ** 32 - 1 },
    ],
    ['of a later sequence', { ...version(1, 7), content: 2 ** 32 - 1 }, { ...version(1, 8), content: 0 }],
    [
      'of a higher member',
      { major: 1, minor: 7, by: low, content: 2 ** 32 - 1 },
      { major: 1, minor: 7, by: high, content: 0 },
    ],
  ];

  test.each(versions)(
    '(%s) are told apart in every round, and the same one is given',
    (_what, older, newer) => {
      const [one, other] = [older, newer].map((said) => treeWith([{ ...entry('k', 1), version: said }]));
      for (const exact of [true, false]) {
        const [part] = cutLeaves(other!, [5], { exact, summariesMax: 1 })[0]!;
        expect(compareLeaf(coveredBy(one!, part!, exact), part!.entries).want).toHaveLength(1);
        const [back] = cutLeaves(one!, [5], { exact, summariesMax: 1 })[0]!;
        expect(compareLeaf(coveredBy(other!, back!, exact), back!.entries).give).toEqual(['k']);
      }
    },
  );

  test('are told apart by a leaf, and shortened ones stay within what a number holds', () => {
    const most = { major: 2 ** 48, minor: 2 ** 48, by: null, content: 2 ** 32 - 1 };
    const [part] = cutLeaves(treeWith([{ ...entry('k', 1), version: most }]), [5], {
      exact: false,
      summariesMax: 1,
    })[0]!;
    expect(Number.isSafeInteger(part!.entries[0]!.version.minor)).toBe(true);
    const roots = [1, 2].map((content) => {
      const tree = createHashTree(1);
      tree.set('k', { ...version(1), content });
      return tree.root();
    });
    expect(roots[0]).not.toEqual(roots[1]);
  });
});

describe('cutting leaves into frames', () => {
  test('nothing to name is still a frame', () => {
    expect(cutLeaves(treeWith([]), [5], { exact: true, summariesMax: 256 })).toEqual([
      [{ index: 5, after: null, upTo: null, entries: [] }],
    ]);
    expect(cutLeaves(treeWith([]), [], { exact: true, summariesMax: 256 })).toEqual([[]]);
  });

  test('a leaf too large for a frame is cut into ranges that meet', () => {
    const tree = treeWith(Array.from({ length: 70 }, (_, at) => entry(`k${at}`, at)));
    const bounds = cutLeaves(tree, [4, 5, 6], { exact: true, summariesMax: 32 }).map((frame) =>
      frame.map(({ index, after, upTo, entries }) => [index, after?.low, upTo?.low, entries.length]),
    );
    expect(bounds).toEqual([
      [
        [4, undefined, undefined, 0],
        [5, undefined, 31, 32],
      ],
      [[5, 31, 63, 32]],
      [
        [5, 63, undefined, 6],
        [6, undefined, undefined, 0],
      ],
    ]);
  });

  test('keys that share a hash stay in one frame, and a crowd of them is cut down', () => {
    const entries = [
      ...Array.from({ length: 20 }, (_, at) => entry(`k${at}`, at)),
      ...Array.from({ length: 40 }, (_, at) => entry(`crowd${100 + at}`, 99)),
      entry('last', 100),
    ];
    const frames = cutLeaves(treeWith(entries), [5], { exact: true, summariesMax: 32 });
    expect(frames.map((frame) => frame.flatMap((part) => part.entries).length)).toEqual([
      20,
      HASH_GROUP_MAX + 1,
    ]);
    const differences = frames
      .flat()
      .map((part) => compareLeaf(coveredBy(treeWith(entries), part, true), part.entries));
    expect(differences).toEqual([
      { give: [], want: [] },
      { give: [], want: [] },
    ]);
  });
});

const entries = fc.uniqueArray(fc.tuple(fc.nat({ max: 300 }), fc.integer({ min: 1, max: 3 })), {
  selector: ([low]) => low,
  maxLength: 200,
});
const toEntries = (pairs: readonly (readonly [number, number])[]): TreeEntry[] =>
  pairs.toSorted(([x], [y]) => x - y).map(([low, major]) => entry(`k${low}`, low, major));

describe('cut leaves', () => {
  test.prop([entries, entries, fc.integer({ min: 32, max: 80 })], { seed: 7, numRuns: 100 })(
    'however it is cut, every frame is sound and the answers are those to the whole',
    (ours, theirs, summariesMax) => {
      const own = toEntries(ours);
      const whole = toEntries(theirs);
      const frames = cutLeaves(treeWith(whole), [5], { exact: true, summariesMax });
      const config = { ...defaultReconcileConfig, summariesPerFrameMax: summariesMax };
      for (const leaves of frames)
        expect(
          areSoundLeaves({ kind: 'leaves', table: 'state', exact: true, leaves, last: true }, config),
        ).toBe(true);
      const answers = frames
        .flat()
        .map((part) => compareLeaf(coveredBy(treeWith(own), part, true), part.entries));
      expect({
        give: answers.flatMap((answer) => answer.give),
        want: answers.flatMap((answer) => answer.want),
      }).toEqual(compareLeaf(own, whole));
    },
  );

  test('a frame with more summaries than allowed is not sound', () => {
    const parts = cutLeaves(treeWith(Array.from({ length: frameMax + 1 }, (_, at) => entry('', at))), [5], {
      exact: true,
      summariesMax: 1_000,
    });
    expect(
      areSoundLeaves(
        { kind: 'leaves', table: 'state', exact: true, leaves: parts[0]!, last: true },
        defaultReconcileConfig,
      ),
    ).toBe(false);
  });
});

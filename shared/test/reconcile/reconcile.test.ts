import { describe, expect, test } from 'vitest';
import { hashText, ZERO_HASH, type Hash64 } from '#shared/base/hash.ts';
import { checkReconcileConfig, defaultReconcileConfig } from '#shared/reconcile/config.ts';
import { leafOf } from '#shared/reconcile/hash-tree.ts';
import {
  type LeafPart,
  type ReconcileEffect,
  type ReconcileMessage,
  type Roots,
  type TableName,
  TABLES,
} from '#shared/reconcile/messages.ts';
import { a, b, c, createParty, type Party, version } from './fixture.ts';

const sixteen: readonly Hash64[] = Array.from({ length: 16 }, () => ({ high: 1, low: 2 }));
const otherRoots: Roots = { roster: ZERO_HASH, state: ZERO_HASH, presence: ZERO_HASH };
const kindsOf = (effects: readonly ReconcileEffect[]): string[] =>
  effects.map((effect) => (effect.kind === 'send' ? effect.message.kind : effect.kind));
const from = (peer: typeof a, message: ReconcileMessage) =>
  ({ kind: 'message', from: peer, message }) as const;
const misbehaved = (peer: typeof a, reason: string): ReconcileEffect => ({
  kind: 'peerMisbehaved',
  peer,
  reason,
});

/** `b` with one record, and `a` its neighbor, who has begun nothing yet. */
function partyB(): Party {
  const party = createParty(b);
  party.put('state', 'x', version(3));
  party.handle({ kind: 'neighborUp', peer: a });
  return party;
}
const xHash = hashText('x');
const xLeaf = leafOf(xHash);
const part = (index: number, entries: LeafPart['entries'] = []): LeafPart => ({
  index,
  after: null,
  upTo: null,
  entries,
});
const leaves = (parts: readonly LeafPart[], last: boolean = true): ReconcileMessage => ({
  kind: 'leaves',
  table: 'state',
  exact: true,
  leaves: parts,
  last,
});

/** That nothing differs. */
const answer = (peer: typeof a, table: TableName) =>
  from(peer, { kind: 'middle', table, exact: true, nodes: [] });

const { differingMsMin } = defaultReconcileConfig;

describe('who begins a round', () => {
  test('on a new link the lower id does, for each table', () => {
    const low = createParty(a);
    const effects = low.handle({ kind: 'neighborUp', peer: b });
    expect(
      effects.map((effect) => effect.kind === 'send' && [effect.message.kind, effect.message.table]),
    ).toEqual(TABLES.map((table) => ['top', table]));
    expect(createParty(b).handle({ kind: 'neighborUp', peer: a })).toEqual([]);
  });

  test.each([
    ['two', 'lower', c, 2],
    ['six', 'higher', a, 6],
  ] as const)(
    'a root that differed on %s heartbeats in a row makes the %s id begin one',
    (_count, _id, peer, count) => {
      const party = partyB();
      // The lower id begins a round at once.
      party.handle({ kind: 'neighborUp', peer }, 0);
      const equal = party.layer.inspect().roots;
      let atMs = 5_000;
      const hear = (times: number, roots: Roots): string[] =>
        Array.from({ length: times }, () => {
          atMs += differingMsMin;
          return kindsOf(party.handle({ kind: 'roots', from: peer, roots }, atMs));
        }).flat();
      const differing = { ...equal, state: ZERO_HASH };
      expect(hear(count - 1, differing)).toEqual([]);
      expect(hear(1, equal)).toEqual([]);
      expect(hear(count - 1, differing)).toEqual([]);
      expect(hear(1, differing)).toEqual(['top']);
    },
  );

  test('roots that change between heartbeats need twice as many: each may lack another record on its way', () => {
    const party = partyB();
    party.handle({ kind: 'neighborUp', peer: c }, 0);
    const equal = party.layer.inspect().roots;
    const moving = [1, 2, 3, 4].map((low) => ({ ...equal, state: { high: 0, low } }));
    const hear = (roots: readonly Roots[], fromMs: number): string[][] =>
      roots.map((each, at) =>
        kindsOf(party.handle({ kind: 'roots', from: c, roots: each }, fromMs + at * differingMsMin)),
      );
    expect(hear(moving, 5_000)).toEqual([[], [], [], ['top']]);
    // Once they stand still, two that show the same are enough, whatever came before.
    const [first, second] = moving;
    expect(hear([first!, second!, second!], 20_000)).toEqual([[], [], ['top']]);
    expect(hear([first!, equal, second!, second!], 40_000)).toEqual([[], [], [], ['top']]);
  });

  test('the higher id waits for three times as many of these, too', () => {
    const party = partyB();
    const { roots } = party.layer.inspect();
    const hear = Array.from({ length: 12 }, (_, at) =>
      kindsOf(
        party.handle(
          { kind: 'roots', from: a, roots: { ...roots, state: { high: 0, low: at + 1 } } },
          5_000 + at * differingMsMin,
        ),
      ),
    );
    expect(hear).toEqual([...Array.from({ length: 11 }, () => []), ['top']]);
  });

  test('heartbeats in one breath make nobody begin one: what they lack may be on its way', () => {
    const party = partyB();
    const hear = (atMs: number): string[] =>
      kindsOf(party.handle({ kind: 'roots', from: c, roots: otherRoots }, atMs));
    party.handle({ kind: 'neighborUp', peer: c }, 0);
    expect([5_000, 5_001, 5_000 + differingMsMin - 1].flatMap(hear)).toEqual([]);
    expect(hear(5_000 + differingMsMin)).toEqual(['top', 'top', 'top']);
  });

  test('where pings cross, and heartbeats come in pairs, the lower id still begins before the higher', () => {
    const begunBy = (peer: typeof a): number => {
      const party = partyB();
      party.handle({ kind: 'neighborUp', peer }, 0);
      const differing = { ...party.layer.inspect().roots, state: ZERO_HASH };
      return [0, 727, 750, 1_477, 1_500, 2_227, 2_250, 2_977, 3_000].findIndex(
        (atMs) => party.handle({ kind: 'roots', from: peer, roots: differing }, 5_000 + atMs).length > 0,
      );
    };
    // The other end of the link hears the first of them up to 750 ms later.
    expect([begunBy(c), begunBy(a)]).toEqual([3, 7]);
  });

  test('every second one in a row is exact, until the roots are equal again', () => {
    const party = partyB();
    party.handle({ kind: 'neighborUp', peer: c }, 0);
    const equal = party.layer.inspect().roots;
    const differing = { ...equal, state: ZERO_HASH };
    const exactAt = (atMs: number): boolean[] => {
      const exact = [0, 300, 600, 900]
        .flatMap((later) => party.handle({ kind: 'roots', from: c, roots: differing }, atMs + later))
        .flatMap((effect) =>
          effect.kind === 'send' && effect.message.kind === 'top' ? [effect.message.exact] : [],
        );
      party.handle(answer(c, 'state'), atMs + 950);
      return exact;
    };
    party.handle({ kind: 'roots', from: c, roots: equal }, 1_000);
    expect([10_000, 20_000, 30_000].map(exactAt)).toEqual([[false], [true], [false]]);
    party.handle({ kind: 'roots', from: c, roots: equal }, 39_000);
    expect(exactAt(40_000)).toEqual([false]);
    // One that the neighbor began counts as well.
    party.handle({ kind: 'roots', from: c, roots: equal }, 49_000);
    party.handle(from(c, { kind: 'top', table: 'state', exact: false, hashes: sixteen }), 50_000);
    expect(exactAt(60_000)).toEqual([true]);
  });

  test('at most one per table and link in 5 s, whoever began it', () => {
    const party = partyB();
    const hear = (peer: typeof a, atMs: number): string[] =>
      kindsOf(party.handle({ kind: 'roots', from: peer, roots: otherRoots }, atMs));
    const tick = (atMs: number): string[] => [0, 0, 0].flatMap(() => hear(a, atMs));
    party.handle({ kind: 'neighborUp', peer: c });
    expect([tick(0), tick(2_400), tick(4_000), tick(7_399)]).toEqual([[], ['top', 'top', 'top'], [], []]);
    expect(tick(7_400)).toEqual(['top', 'top', 'top']);
    for (const table of TABLES) party.handle(answer(a, table), 7_400);
    // Another link has a limit of its own.
    hear(c, 8_000);
    expect(hear(c, 9_000)).toHaveLength(3);
    // A round that the neighbor began counts as well.
    party.handle(from(a, { kind: 'top', table: 'state', exact: true, hashes: sixteen }), 13_000);
    expect(tick(13_000)).toEqual([]);
    expect(hear(a, 14_000)).toEqual(['top', 'top']);
  });

  test('while nothing comes back of one the pauses grow: they may all be on their way', () => {
    const sender = createParty(b);
    const receiver = createParty(c);
    sender.handle({ kind: 'neighborUp', peer: c }, 0);
    for (const table of TABLES) sender.handle(answer(c, table), 0);
    receiver.handle({ kind: 'neighborUp', peer: b }, 0);
    const roots = { ...sender.layer.inspect().roots, state: { high: 1, low: 1 } };
    const beginIn = (fromS: number, untilS: number): [number, ReconcileMessage][] =>
      Array.from({ length: untilS - fromS }, (_, at) => fromS + at).flatMap((atS) =>
        sender
          .handle({ kind: 'roots', from: c, roots }, atS * 1_000)
          .flatMap((effect): [number, ReconcileMessage][] =>
            effect.kind === 'send' ? [[atS, effect.message]] : [],
          ),
      );
    const begun = beginIn(1, 36);
    const [first = 0] = begun[0] ?? [];
    expect(begun.map(([atS]) => atS - first)).toEqual([0, 5, 15]);
    // They come to the neighbor in one breath: that is no flood.
    for (const [, message] of begun) {
      expect(kindsOf(receiver.handle(from(b, message), 36_000))).toEqual(['middle']);
    }
    // And once one is answered they are as far apart as ever.
    sender.handle(answer(c, 'state'), 36_000);
    expect(beginIn(37, 43).map(([atS]) => atS)).toEqual([37, 42]);
  });

  test('of two that begin at once the lower id goes on, and the other answers', () => {
    const low = createParty(a);
    const high = partyB();
    low.handle({ kind: 'neighborUp', peer: b });
    const top: ReconcileMessage = { kind: 'top', table: 'state', exact: true, hashes: sixteen };
    expect(low.handle(from(b, top))).toEqual([]);
    for (const atMs of [0, 500, 1_000, 1_500, 2_000, 2_500])
      high.handle({ kind: 'roots', from: a, roots: otherRoots }, atMs);
    expect(kindsOf(high.handle(from(a, top), 2_501))).toEqual(['middle']);
    // Its own round is over: an answer to it would go nowhere.
    expect(high.handle(from(a, { kind: 'middle', table: 'state', exact: true, nodes: [] }), 2_502)).toEqual(
      [],
    );
    // A top of ours that nobody answered does not keep the neighbor from beginning for ever.
    expect(kindsOf(low.handle(from(b, top), 5_000))).toEqual(['middle']);
  });
});

describe('the answers', () => {
  test('to equal tables: no node; then the round is done and ended on both sides', () => {
    const low = createParty(a);
    const high = createParty(b);
    high.handle({ kind: 'neighborUp', peer: a });
    const [top] = low.handle({ kind: 'neighborUp', peer: b });
    if (top?.kind !== 'send') throw new Error('no top');
    const [middle] = high.handle(from(a, top.message));
    expect(middle).toEqual({
      kind: 'send',
      to: a,
      message: { kind: 'middle', table: 'roster', exact: false, nodes: [] },
    });
    const done = { kind: 'roundDone', table: 'roster' } as const;
    expect(low.handle(from(b, { kind: 'middle', table: 'roster', exact: false, nodes: [] }))).toEqual([
      { kind: 'send', to: b, message: done },
      { kind: 'roundEnded', peer: b, table: 'roster' },
    ]);
    expect(high.handle(from(a, done))).toEqual([{ kind: 'roundEnded', peer: a, table: 'roster' }]);
    // Repeated, neither ends a second time.
    expect(high.handle(from(a, done))).toEqual([]);
    expect(low.handle(from(b, { kind: 'middle', table: 'roster', exact: false, nodes: [] }))).toEqual([]);
  });

  test('to leaves: the records go before the question, so that the end of the round is true', () => {
    const party = partyB();
    const yHash = { high: xHash.high, low: xHash.low ^ 1 };
    const entries = [{ keyHash: yHash, version: version(1) }];
    expect(party.handle(from(a, leaves([part(xLeaf, entries)])))).toEqual([
      { kind: 'give', to: a, table: 'state', keys: ['x'] },
      {
        kind: 'send',
        to: a,
        message: { kind: 'wantRecords', table: 'state', exact: true, keyHashes: [yHash], last: true },
      },
    ]);
  });

  test('to leaves that hold the same: nothing wanted, and only the last frame is answered', () => {
    const party = partyB();
    const same = part(xLeaf, [{ keyHash: xHash, version: version(3) }]);
    expect(party.handle(from(a, leaves([same], false)))).toEqual([]);
    expect(party.handle(from(a, leaves([same])))).toEqual([
      {
        kind: 'send',
        to: a,
        message: { kind: 'wantRecords', table: 'state', exact: true, keyHashes: [], last: true },
      },
    ]);
  });

  test('to a want: the records, and the end of the round after the last', () => {
    const party = createParty(a);
    party.put('state', 'x', version(3));
    party.handle({ kind: 'neighborUp', peer: b });
    const nodes = [{ index: Math.floor(xLeaf / 16), hashes: Array.from({ length: 16 }, () => ZERO_HASH) }];
    expect(party.handle(from(b, { kind: 'middle', table: 'state', exact: true, nodes }))).toEqual([
      { kind: 'send', to: b, message: leaves([part(xLeaf, [{ keyHash: xHash, version: version(3) }])]) },
    ]);
    const want = { kind: 'wantRecords', table: 'state', exact: true, keyHashes: [xHash, ZERO_HASH] } as const;
    const given: ReconcileEffect = { kind: 'give', to: b, table: 'state', keys: ['x'] };
    expect(party.handle(from(b, { ...want, last: false }))).toEqual([given]);
    expect(party.handle(from(b, { ...want, last: true }))).toEqual([
      given,
      { kind: 'send', to: b, message: { kind: 'roundDone', table: 'state' } },
      { kind: 'roundEnded', peer: b, table: 'state' },
    ]);
    // Repeated, it is answered once more and ends nothing.
    expect(party.handle(from(b, { ...want, last: true }))).toEqual([given]);
  });
});

const bad: Readonly<Record<string, ReconcileMessage>> = {
  'a top of 15 hashes': { kind: 'top', table: 'state', exact: true, hashes: sixteen.slice(1) },
  'a node above 15': { kind: 'middle', table: 'state', exact: true, nodes: [{ index: 16, hashes: sixteen }] },
  'a node below 0': { kind: 'middle', table: 'state', exact: true, nodes: [{ index: -1, hashes: sixteen }] },
  'half a node': { kind: 'middle', table: 'state', exact: true, nodes: [{ index: 0.5, hashes: sixteen }] },
  'a node of 17 hashes': {
    kind: 'middle',
    table: 'state',
    exact: true,
    nodes: [{ index: 0, hashes: [...sixteen, ZERO_HASH] }],
  },
  'a node named twice': {
    kind: 'middle',
    table: 'state',
    exact: true,
    nodes: [
      { index: 1, hashes: sixteen },
      { index: 1, hashes: sixteen },
    ],
  },
  'a leaf above 255': leaves([part(256)]),
  'a leaf named twice': leaves([part(1), part(1)]),
  'a key under another leaf': leaves([part((xLeaf + 1) % 256, [{ keyHash: xHash, version: version(1) }])]),
  'a bound under another leaf': leaves([
    { ...part(xLeaf), after: { high: ((xLeaf + 1) % 256) * 2 ** 24, low: 0 } },
  ]),
  'a key at the lower bound': leaves([
    { ...part(xLeaf, [{ keyHash: xHash, version: version(1) }]), after: xHash },
  ]),
  'a key above the upper bound': leaves([
    {
      ...part(xLeaf, [{ keyHash: xHash, version: version(1) }]),
      upTo: { high: xHash.high - 1, low: xHash.low },
    },
  ]),
  'keys that descend': leaves([
    part(xLeaf, [
      { keyHash: xHash, version: version(1) },
      { keyHash: { high: xHash.high - 1, low: xHash.low }, version: version(1) },
    ]),
  ]),
  'a key hash wanted twice': {
    kind: 'wantRecords',
    table: 'state',
    exact: true,
    keyHashes: [xHash, { ...xHash }],
    last: true,
  },
  '513 key hashes': {
    kind: 'wantRecords',
    table: 'state',
    exact: true,
    keyHashes: Array.from({ length: 513 }, (_, low) => ({ high: 0, low })),
    last: true,
  },
};

describe('what a neighbor may not do', () => {
  test.each(Object.entries(bad))('%s is refused as a bad round', (_, message) => {
    const party = partyB();
    const before = party.layer.inspect();
    expect(party.handle(from(a, message))).toEqual([misbehaved(a, 'bad-round')]);
    expect(party.layer.inspect()).toBe(before);
  });

  test('speak without a link', () => {
    const party = partyB();
    expect(party.handle(from(c, { kind: 'roundDone', table: 'state' }))).toEqual([
      misbehaved(c, 'not-a-neighbor'),
    ]);
    expect(party.handle({ kind: 'roots', from: c, roots: otherRoots })).toEqual([
      misbehaved(c, 'not-a-neighbor'),
    ]);
    party.handle({ kind: 'neighborDown', peer: a });
    expect(party.handle(from(a, { kind: 'roundDone', table: 'state' }))).toEqual([
      misbehaved(a, 'not-a-neighbor'),
    ]);
  });

  test('begin more than three rounds in 5 s', () => {
    const party = partyB();
    const top = from(a, { kind: 'top', table: 'state', exact: true, hashes: sixteen });
    const begin = (atMs: number): string[] => kindsOf(party.handle(top, atMs));
    expect([0, 1, 2].map(begin)).toEqual([['middle'], ['middle'], ['middle']]);
    expect(party.handle(top, 4_999)).toEqual([misbehaved(a, 'reconcile-flood')]);
    expect(begin(5_000)).toEqual(['middle']);
    // Another table has a quota of its own.
    expect(kindsOf(party.handle({ ...top, message: { ...top.message, table: 'roster' } }, 4_999))).toEqual([
      'middle',
    ]);
  });

  test('ask for the whole table more than three times in 5 s', () => {
    const party = partyB();
    for (let at = 0; at < 50; at++) party.put('state', `k${at}`, version(1));
    const all = from(a, leaves(Array.from({ length: 256 }, (_, index) => part(index))));
    const ask = (atMs: number): string[] => kindsOf(party.handle(all, atMs));
    expect([0, 1, 2].map(ask)).toEqual(Array.from({ length: 3 }, () => ['give', 'wantRecords']));
    expect(party.handle(all, 3)).toEqual([misbehaved(a, 'reconcile-flood')]);
    const want = from(a, {
      kind: 'wantRecords',
      table: 'state',
      exact: true,
      keyHashes: [xHash],
      last: true,
    });
    expect(party.handle(want, 4)).toEqual([misbehaved(a, 'reconcile-flood')]);
    expect(ask(5_000)).toEqual(['give', 'wantRecords']);
  });
});

describe('the picture of the layer', () => {
  test('keeps identity while nothing changes', () => {
    const party = partyB();
    const before = party.layer.inspect();
    party.handle({ kind: 'changed', table: 'state', key: 'x', version: version(3) });
    party.handle({ kind: 'removed', table: 'state', key: 'unknown' });
    party.handle({ kind: 'roots', from: a, roots: before.roots });
    expect(party.layer.inspect()).toBe(before);
    party.handle({ kind: 'removed', table: 'state', key: 'x' });
    expect(party.layer.inspect().sizes).toEqual({ roster: 0, state: 0, presence: 0 });
    expect(party.layer.inspect().roots.state).toEqual(party.layer.inspect().roots.roster);
  });

  test('counts what found no room', () => {
    const party = createParty(a, { recordsMax: 2 });
    for (const key of ['x', 'y', 'z'])
      party.handle({ kind: 'changed', table: 'state', key, version: version(1) });
    party.handle({ kind: 'changed', table: 'state', key: 'x', version: version(2) });
    expect(party.layer.inspect()).toMatchObject({ sizes: { state: 2 }, refused: 1 });
  });
});

test('a config out of bounds is our own mistake', () => {
  checkReconcileConfig(defaultReconcileConfig);
  for (const wrong of [
    { roundIntervalMs: 0 },
    { recordsMax: 0 },
    { summariesPerFrameMax: 31 },
    { quotaRounds: 1 },
  ])
    expect(() => checkReconcileConfig({ ...defaultReconcileConfig, ...wrong })).toThrow('broken invariant');
});

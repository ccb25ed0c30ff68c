/** Each checker of the swarm complains about what it is there for, and about nothing else. */
import { describe, expect, test } from 'vitest';
import { bytesToPeerId, epoch, type PeerId } from '#shared/base/ids.ts';
import { instant } from '#shared/base/time.ts';
import type { Input, LinkMessage } from '#shared/mesh/messages.ts';
import type { MakeChecker } from '#sim/swarm/checker.ts';
import type { Tab } from '#sim/swarm/draw.ts';
import {
  nobodyIsWronged,
  presencesAreEqual,
  roomIsWhole,
  rostersAreEqual,
  statesAreEqual,
  tablesRest,
  viewsAreSymmetric,
} from '#sim/swarm/liveness.ts';
import { everyVersionSaysOneThing } from '#sim/swarm/one-word.ts';
import { timersAreFew } from '#sim/swarm/odd-timers.ts';
import {
  circlesEnd,
  clocksRise,
  collectionsAreBounded,
  eventsAlternate,
  presenceIsOfMembers,
  roundsAreSpaced,
  viewsAreWellFormed,
} from '#sim/swarm/safety.ts';
import { a, a2, b2, b, bench, c, joined, left, start, tabOf, type Shows } from './checker-bench.ts';

describe('the checker of views', () => {
  test.each<[string, Shows]>([
    ['that hold their owner', { links: [a] }],
    ['that hold somebody twice', { links: [b], reserves: [b] }],
    [
      'that are too large',
      { links: Array.from({ length: 11 }, (_, at) => bytesToPeerId(new Uint8Array(16).fill(50 + at))) },
    ],
  ])('complains of views %s', (_what, shows) => {
    const tab = tabOf(a, shows);
    const { stepped, complaints } = bench(viewsAreWellFormed, [tab]);
    stepped(tab, start);
    expect(complaints).toHaveLength(1);
  });

  test('is content with others', () => {
    const tab = tabOf(a, { links: [b], reserves: [c] });
    const { stepped, complaints } = bench(viewsAreWellFormed, [tab]);
    stepped(tab, start);
    expect(complaints).toEqual([]);
  });
});

describe('the checker of events', () => {
  test('complains of a member that comes twice, one that goes unseen, and oneself', () => {
    const tab = tabOf(a);
    const { told, complaints } = bench(eventsAlternate, [tab]);
    for (const event of [joined(b), left(b), joined(b)]) told(tab, event);
    expect(complaints).toEqual([]);
    for (const event of [joined(b), left(c), joined(a)]) told(tab, event);
    expect(complaints).toHaveLength(3);
  });

  test('complains of a list that is not what was told', () => {
    const tab = tabOf(a, { members: [a, b] });
    const { told, checker, complaints } = bench(eventsAlternate, [tab]);
    told(tab, joined(b));
    checker.look?.();
    expect(complaints).toEqual([]);
    told(tab, joined(c));
    checker.look?.();
    expect(complaints).toHaveLength(1);
  });
});

describe('the checker of versions', () => {
  const says = (seq: number, value: number, by: PeerId = a): LinkMessage => ({
    kind: 'delta',
    table: 'presence',
    records: [{ owner: by, epoch: epoch(1), field: 'cursor', seq, value, proof: null }],
  });

  test('complains of one that says two things, and of each further one', () => {
    const tab = tabOf(a);
    const { sent, complaints } = bench(everyVersionSaysOneThing, [tab]);
    for (const [seq, value] of [
      [1, 1],
      [1, 1],
      [2, 2],
    ] as const)
      sent(tab, b, says(seq, value));
    expect(complaints).toEqual([]);
    sent(tab, c, says(1, 2));
    sent(tab, b, says(2, 1));
    expect(complaints).toHaveLength(2);
  });

  test('is content with whoever passes on what another says', () => {
    const tab = tabOf(b);
    const { sent, complaints } = bench(everyVersionSaysOneThing, [tab]);
    sent(tab, c, says(1, 1));
    sent(tab, c, says(1, 2));
    expect(complaints).toEqual([]);
  });
});

describe('the checker of clocks', () => {
  test('complains of one that runs back', () => {
    const writes: Input = {
      kind: 'command',
      command: { kind: 'write', collection: 'notes', key: 'x', value: 1 },
    };
    let clock = 100;
    const tab = tabOf(a);
    const turning = { ...tab, node: { inspect: () => ({ state: { clock: { wall: clock, counter: 0 } } }) } };
    const { stepped, complaints } = bench(clocksRise, [turning as unknown as Tab]);
    stepped(turning as unknown as Tab, writes);
    clock = 99;
    stepped(turning as unknown as Tab, writes);
    expect(complaints).toHaveLength(1);
  });
});

describe.each<[string, MakeChecker, good: readonly Tab[], bad: readonly Tab[]]>([
  [
    'presence',
    presenceIsOfMembers,
    [tabOf(a, { members: [a, b], presence: new Map([[b, { name: 'b' }]]) })],
    [tabOf(a, { members: [a], presence: new Map([[b, { name: 'b' }]]) })],
  ],
  ['limits', collectionsAreBounded, [tabOf(a, { cached: 2_048 })], [tabOf(a, { cached: 2_049 })]],
  ['the component', roomIsWhole, [tabOf(a, { links: [b] }), tabOf(b, { links: [a] })], [tabOf(a), tabOf(b)]],
  [
    'symmetry',
    viewsAreSymmetric,
    [tabOf(a, { links: [b] }), tabOf(b, { links: [a] })],
    [tabOf(a, { links: [b] }), tabOf(b)],
  ],
  [
    'rosters that lack somebody',
    rostersAreEqual,
    [tabOf(a, { members: [a, b] }), tabOf(b, { members: [a, b] })],
    [tabOf(a, { members: [a, b] }), tabOf(b)],
  ],
  ['ghosts', rostersAreEqual, [tabOf(a)], [tabOf(a, { members: [a, c] })]],
  ['suspects', rostersAreEqual, [tabOf(a)], [tabOf(a, { suspects: [a] })]],
  [
    'states',
    statesAreEqual,
    [tabOf(a, { state: { x: 1 } }), tabOf(b, { state: { x: 1 } })],
    [tabOf(a, { state: { x: 1 } }), tabOf(b, { state: { x: 2 } })],
  ],
  [
    'what is shown',
    presencesAreEqual,
    [tabOf(a, { presence: new Map([[a, { n: 1 }]]) })],
    [tabOf(a, { presence: new Map([[a, { n: 1 }]]) }), tabOf(b)],
  ],
])('the checker of %s', (_name, make, good, bad) => {
  const complaintsAbout = (tabs: readonly Tab[]): readonly string[] => {
    const { checker, complaints } = bench(make, tabs);
    checker.look?.();
    checker.whenCalm?.();
    return complaints;
  };

  test('is content with what is well, and complains of what is not', () => {
    expect(complaintsAbout(good)).toEqual([]);
    expect(complaintsAbout(bad)).toHaveLength(1);
  });
});

describe('the checker of rest', () => {
  const tab = tabOf(a);
  const restAfter = (tops: number): readonly string[] => {
    const compares = (): void => {
      for (let top = 0; top < tops; top++) {
        checker.observer?.sent?.(tab, b, { kind: 'top', table: 'state', exact: false, hashes: [] }, 1);
      }
    };
    const { checker, complaints } = bench(tablesRest, [tab], compares);
    compares();
    expect(complaints).toEqual([]);
    checker.whenCalm?.();
    return complaints;
  };

  test('complains of who compares the same table on and on when all is calm, not of who does now and then', () => {
    expect(restAfter(2)).toEqual([]);
    expect(restAfter(3)).toHaveLength(1);
  });

  test('is content with two pairs of the same names, and with both ends that begin', () => {
    const { checker, complaints } = bench(tablesRest, [tab], () => {
      checker.observer?.sent?.(tabOf(b), a, { kind: 'top', table: 'state', exact: false, hashes: [] }, 1);
      for (const to of [b, b2])
        for (let top = 0; top < 2; top++)
          checker.observer?.sent?.(tab, to, { kind: 'top', table: 'state', exact: false, hashes: [] }, 1);
    });
    checker.whenCalm?.();
    expect(complaints).toEqual([]);
  });
});

describe('the checker of timers', () => {
  const [tab, namesake] = [tabOf(a), tabOf(a2)];
  const watch: Input = {
    kind: 'timer',
    timer: { layer: 'membership', timer: { kind: 'watch', token: 1, dueAt: instant(0) } },
  };
  const complaintsAfter = (times: number): readonly string[] => {
    const { checker, stepped, complaints } = bench(timersAreFew, [tab, namesake], () => {
      for (let time = 0; time < times; time++) stepped(tab, watch);
      for (let time = 0; time < 41; time++) stepped(namesake, watch);
    });
    for (let time = 0; time < 100; time++) stepped(tab, watch);
    checker.whenCalm?.();
    return complaints;
  };

  test('complains of one kind that comes oftener in calm than any should, whatever came before', () => {
    expect(complaintsAfter(41)).toEqual([]);
    expect(complaintsAfter(42)).toHaveLength(1);
  });
});

describe('the checker of rounds', () => {
  test('complains of who compares again and again at once, not of who does now and then', () => {
    const { checker, pass, complaints } = bench(roundsAreSpaced, [tabOf(a)]);
    const compareEvery = (ms: number, others: readonly PeerId[]): void => {
      for (let round = 0; round < 4; round++) {
        pass(ms);
        const to = others[round % others.length]!;
        checker.observer?.sent?.(tabOf(a), to, { kind: 'top', table: 'state', exact: false, hashes: [] }, 1);
      }
    };
    compareEvery(5_000, [b]);
    pass(5_000);
    compareEvery(100, [b, b2]);
    expect(complaints).toEqual([]);
    pass(5_000);
    compareEvery(100, [b]);
    expect(complaints).not.toEqual([]);
  });
});

describe('the checker of wrongs', () => {
  test('complains of a blame, and of the death of one who lives, when all has long been calm', () => {
    const tab = tabOf(a);
    const { checker, told, pass, complaints } = bench(nobodyIsWronged, [tab, tabOf(b)]);
    const wrong = (): void => {
      told(tab, left(b));
      told(tab, { kind: 'peerMisbehaved', peer: b, reason: 'any' });
    };
    wrong();
    checker.calmed?.();
    wrong();
    expect(complaints).toEqual([]);
    pass(30_000);
    told(tab, left(c));
    expect(complaints).toEqual([]);
    wrong();
    expect(complaints).toHaveLength(2);
  });
});

describe('the checker of circles', () => {
  test('ends a run that would not end by itself', () => {
    const tab = tabOf(a);
    const { stepped } = bench(circlesEnd, [tab]);
    for (let step = 0; step < 500_000; step++) stepped(tab, start);
    expect(() => stepped(tab, start)).toThrow('circles');
  });
});

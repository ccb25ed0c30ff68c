/** Each checker of the swarm complains about what it is there for, and about nothing else. */
import { describe, expect, test } from 'vitest';
import { bytesToPeerId, epoch, type PeerId } from '#shared/base/ids.ts';
import { instant } from '#shared/base/time.ts';
import type { Command, Effect, Input, LinkMessage, MeshEvent } from '#shared/mesh/messages.ts';
import type { MakeChecker } from '#sim/swarm/checker.ts';
import { copiesAreFew, copiesAreNotRepeated } from '#sim/swarm/copies.ts';
import { messagesComeOnce } from '#sim/swarm/deliveries.ts';
import { DIRECT_TOPIC, directsArriveOnce } from '#sim/swarm/directs.ts';
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
import { a, b, bench, c, joined, left, message, publish, start, tabOf, type Shows } from './checker-bench.ts';
import { numberToReceipt } from '#sim/receipts.ts';

/** Other ids whose first digits, by which complaints name them, are those of the same letter. */
const [a2, b2] = [1, 2].map((byte) => bytesToPeerId(new Uint8Array(16).fill(byte).fill(9, 8))) as [
  PeerId,
  PeerId,
];

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

describe('the checker of messages', () => {
  test('complains of one that comes twice, out of order, or to its sender', () => {
    const tab = tabOf(a);
    const { told, complaints } = bench(messagesComeOnce, [tab]);
    told(tab, joined(b));
    for (const number of [1, 2, 4]) told(tab, message(b, number));
    expect(complaints).toEqual([]);
    told(tab, message(b, 4));
    told(tab, message(b, 3));
    told(tab, message(a, 1));
    expect(complaints).toHaveLength(3);
  });

  test.each([
    ['of one that is older than it may be', 71_000, 0, 1],
    ['of none that is as old as it may be', 70_000, 0, 0],
    ['of none that has waited in the queue of a starved tab', 90_000, 20_000, 0],
  ])('complains %s', (_what, ageMs, behindMs, complaintsMade) => {
    const [hearer, speaker] = [tabOf(a, { behindMs }), tabOf(b)];
    const { told, stepped, pass, complaints } = bench(messagesComeOnce, [hearer, speaker]);
    told(hearer, joined(b));
    stepped(speaker, publish(1));
    pass(ageMs);
    told(hearer, message(b, 1));
    expect(complaints).toHaveLength(complaintsMade);
  });

  test('complains, when all is calm, of one that neither came nor was told to be missed', () => {
    const [hearer, speaker] = [tabOf(a), tabOf(b)];
    const { told, stepped, checker, complaints } = bench(messagesComeOnce, [hearer, speaker]);
    told(hearer, joined(b));
    for (const number of [1, 2, 3]) stepped(speaker, publish(number));
    told(hearer, message(b, 1));
    told(hearer, message(b, 3));
    checker.whenCalm?.();
    expect(complaints).toHaveLength(1);
    told(hearer, { kind: 'gap', from: b, missed: 1 });
    checker.whenCalm?.();
    expect(complaints).toHaveLength(1);
  });

  test('lets a newcomer miss what was said until five seconds after its first link, and nothing later', () => {
    const [hearer, speaker] = [tabOf(a), tabOf(b)];
    const { told, stepped, pass, checker, complaints } = bench(messagesComeOnce, [hearer, speaker]);
    told(hearer, { kind: 'linkOpened', peer: b });
    told(hearer, joined(b));
    pass(4_900);
    stepped(speaker, publish(1));
    pass(200);
    stepped(speaker, publish(2));
    told(hearer, message(b, 2));
    checker.whenCalm?.();
    expect(complaints).toEqual([]);
    stepped(speaker, publish(3));
    stepped(speaker, publish(4));
    told(hearer, message(b, 4));
    checker.whenCalm?.();
    expect(complaints).toHaveLength(1);
  });

  test('lets who lost its last link before it heard anybody miss what was said until then, and nothing later', () => {
    const [hearer, speaker] = [tabOf(a), tabOf(b)];
    const { told, stepped, pass, checker, complaints } = bench(messagesComeOnce, [hearer, speaker]);
    told(hearer, { kind: 'linkOpened', peer: b });
    told(hearer, joined(b));
    pass(6_000);
    stepped(speaker, publish(1));
    told(hearer, { kind: 'linkClosed', peer: b, reason: 'closed' });
    stepped(speaker, publish(2));
    pass(1_000);
    told(hearer, { kind: 'linkOpened', peer: b });
    pass(4_900);
    stepped(speaker, publish(3));
    pass(200);
    stepped(speaker, publish(4));
    told(hearer, message(b, 4));
    checker.whenCalm?.();
    expect(complaints).toEqual([]);
    stepped(speaker, publish(5));
    stepped(speaker, publish(6));
    told(hearer, message(b, 6));
    checker.whenCalm?.();
    expect(complaints).toHaveLength(1);
  });

  test('complains of a newest one that is lacking', () => {
    const [hearer, speaker] = [tabOf(a), tabOf(b)];
    const { told, stepped, checker, complaints } = bench(messagesComeOnce, [hearer, speaker]);
    told(hearer, joined(b));
    stepped(speaker, publish(1));
    checker.whenCalm?.();
    expect(complaints).toHaveLength(2);
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

describe('the checker of direct messages', () => {
  const [sender, target, other] = [tabOf(a), tabOf(b), tabOf(c)];
  const direct = (token: number): MeshEvent => ({
    kind: 'message',
    topic: DIRECT_TOPIC,
    data: { token, to: b },
    from: a,
    hops: 1,
  });
  const sendTo = (token: number): Input => ({
    kind: 'command',
    command: {
      kind: 'sendTo',
      token,
      to: b,
      topic: DIRECT_TOPIC,
      data: { token, to: b },
      receipt: numberToReceipt(token),
    },
  });

  test('complains of one that is told twice, or to whom it is not for', () => {
    const { told, complaints } = bench(directsArriveOnce, [sender, target, other]);
    told(target, direct(1));
    told(sender, { kind: 'delivered', token: 1 });
    expect(complaints).toEqual([]);
    told(target, direct(1));
    told(other, direct(2));
    expect(complaints).toHaveLength(2);
  });

  test('complains of one that ends twice, and of one that is delivered without being told', () => {
    const { told, complaints } = bench(directsArriveOnce, [sender, target]);
    told(sender, { kind: 'undeliverable', token: 1 });
    expect(complaints).toEqual([]);
    told(sender, { kind: 'undeliverable', token: 1 });
    told(sender, { kind: 'delivered', token: 2 });
    expect(complaints).toHaveLength(2);
  });

  test('complains, when all is calm, of one that never ended', () => {
    const { stepped, told, checker, complaints } = bench(directsArriveOnce, [sender, target]);
    for (const token of [1, 2]) stepped(sender, sendTo(token));
    told(sender, { kind: 'undeliverable', token: 1 });
    checker.whenCalm?.();
    expect(complaints).toHaveLength(1);
  });

  test('complains of one that is undeliverable though all is calm', () => {
    const commanded = (tab: Tab, command: Command): void => {
      if (command.kind !== 'sendTo') return;
      stepped(tab, { kind: 'command', command });
      told(tab, { kind: 'undeliverable', token: command.token });
    };
    const { stepped, told, checker, complaints } = bench(
      directsArriveOnce,
      [sender, target],
      () => {},
      commanded,
    );
    checker.whenCalm?.();
    expect(complaints).toHaveLength(2);
  });
});

describe('the checkers of copies', () => {
  const tabs = [tabOf(a), tabOf(b)];
  const gossip = (topic: string): LinkMessage => ({
    kind: 'gossip',
    origin: a,
    epoch: epoch(1),
    lane: 'reliable',
    seq: 1,
    hot: true,
    round: 0,
    ageMs: 0,
    follows: null,
    proof: null,
    payload: { kind: 'topic', topic, data: 1 },
  });

  /** What is said of messages that come in so many frames each. */
  const complaintsAt = (copies: number): readonly string[] => {
    const onCommand = (tab: Tab, command: Command): void => {
      if (command.kind !== 'publish') return;
      const { topic, data } = command;
      for (let copy = 0; copy < copies; copy++) checker.observer?.sent?.(tab, b, gossip(topic), 1);
      told(tabs[1]!, { kind: 'message', topic, data, from: a, hops: 1 });
    };
    const { checker, told, complaints } = bench(copiesAreFew, tabs, () => {}, onCommand);
    checker.whenCalm?.();
    return complaints;
  };

  test('complain of messages that come twice to everybody, not of those that come once', () => {
    expect(complaintsAt(1)).toEqual([]);
    expect(complaintsAt(2)).toHaveLength(1);
  });

  test('complain of one that is sent to a neighbor a third time, not of one that was asked for, or goes to others', () => {
    const { stepped, complaints } = bench(copiesAreNotRepeated, tabs);
    const to = (peer: PeerId): readonly Effect[] => [{ kind: 'send', to: peer, message: gossip('any') }];
    stepped(tabs[0]!, start, [...to(b), ...to(b2), ...to(c)]);
    stepped(tabs[0]!, start, [...to(b), ...to(b2), ...to(c)]);
    stepped(
      tabs[0]!,
      { kind: 'frame', from: b, message: { kind: 'graft', trees: [], wants: [] }, bytes: 1 },
      to(b),
    );
    expect(complaints).toEqual([]);
    stepped(tabs[0]!, start, to(b));
    expect(complaints).toHaveLength(1);
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

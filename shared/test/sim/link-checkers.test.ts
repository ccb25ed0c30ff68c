/** The checkers of links, lives, clocks, what is shown, and who gives up: each complains of its one fault only. */
import { describe, expect, test } from 'vitest';
import { epoch, incarnation, type PeerId } from '#shared/base/ids.ts';
import type { Effect, Input, LinkMessage, MeshEvent } from '#shared/mesh/messages.ts';
import { WALL_START_MS } from '#sim/tab.ts';
import { clocksStayNear } from '#sim/swarm/clocks.ts';
import type { Tab } from '#sim/swarm/draw.ts';
import { nobodyGivesUpEarly } from '#sim/swarm/giving-up.ts';
import { framesCountOnce, linksAreSynced, roundsEnd } from '#sim/swarm/links.ts';
import { refutationsCount, theDeafDoubt } from '#sim/swarm/lives.ts';
import { newestIsShown } from '#sim/swarm/shown.ts';
import { a, b, bench, c, d, joined, left, start, tabOf } from './checker-bench.ts';
import { numberToReceipt } from '#sim/receipts.ts';

const frame = (from: PeerId, message: LinkMessage): Input => ({ kind: 'frame', from, message, bytes: 1 });
const send = (to: PeerId, message: LinkMessage): Effect => ({ kind: 'send', to, message });
const tell = (event: MeshEvent): Effect => ({ kind: 'tell', event });
const opened = (peer: PeerId): MeshEvent => ({ kind: 'linkOpened', peer });
const watch: Effect = {
  kind: 'schedule',
  timer: { layer: 'membership', timer: { kind: 'watch', token: 1, dueAt: 0 as never } },
  afterMs: 250,
};

test('the checker of frames complains of one that is taken again, not of one that is refused', () => {
  const tab = tabOf(a);
  const { checker, complaints } = bench(framesCountOnce, [tab]);
  checker.observer?.repeated?.(tab, false);
  expect(complaints).toEqual([]);
  checker.observer?.repeated?.(tab, true);
  expect(complaints).toHaveLength(1);
});

test('the checker of synced links complains of a link that was not told so within a second of its opening', () => {
  const tab = tabOf(a, { links: [b] });
  const { checker, told, pass, complaints } = bench(linksAreSynced, [tab]);
  told(tab, { kind: 'linkOpened', peer: b });
  told(tab, { kind: 'synced', peer: b });
  pass(5_000);
  checker.whenCalm?.();
  expect(complaints).toEqual([]);
  told(tab, { kind: 'linkClosed', peer: b, reason: 'closed' });
  told(tab, { kind: 'linkOpened', peer: b });
  pass(1_000);
  checker.whenCalm?.();
  expect(complaints).toEqual([]);
  pass(1);
  checker.whenCalm?.();
  expect(complaints).toHaveLength(1);
});

describe('the checker of the ends of rounds', () => {
  const top: LinkMessage = { kind: 'top', table: 'state', exact: false, hashes: [] };
  const middle: LinkMessage = { kind: 'middle', table: 'state', exact: false, nodes: [] };
  const leaves: LinkMessage = { kind: 'leaves', table: 'state', exact: false, leaves: [], last: true };
  const wants: LinkMessage = {
    kind: 'wantRecords',
    table: 'state',
    exact: false,
    keyHashes: [],
    last: true,
  };
  const done: LinkMessage = { kind: 'roundDone', table: 'state' };

  test.each<[string, number, readonly (readonly [LinkMessage, LinkMessage?])[]]>([
    [
      'one that ends after records',
      0,
      [
        [middle, leaves],
        [wants, done],
      ],
    ],
    ['one in which nothing differs', 0, [[middle, done]]],
    ['one that it never began', 0, [[done], [wants]]],
    ['one that nobody is told of', 1, [[middle, leaves], [wants]]],
    ['one in which nothing differs, and nobody is told', 1, [[middle]]],
  ])('of %s complains %i times', (what, times, steps) => {
    const tab = tabOf(a);
    const { stepped, complaints } = bench(roundsEnd, [tab]);
    if (!what.includes('never')) stepped(tab, start, [send(b, top)]);
    for (const [input, answer] of steps) stepped(tab, frame(b, input), answer ? [send(b, answer)] : []);
    expect(complaints).toHaveLength(times);
  });
});

describe('the checker of lives', () => {
  const identity = (raised: number): LinkMessage => ({
    kind: 'claims',
    claims: [
      {
        kind: 'identity',
        wireVersion: 1,
        id: b,
        epoch: epoch(1),
        incarnation: incarnation(raised),
        left: false,
        card: new Uint8Array(0),
        proof: null,
      },
    ],
  });
  /** What `a` shows of `b` can be changed between two steps. */
  const bencher = () => {
    const shows = { members: [a, b], suspects: [] as PeerId[], incarnations: new Map([[b, 0]]) };
    const ended = new Map<PeerId, number>();
    const tab = tabOf(a, { ...shows, ended });
    return { ...shows, ended, tab, ...bench(refutationsCount, [tab]) };
  };

  test('complains of a suspect that has refuted it, not of one that is suspected still', () => {
    const { tab, suspects, incarnations, stepped, complaints } = bencher();
    stepped(tab, frame(c, identity(0)));
    suspects.push(b);
    stepped(tab, frame(c, identity(0)));
    expect(complaints).toEqual([]);
    incarnations.set(b, 1);
    stepped(tab, frame(c, identity(1)));
    expect(complaints).toHaveLength(1);
  });

  test('complains of a death in a life that is over, not of one in the last', () => {
    const { tab, incarnations, ended, stepped, told, complaints } = bencher();
    incarnations.set(b, 3);
    stepped(tab, frame(c, identity(3)));
    ended.set(b, 3);
    told(tab, left(b));
    expect(complaints).toEqual([]);
    told(tab, joined(b));
    stepped(tab, frame(c, identity(3)));
    ended.set(b, 2);
    told(tab, left(b));
    expect(complaints).toHaveLength(1);
  });
});

describe('the checker of doubt', () => {
  const accuses: MeshEvent = { kind: 'memberSuspected', id: b, by: a };

  test.each<[string, { silentMs: number; links?: PeerId[]; pauseMs?: number }, number]>([
    ['early, when nobody can have noticed', { silentMs: 2_200 }, 0],
    ['when it should doubt itself', { silentMs: 3_500 }, 1],
    ['when its doubt may be over', { silentMs: 5_100 }, 0],
    ['with one link, which says nothing about itself', { silentMs: 3_500, links: [b] }, 0],
    ['after its timers were late', { silentMs: 3_500, pauseMs: 900 }, 0],
  ])('of who hears nobody and accuses %s', (_when, { silentMs, links, pauseMs }, times) => {
    const tab = tabOf(a, { members: [a, b, c] });
    const { told, stepped, pass, complaints } = bench(theDeafDoubt, [tab]);
    pass(1_000);
    stepped(tab, start, [watch]);
    for (const peer of links ?? [b, c]) told(tab, opened(peer));
    for (let leftMs = silentMs; leftMs > 0; leftMs -= pauseMs ?? 250) {
      pass(Math.min(leftMs, pauseMs ?? 250));
      stepped(tab, start, [watch]);
    }
    told(tab, accuses);
    expect(complaints).toHaveLength(times);
  });

  test('of who accuses soon after the last word over a link that closed with it', () => {
    const tab = tabOf(a, { members: [a, b, c] });
    const { told, stepped, pass, complaints } = bench(theDeafDoubt, [tab]);
    const wait = (ms: number): void => {
      for (let at = 0; at < ms; at += 250) {
        pass(250);
        stepped(tab, start, [watch]);
      }
    };
    pass(1_000);
    stepped(tab, start, [watch]);
    for (const peer of [b, c, d]) told(tab, opened(peer));
    wait(1_500);
    // What a step comes to is told before the step itself.
    const closed: MeshEvent = { kind: 'linkClosed', peer: d, reason: 'leaving' };
    told(tab, closed);
    stepped(tab, frame(d, { kind: 'disconnect', reason: 'leaving' }), [tell(closed)]);
    wait(1_500);
    told(tab, accuses);
    expect(complaints).toEqual([]);
  });
});

describe('the checker of clocks', () => {
  const wrote: Input = {
    kind: 'command',
    command: { kind: 'write', collection: 'notes', key: 'k', value: 1 },
  };

  test.each([
    ['within the bound', { wall: 1_000, offsetMs: 500, clock: 6_400 }, 0],
    ['past it', { wall: 1_000, offsetMs: 500, clock: 6_600 }, 1],
  ])('of one that goes %s of the time of the room', (_where, shows, times) => {
    const tab = tabOf(a, shows);
    const { stepped, complaints } = bench(clocksStayNear, [tab]);
    stepped(tab, wrote);
    stepped(tab, wrote);
    expect(complaints).toHaveLength(times);
  });

  test.each([
    ['corrected', { wall: WALL_START_MS - 9_000, offsetMs: 9_000 }, 0],
    ['left wrong', { wall: WALL_START_MS - 9_000, offsetMs: 0 }, 1],
  ])('of a wrong one among true ones that is %s', (_how, shows, times) => {
    const tabs = [
      tabOf(a, { ...shows, links: [b, c] }),
      ...[b, c].map((id) => tabOf(id, { wall: WALL_START_MS })),
    ];
    const { checker, complaints } = bench(clocksStayNear, tabs);
    checker.whenCalm?.();
    expect(complaints).toHaveLength(times);
  });

  test('of one that is ahead of true time, though none ever was wrong', () => {
    const tab = tabOf(a, { wall: WALL_START_MS, clock: WALL_START_MS + 5_001 });
    const { checker, complaints } = bench(clocksStayNear, [tab]);
    checker.whenCalm?.();
    expect(complaints).toHaveLength(1);
  });
});

describe('the checker of what is shown', () => {
  const record = (life: number, seq: number, value: string): LinkMessage => ({
    kind: 'delta',
    table: 'presence',
    records: [{ owner: b, epoch: epoch(life), field: 'name', seq, value, proof: null }],
  });
  const shows = (value: string): Effect =>
    tell({ kind: 'presenceChanged', owner: b, fields: new Map([['name', value]]) });

  test.each<[string, readonly [life: number, seq: number], number, MeshEvent?]>([
    ['a newer one', [1, 6], 0],
    ['one of a later life', [2, 1], 0],
    ['an older one', [1, 4], 1],
    ['one of a former life', [0, 9], 1],
    ['an older one after its owner was gone', [1, 4], 0, left(b)],
  ])('of %s that is shown after the fifth', (_what, [life, seq], times, between) => {
    const tab = tabOf(a);
    const { stepped, told, complaints } = bench(newestIsShown, [tab]);
    stepped(tab, frame(c, record(1, 5, 'Bob')), [shows('Bob')]);
    if (between) told(tab, between);
    stepped(tab, frame(c, record(life, seq, 'Rob')), [shows('Rob')]);
    expect(complaints).toHaveLength(times);
  });

  test('is content with an old one that is not shown', () => {
    const tab = tabOf(a);
    const { stepped, complaints } = bench(newestIsShown, [tab]);
    stepped(tab, frame(c, record(1, 5, 'Bob')), [shows('Bob')]);
    stepped(tab, frame(c, record(1, 4, 'Rob')));
    expect(complaints).toEqual([]);
  });
});

describe('the checker of giving up', () => {
  const sendTo: Input = {
    kind: 'command',
    command: { kind: 'sendTo', token: 1, to: c, topic: 't', data: 1, receipt: numberToReceipt(1) },
  };
  const undeliverable: MeshEvent = { kind: 'undeliverable', token: 1 };
  const flood = send(b, {
    kind: 'packet',
    origin: a,
    to: c,
    id: 1,
    ttl: 8,
    delivery: 'acked',
    flooded: true,
    serverMay: false,
    route: [],
    trail: [],
    payload: { kind: 'direct', topic: 't', data: 1, receipt: numberToReceipt(1) },
  });
  type Step = (tab: Tab, on: ReturnType<typeof bench>) => void;

  test.each<[string, number, Step]>([
    ['that asked nobody', 1, () => {}],
    ['that asked everybody', 0, (tab, { stepped }) => stepped(tab, start, [flood])],
    [
      'that had nobody to ask for a moment',
      0,
      (tab, { told }) => {
        told(tab, { kind: 'linkClosed', peer: b, reason: 'closed' });
        told(tab, opened(b));
      },
    ],
  ])('of a sender %s', (_who, times, step) => {
    const tab = tabOf(a);
    const on = bench(nobodyGivesUpEarly, [tab]);
    on.told(tab, opened(b));
    on.stepped(tab, sendTo);
    step(tab, on);
    on.told(tab, undeliverable);
    expect(on.complaints).toHaveLength(times);
  });
});
